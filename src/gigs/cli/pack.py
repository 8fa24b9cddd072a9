"""`gigs pack`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from gigs.cli.console import errors, output, warn
from gigs.cli.progress_bars import progress_bars
from gigs.errors import InputError
from gigs.progress import OnStep

if TYPE_CHECKING:
    from gigs.packs import Pack

app = typer.Typer(help="Put trained models into a pack, and look into one.", no_args_is_help=True)
PACK = typer.Argument("hm-64", help="Bundled pack, folder of a pack, or Hugging Face Hub id.")


@app.command("show")
def show_command(pack: str = PACK) -> None:
    """Check every file of a pack against its hash and print its card."""
    from gigs.packs import load_pack
    from gigs.recommender.standing import doubt

    loaded = load_pack(pack)
    output.print(f"{loaded.name}: {len(loaded.info['files'])} files match their hashes ({loaded.root})", soft_wrap=True)
    output.print_json(data=loaded.info["card"], ensure_ascii=True)
    warn(doubt(loaded.recommender.about))


@app.command("build")
def build_command(
    name: str = typer.Argument(..., metavar="NAME", help="What to call the pack."),
    out: Path = typer.Option(..., "--out", "-o", help="Folder for the pack."),
    catalogue: Path = typer.Option(..., help="Catalogue for the audiences' conditions and the score statistics."),
    generator: Path = typer.Option(..., help="generator.safetensors from `gigs train generator`."),
    recommender: Path = typer.Option(..., help="recommender.safetensors from `gigs train recommender`."),
    encoder: Path = typer.Option(None, help="encoder.safetensors from hybrid training or `gigs train encoder`."),
    audience: list[str] = typer.Option(
        [],
        help="NAME=LABEL=SPEC, any number of times, beside `everyone`; SPEC as in `gigs suggest --audience`. "
        "At least 50 users each.",
    ),
    example: list[str] = typer.Option([], help="NAME=SEED of an example picture that the generator draws."),
    card: Path = typer.Option(None, help="JSON file with provenance, licence and scores."),
) -> None:
    """Build a pack: generator, encoder, recommender without its users, audience vectors, examples, card.

    Then let `gigs pack calibrate` set its inversion gate.
    """
    from gigs.data.catalogue import Catalogue
    from gigs.io import folders, storage
    from gigs.packs.build.pack import ModelFiles, PackDescription, build_pack
    from gigs.recommender.standing import doubt

    audiences = {"everyone": ("all buyers", "everyone"), **dict(_audience(text) for text in audience)}
    models = ModelFiles(generator=generator, recommender=recommender, encoder=encoder)
    with folders.owned(out), progress_bars(errors) as on_step:
        opened = Catalogue.open(catalogue)
        description = PackDescription(
            name=name, audiences=audiences, examples=dict(_example(text) for text in example),
            card=storage.read_json(card) if card else {},
        )  # fmt: skip
        pack = build_pack(out, description, models, opened, on_step=on_step)
    output.print(f"{out}: pack {pack.name} with {len(pack.audiences)} audiences", soft_wrap=True)
    warn(doubt(pack.recommender.about))


@app.command("update")
def update_command(
    pack: Path = typer.Argument(..., help="Folder of a pack; its files are replaced."),
    generator: Path = typer.Option(..., help="generator.safetensors of the pack's resolution."),
    encoder: Path = typer.Option(..., help="encoder.safetensors for it."),
    example: list[str] = typer.Option([], help="NAME=SEED of an example picture that the generator draws."),
    card: Path = typer.Option(None, help="JSON file whose entries are laid over the card's."),
) -> None:
    """Put a newer generator and encoder into a pack; then calibrate its gate again.

    Recommender and audiences stay, so no buyers are needed for it; judges and gallery go: train and add them anew
    (`gigs train judge`, `gigs pack scorers`).
    """
    from gigs.io import storage
    from gigs.packs import update_pack

    with _writing(pack):
        updated = update_pack(
            pack, generator=generator, encoder=encoder, examples=dict(_example(text) for text in example),
            card=storage.read_json(card) if card else {},
        )  # fmt: skip
    output.print(
        f"{pack}: pack {updated.name} updated. Next: gigs pack calibrate {pack} --catalogue ...", soft_wrap=True
    )


@app.command("calibrate")
def calibrate_command(
    pack: Path = typer.Argument(..., help="Folder of a pack with an encoder; its pack.json is written anew."),
    catalogue: Path = typer.Option(..., help="Catalogue whose held-out products the pack never saw."),
    where: str = typer.Option("", help="Condition on items: what the generator is for, as in its training."),
    photos: int = typer.Option(200, min=20, help="Held-out photos to redraw, about two seconds each."),
    drift_weight: float = typer.Option(0.1, min=0, help="Weight of the feature drift beside LPIPS."),
    seed: int = typer.Option(0, min=0, help="Draws the photos."),
) -> None:
    """Set the limits of a pack's inversion gate: what is a good, a rough and a refused reconstruction.

    One held-out photo in four shall be called rough, one in twenty refused. Example:

      gigs pack calibrate my-shop --catalogue data/hm --where 'group in ["Shoes"]'
    """
    from gigs.data.catalogue import Catalogue
    from gigs.studies.gate_calibration import GateCalibrationSettings, calibrate_gate
    from gigs.vision.compute import suited

    settings = GateCalibrationSettings(photos=photos, where=where, drift_weight=drift_weight, seed=seed)
    with _writing(pack) as on_step:
        about = calibrate_gate(pack, Catalogue.open(catalogue), settings, compute=suited(), on_step=on_step)
    for stage, limits in about["limits"].items():
        output.print(f"{stage}: rough above {limits['rough']:.3f}, refused above {limits['refused']:.3f}")


@app.command("scorers")
def scorers_command(
    pack: Path = typer.Argument(..., help="Folder of a pack with an encoder; its recommender is replaced."),
    catalogue: Path = typer.Option(..., help="Catalogue that the recommenders were trained on."),
    target: list[str] = typer.Option(
        ...,
        help="NAME=FILE of a recommender that may be optimised, from `gigs train recommender`; the first one's score "
        "is reported, further ones make it more cautious.",
    ),
    judge: list[str] = typer.Option(..., help="NAME=FILE from `gigs train judge`; two or more."),
    where: str = typer.Option("", help="Condition on items: what the generator is for, as in its training."),
    items: int = typer.Option(10_000, min=100, help="Real items that the pack remembers, half a kilobyte each."),
) -> None:
    """Give a pack its target, its judges, a gallery of real items and a classifier of product types.

    Its redesigns are then supported by real items, and checked. Afterwards calibrate its gate again (`gigs pack
    calibrate`), and let `gigs verify calibrate` measure how far judges disagree. Example:

      gigs pack scorers my-shop --catalogue data/hm --target main=runs/target/recommender.safetensors
      --judge lite1=runs/judge-lite1/recommender.safetensors --judge alexnet=runs/judge-alexnet/recommender.safetensors
    """
    from gigs.data.catalogue import Catalogue
    from gigs.packs.build.scorers import ScorerFiles, ScorerSettings, add_scorers
    from gigs.vision.compute import suited

    files = ScorerFiles(targets=dict(map(_scorer, target)), judges=dict(map(_scorer, judge)))
    with _writing(pack) as on_step:
        settings = ScorerSettings(where=where, items=items)
        made = add_scorers(pack, Catalogue.open(catalogue), files, settings, compute=suited(), on_step=on_step)
    _print_scorers(made)
    output.print(f"category classifier: {made.info['verify']['category']}", soft_wrap=True)


@app.command("judges")
def judges_command(
    pack: Path = typer.Argument(..., help="Folder of a pack with scorers; judges are added to it."),
    catalogue: Path = typer.Option(..., help="Catalogue that its scorers were trained on."),
    judge: list[str] = typer.Option(..., help="NAME=FILE from `gigs train judge`; any number."),
) -> None:
    """Give a pack further judges; all else of it stays as it is.

    A judge of the target's own buyers looks through another backbone. Afterwards let `gigs verify calibrate` measure
    how far judges disagree, and `gigs verify share --write` what their gains are worth. Example:

      gigs train judge data/hm --backbone alexnet --fold 0 --seed 3 --reconstructions my-shop --out runs/alexnet-0

      gigs pack judges my-shop --catalogue data/hm --judge alexnet-0=runs/alexnet-0/recommender.safetensors
    """
    from gigs.data.catalogue import Catalogue
    from gigs.packs.build.judges import add_judges

    with _writing(pack) as on_step:
        made = add_judges(pack, Catalogue.open(catalogue), dict(map(_scorer, judge)), on_step=on_step)
    _print_scorers(made)


def _print_scorers(pack: Pack) -> None:
    from gigs.recommender.standing import doubt_of

    table = Table("scorer", "role", "test AUC", "users")
    for name, about in pack.scorers.items():
        auc = about["auc"]
        table.add_row(
            name, about["role"], f"{auc['value']:.3f} [{auc['low']:.3f}, {auc['high']:.3f}]", f"{about['users']:,}"
        )
    output.print(table)
    for name, about in pack.scorers.items():
        doubt = doubt_of(about["auc"])
        warn(doubt and f"{name}: {doubt}")


@app.command("probes")
def probes_command(
    pack: Path = typer.Argument(..., help="Folder of a pack with scorers; its probes are replaced."),
    catalogue: Path = typer.Option(..., help="Catalogue whose columns and photos the probes learn from."),
    column: list[str] = typer.Option(
        ["colour", "appearance", "type"], help="Column of the catalogue that redesigns are described by; any number."
    ),
    where: str = typer.Option("", help="Condition on items: what the generator is for, as in its training."),
) -> None:
    """Let a pack say in the shop's own words what a redesign changes: its colour group, its pattern, its type.

    An attribute is only named where naming it was right four times in five on photos kept back. Example:

      gigs pack probes my-shop --catalogue data/hm --where 'group in ["Shoes"]'
    """
    from gigs.data.catalogue import Catalogue
    from gigs.packs.build.probes import add_probes

    with _writing(pack) as on_step:
        probes = add_probes(pack, Catalogue.open(catalogue), columns=column, where=where, on_step=on_step)
    table = Table("column", "values", "held-out photos", "accuracy", "says something", "right then")
    for name, probe in probes.probes.items():
        about = probe.about
        shares = [about.get(key) for key in ("accuracy", "said", "precision")]
        words = ["-" if share is None else f"{share:.3f}" for share in shares]
        table.add_row(name, str(len(probe.names)), str(about["held_out_photos"]), *words)
    output.print(table)


@app.command("segments")
def segments_command(
    pack: Path = typer.Argument(..., help="Folder of a pack with scorers; its segments are replaced."),
    catalogue: Path = typer.Option(..., help="The catalogue that its scorers come from."),
    most: int = typer.Option(8, min=2, help="Segments at most; their number is chosen by silhouette."),
    axes: int = typer.Option(8, min=1, help="Principal directions of the taste vectors that count."),
    min_audience: int = typer.Option(50, min=1, help="Least number of buyers in a segment."),
    seed: int = typer.Option(0, min=0, help="Of the search."),
) -> None:
    """Find groups of buyers with tastes alike, and put them among the pack's audiences, described in words."""
    from gigs.audience.segments import SegmentSettings
    from gigs.data.catalogue import Catalogue
    from gigs.packs.audiences.segments import add_segments, is_segment, load_segments

    settings = SegmentSettings(most=most, axes=axes, minimum=min_audience, seed=seed)
    with _writing(pack) as on_step:
        made = add_segments(pack, Catalogue.open(catalogue), settings=settings, on_step=on_step)
    table = Table("name", "who", "buyers", title=f"segments of {made.name}")
    for name, about in made.audiences.items():
        if is_segment(about):
            table.add_row(name, about["label"], f"{about['buyers']:,}")
    output.print(table)
    tried = load_segments(made).silhouette.items()
    scores = ", ".join(f"{count}: {'too small' if value is None else f'{value:.3f}'}" for count, value in tried)
    output.print(f"silhouette by number of segments: {scores}", soft_wrap=True, markup=False, highlight=False)


@contextmanager
def _writing(pack: Path) -> Iterator[OnStep]:
    """Progress bars; in between no other command may change the pack, or one's work would undo the other's."""
    from gigs.io import folders

    with folders.owned(pack) if pack.is_dir() else nullcontext(), progress_bars(errors) as on_step:
        yield on_step


def _scorer(text: str) -> tuple[str, Path]:
    name, _, path = text.partition("=")
    if not name.replace("-", "").isalnum() or not path:
        raise InputError(f"{text!r}: write NAME=FILE, such as lite1=runs/judge-lite1/recommender.safetensors")
    return name, Path(path)


def _audience(text: str) -> tuple[str, tuple[str, str]]:
    parts = text.split("=", 2)
    if len(parts) != 3 or not all(parts):
        raise InputError(f"--audience {text!r}: write NAME=LABEL=SPEC")
    return parts[0], (parts[1], parts[2])


def _example(text: str) -> tuple[str, int]:
    name, _, seed = text.partition("=")
    if not name.replace("-", "").isalnum() or not seed.isdigit():
        raise InputError(f"--example {text!r}: write NAME=SEED, such as dress=12")
    return name, int(seed)
