"""`gigs verify`: check whether gains are real, by a study on held-out photos with controls."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import typer
from rich.table import Table

from gigs.cli.console import errors, output
from gigs.cli.progress_bars import progress_bars
from gigs.cli.verify_share import share_command
from gigs.packs.names import DEFAULT

app = typer.Typer(help="Check whether gains are real: judges, controls and intervals on held-out photos.")
CATALOGUE = typer.Option(None, help="Catalogue with held-out products that the pack never saw.")
PACK = typer.Option(DEFAULT, help="Bundled pack, folder of a pack, or Hugging Face Hub id; with scorers.")
AUDIENCES = typer.Option(["women", "men", "age-18-29"], "--audience", help="An audience of the pack. May be repeated.")
PHOTOS = typer.Option(100, min=1, help="Held-out photos.")
SKIP = typer.Option(400, min=0, help="Number of drawn photos to skip. Calibration used the first ones.")
WHERE = typer.Option("", help="Condition on items that the generator is for.")
PRESET = typer.Option("fast", help="Preset of the redesigns, as in `gigs suggest`.")
SEED = typer.Option(0, min=0, help="Random seed: draws the photos.")
OUT = typer.Option(Path("verify"), "--out", "-o", help="Folder for records and table. An interrupted study continues.")
ORDER = ("suggestions", "reconstruction", "random shifts", "pixel attack", "nearest real item")


@app.callback(invoke_without_command=True)
def verify_command(
    context: typer.Context,
    catalogue: Path = CATALOGUE,
    pack: str = PACK,
    audiences: list[str] = AUDIENCES,
    photos: int = PHOTOS,
    skip: int = SKIP,
    where: str = WHERE,
    preset: str = PRESET,
    seed: int = SEED,
    out: Path = OUT,
) -> None:
    """Redesign held-out photos for several audiences, and print what judges and controls find.

    A gain is a redesign's score minus the photo's, in standard deviations of real items' scores. Retained is a judge's
    gain divided by the target's. Its ceiling is the slope of the judge's score on the target's among real items.
    Example:

      gigs verify --catalogue data/hm --photos 100 --out runs/verify
    """
    if context.invoked_subcommand is None:
        found = _study(catalogue, pack, audiences, photos, skip, where, preset, seed, out, attack_every=4)
        _print(found, ORDER)
        _print_rest(found)


@app.command("controls")
def controls_command(
    catalogue: Path = CATALOGUE,
    pack: str = PACK,
    audiences: list[str] = AUDIENCES,
    photos: int = typer.Option(24, min=1, help="Held-out photos."),
    skip: int = SKIP,
    where: str = WHERE,
    preset: str = PRESET,
    seed: int = SEED,
    out: Path = typer.Option(Path("controls"), "--out", "-o", help="Folder for records and table."),
) -> None:
    """Measure what judges say of controls: pictures that must not be believed.

    These are a pixel attack, the reconstruction, random shifts and real items.

    The attack reaches the same gain under the target as the redesigns, by pixel changes that can hardly be seen. A
    judge that grants it more than a tenth of that gain is not independent of the target, and the report says so.
    """
    found = _study(catalogue, pack, audiences, photos, skip, where, preset, seed, out, attack_every=1)
    _print(found, ORDER)
    attack = found.get("table", {}).get("pixel attack")
    worst = max((abs(share or 0) for share in attack["retained"].values()), default=0) if attack else 0
    if worst > 0.1:
        errors.print(
            f"The judges grant up to {worst:.2f} of its gain to an attack on the target's pixels: they are not "
            "independent of it, and retained gains are worth that much less.", style="yellow", soft_wrap=True,
        )  # fmt: skip


@app.command("calibrate")
def calibrate_command(
    pack: Path = typer.Argument(..., help="Folder of a pack with scorers. Its pack.json is updated."),
    catalogue: Path = typer.Option(..., help="Catalogue with held-out products."),
    audiences: list[str] = AUDIENCES,
    photos: int = typer.Option(60, min=10, help="Held-out photos."),
    skip: int = typer.Option(200, min=0, help="Number of drawn photos to skip."),
    where: str = WHERE,
    preset: str = PRESET,
    seed: int = SEED,
    out: Path = typer.Option(Path("verify-calibration"), "--out", "-o", help="Folder for the records."),
) -> None:
    """Measure how far judges disagree beyond the spread of their users. `gigs suggest` widens its intervals by this."""
    from gigs.io import folders
    from gigs.packs import load_pack
    from gigs.packs.panel import eyes_of
    from gigs.studies.judge_calibration import write_disagreement
    from gigs.verify.summary import disagreement_of

    # pack.json is read at the beginning and written at the end; a name that is no folder is refused when it is read
    with folders.owned(pack) if pack.is_dir() else nullcontext():
        records = _records(catalogue, str(pack), audiences, photos, skip, where, preset, seed, out, attack_every=10**6)
        value = round(disagreement_of(records, eyes_of(load_pack(pack))), 4)
        write_disagreement(pack, value, photos=photos, skip=skip)
    output.print(f"{pack}: judges disagree by {value:.3f} standard deviations ({photos} photos)")


app.command("share")(share_command)


def _records(
    catalogue: Path | None, pack: str, audiences: list[str], photos: int, skip: int, where: str, preset: str, seed: int,
    out: Path, attack_every: int,
) -> list[dict[str, Any]]:  # fmt: skip
    from gigs.data.catalogue import Catalogue
    from gigs.errors import InputError
    from gigs.method.presets import get_preset
    from gigs.session import Session
    from gigs.studies.verification import StudySettings, study

    if catalogue is None:
        raise InputError("--catalogue DIR is needed: held-out photos to redesign (gigs data import --help)")
    session = Session(pack)
    settings = StudySettings(
        audiences=tuple(audiences), photos=photos, skip=skip, where=where, seed=seed, attack_every=attack_every
    )
    with progress_bars(errors) as on_step:
        return study(
            session, Catalogue.open(catalogue), get_preset(preset), settings, out / "records.jsonl",
            on_step=on_step,
        )  # fmt: skip


def _study(
    catalogue: Path | None, pack: str, audiences: list[str], photos: int, skip: int, where: str, preset: str, seed: int,
    out: Path, attack_every: int,
) -> dict[str, Any]:  # fmt: skip
    from gigs.io import storage
    from gigs.packs import load_pack
    from gigs.packs.panel import eyes_of
    from gigs.verify.summary import summarise

    records = _records(catalogue, pack, audiences, photos, skip, where, preset, seed, out, attack_every)
    opened = load_pack(pack)
    found = {"pack": pack, "preset": preset} | summarise(
        records, disagreement=float(opened.info["verify"].get("disagreement", 0.0)), eyes=eyes_of(opened), seed=seed
    )
    storage.write_json(out / "table.json", found)
    return found


def _print(found: dict[str, Any], order: tuple[str, ...]) -> None:
    if "table" not in found:
        output.print("every photo was refused by the gate: nothing to judge")
        return
    scorers = list(found["table"]["suggestions"]["gain"])
    title = f"gain against the photo, in z: {found['photos']} photos x {len(found['audiences'])} audiences"
    table = Table("", *scorers, *(f"retained: {name}" for name in found["ceiling"]), "n", title=title)
    for name in order:
        line = found["table"].get(name)
        if line is None:
            continue
        gains = [f"{g['mean']:+.2f} [{g['low']:+.2f}, {g['high']:+.2f}]" for g in line["gain"].values()]
        shares = ["-" if share is None else f"{share:.2f}" for share in line["retained"].values()]
        table.add_row(name, *gains, *shares, str(line["records"]))
    ceilings = [f"{value:.2f}" for value in found["ceiling"].values()]
    table.add_row("ceiling (real items)", *("" for _ in scorers), *ceilings, "")
    output.print(table)


def _print_rest(found: dict[str, Any]) -> None:
    if "table" not in found:
        return
    shares = ", ".join(f"{name} {_number(value)}" for name, value in found["retained_of_ceiling"].items())
    covered = ", ".join(f"{name} {value:.0%}" for name, value in found["coverage"].items())
    for line in (
        f"retained, of its ceiling: {shares} (aim .80)",
        f"category kept: {found['category_kept']:.1%} of {found['pictures']} pictures (aim 95%)",
        f"gain above 0 under every judge: {found['positive_under_every_judge']:.1%} (aim 80%); under the target too: "
        f"{found['positive_under_target_and_judges']:.1%}",
        f"the interval made without a judge covers it: {covered} (aim 90 to 98%)",
        f"verdicts: {found['verdicts']}",
        f"refused by the gate: {found['refused_by_the_gate']} of {found['photos']} photos",
        f"pairwise LPIPS {found['pairwise_lpips']:.3f}, to the reconstruction {found['lpips_to_reconstruction']:.3f}",
    ):
        output.print(line, markup=False, highlight=False, soft_wrap=True)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
