"""`gigs verify share`: how many real buyers a judges' gain is worth."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from gigs.cli.console import errors, output
from gigs.cli.progress_bars import progress_bars
from gigs.packs.names import DEFAULT

if TYPE_CHECKING:
    from gigs.metrics.figure import Figure
    from gigs.studies.share import Checked, ShareStudy

PACK = typer.Argument(DEFAULT, help="Bundled pack, or folder of a pack; with scorers.")
CATALOGUE = typer.Option(..., help="Catalogue with the purchases that the pack's judges learned from.")
OUT = typer.Option(Path("share"), "--out", "-o", help="Folder for the table (share.json) and the diagram.")
WRITE = typer.Option(False, "--write", help="Write the result into the pack, which must be a folder of your own.")
ALTERNATIVES = typer.Option(5, min=1, help="Number of products that each purchase is compared with.")
DAYS = typer.Option(
    None, min=0, help="Shortest time that a product counts as on sale. By default, the purchases show it."
)
KIND = typer.Option(
    ["type", "section"],
    help="Column in which the compared products must agree. May be repeated: `product_code` compares colours of one "
    "product.",
)
SEED = typer.Option(0, min=0, help="Random seed: draws the alternatives.")


def share_command(
    pack: str = PACK,
    catalogue: Path = CATALOGUE,
    out: Path = OUT,
    write: bool = WRITE,
    alternatives: int = ALTERNATIVES,
    days: int = DAYS,
    kind: list[str] = KIND,
    seed: int = SEED,
) -> None:
    """Learn from real purchases how many of 100 buyers a gain is worth, and check it on purchases kept back.

    Every purchase is compared with products of the same type and section that were on sale at the time but not bought.
    Judges are asked only about buyers that they did not learn from. Each buyer's last purchase is kept for the check.
    Examples:

      gigs verify share hm-128 --catalogue data/hm

      gigs verify share my-pack --catalogue data/my-shop --write   # then `gigs suggest` says "54 of 100"
    """
    from gigs.data.catalogue import Catalogue
    from gigs.data.choices import ChoiceSettings
    from gigs.errors import InputError
    from gigs.io import folders, storage
    from gigs.io.extras import require
    from gigs.packs import load_pack
    from gigs.studies.share import ShareSettings, study_share, write_map
    from gigs.studies.share_figure import draw_reliability

    require("matplotlib", "plots", "the reliability diagram")
    if write and not Path(pack).is_dir():
        raise InputError(f"--write: {pack} is not a folder of your own; copy the pack into one first")
    choices = ChoiceSettings(alternatives=alternatives, days=days, kind=tuple(kind), seed=seed)
    with folders.owned(Path(pack)) if write else nullcontext(), progress_bars(errors) as on_step:
        opened = load_pack(pack)
        found = study_share(
            opened, Catalogue.open(catalogue), ShareSettings(choices=choices, seed=seed), on_step=on_step
        )
        out.mkdir(parents=True, exist_ok=True)
        storage.write_json(out / "share.json", found.record())
        draw_reliability(found, out / "reliability.svg")
        if write:
            write_map(opened, found.map_)
    _print(found)
    output.print(f"{out / 'reliability.svg'}: what was promised beside what buyers took", soft_wrap=True)


def _print(found: ShareStudy) -> None:
    map_, about = found.map_, found.map_.about
    _say(
        f"one standard deviation more is {map_.worth:.1f} of 100 buyers "
        f"({about['purchases']:,} purchases of {about['buyers']:,} buyers, judges {', '.join(about['judges'])})"
    )
    against = ("log loss less that of 50:50", "Brier less that of 50:50")
    table = Table("", "pairs right", *against, "calibration error", "by chance alone", "buyers", "pairs")
    table.add_row("all buyers' taste", *_cells(found.everybody))
    if found.single is not None:
        table.add_row("single shoppers' own", *_cells(found.single))
    output.print(table)
    judges = Table("judge alone", "pairs right")
    for name, right in found.by_judge.items():
        judges.add_row(name, _percent(right))
    output.print(judges)
    if found.audiences:
        _print_audiences(found)


def _print_audiences(found: ShareStudy) -> None:
    table = Table("audience", "own taste", "all buyers'", "others'", "own less all", "own taste counts", "buyers")
    for name, one in found.audiences.items():
        table.add_row(
            name, _percent(one.own), _percent(one.everybody), "-" if one.others is None else _percent(one.others),
            _percent(one.own_less_everybody, sign="+"), f"{one.shrunk.value:.2f} ({one.weight.value:+.2f})",
            f"{one.members:,}",
        )  # fmt: skip
    output.print(table)
    _say("percent of pairs right on members' last purchases, 95% intervals over buyers; in brackets before shrinkage")


def _cells(one: Checked) -> list[str]:
    return [
        _percent(one.right), _number(one.log_loss), _number(one.brier), f"{one.calibration_error:.3f}",
        f"{one.by_chance:.3f}", f"{one.buyers:,}", f"{one.pairs:,}",
    ]  # fmt: skip


def _percent(one: Figure, sign: str = "") -> str:
    if one.low is None or one.high is None:
        return f"{100 * one.mean:{sign}.1f}"
    return f"{100 * one.mean:{sign}.1f} [{100 * one.low:{sign}.1f}, {100 * one.high:{sign}.1f}]"


def _number(one: Figure) -> str:
    return f"{one.mean:+.4f} [{one.low:+.4f}, {one.high:+.4f}]" if one.low is not None else f"{one.mean:+.4f}"


def _say(text: str) -> None:
    output.print(text, markup=False, highlight=False, soft_wrap=True)
