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
from gigs.packs.names import DEFAULT
from gigs.progress import OnStep

if TYPE_CHECKING:
    from gigs.packs import Pack

app = typer.Typer(help="Build, show and extend packs of trained models.", no_args_is_help=True)
PACK = typer.Argument(DEFAULT, help="Bundled pack, folder of a pack, or Hugging Face Hub id.")


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
    name: str = typer.Argument(..., metavar="NAME", help="Name of the pack."),
    out: Path = typer.Option(..., "--out", "-o", help="Folder for the pack."),
    catalogue: Path = typer.Option(
        ..., help="Catalogue for the audiences' conditions and the statistics of the scores."
    ),
    generator: Path = typer.Option(..., help="generator.safetensors from `gigs train generator`."),
    recommender: Path = typer.Option(..., help="recommender.safetensors from `gigs train recommender`."),
    encoder: Path = typer.Option(None, help="encoder.safetensors from hybrid training or `gigs train encoder`."),
    audience: list[str] = typer.Option(
        [],
        help="NAME=LABEL=SPEC of an audience beside `everyone`, with SPEC as in `gigs suggest --audience`. May be "
        "repeated. Each needs at least 50 users.",
    ),
    example: list[str] = typer.Option(
        [], help="NAME=SEED of an example picture, which the generator draws. May be repeated."
    ),
    card: Path = typer.Option(None, help="JSON file with provenance, licence and scores."),
) -> None:
    """Build a pack from a generator, an encoder and a recommender.

    It holds the vectors of audiences, but none of single users.

    Afterwards, set its gate with `gigs pack calibrate`.
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
    generator: Path = typer.Option(..., help="generator.safetensors with the pack's resolution."),
    encoder: Path = typer.Option(None, help="encoder.safetensors for this generator. A cascade needs none."),
    example: list[str] = typer.Option(
        [], help="NAME=SEED of an example picture, which the generator draws. May be repeated."
    ),
    card: Path = typer.Option(None, help="JSON file whose entries are added to the card or replace those in it."),
) -> None:
    """Put a newer generator and encoder into a pack. Calibrate its gate again afterwards.

    The recommender and the audiences stay, so no buyers are needed. The judges and the gallery are removed: train new
    ones and add them (`gigs train judge`, `gigs pack scorers`).
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
    pack: Path = typer.Argument(..., help="Folder of a pack with an encoder. Its pack.json is updated."),
    catalogue: Path = typer.Option(..., help="Catalogue with held-out products that the pack never saw."),
    where: str = typer.Option("", help="Condition on items that the generator is for, as in its training."),
    photos: int = typer.Option(
        200, min=20, help="Number of held-out photos to reconstruct. Each takes about two seconds."
    ),
    drift_weight: float = typer.Option(0.1, min=0, help="Weight of the feature drift, relative to LPIPS."),
    seed: int = typer.Option(0, min=0, help="Random seed: draws the photos."),
) -> None:
    """Set the limits of a pack's gate: which reconstructions are good, rough or refused.

    The limits are set so that one held-out photo in four is called rough and one in twenty is refused. Example:

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
    pack: Path = typer.Argument(..., help="Folder of a pack with an encoder. Its recommender is replaced."),
    catalogue: Path = typer.Option(..., help="Catalogue that the recommenders were trained on."),
    target: list[str] = typer.Option(
        ...,
        help="NAME=FILE of a target from `gigs train recommender`. May be repeated: the score of the first is "
        "reported, and the others make redesigns more cautious.",
    ),
    judge: list[str] = typer.Option(..., help="NAME=FILE of a judge from `gigs train judge`. Give two or more."),
    where: str = typer.Option("", help="Condition on items that the generator is for, as in its training."),
    items: int = typer.Option(10_000, min=100, help="Number of real items in the gallery. Each takes half a kilobyte."),
) -> None:
    """Give a pack its target, its judges, a gallery of real items and a classifier of product types.

    Its redesigns are then supported by real items and checked by judges. Afterwards, calibrate its gate again (`gigs
    pack calibrate`), and measure how far the judges disagree (`gigs verify calibrate`). Example:

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
    pack: Path = typer.Argument(..., help="Folder of a pack with scorers. The judges are added to it."),
    catalogue: Path = typer.Option(..., help="Catalogue that its scorers were trained on."),
    judge: list[str] = typer.Option(..., help="NAME=FILE of a judge from `gigs train judge`. May be repeated."),
) -> None:
    """Add judges to a pack. Everything else in it stays.

    A judge that learned from the target's buyers must use another backbone. Afterwards, measure how far the judges
    disagree (`gigs verify calibrate`) and what their gains are worth (`gigs verify share --write`). Example:

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
    pack: Path = typer.Argument(..., help="Folder of a pack with scorers. Its probes are replaced."),
    catalogue: Path = typer.Option(..., help="Catalogue whose columns and photos the probes learn from."),
    column: list[str] = typer.Option(
        ["colour", "appearance", "type"], help="Column of the catalogue to describe redesigns by. May be repeated."
    ),
    where: str = typer.Option("", help="Condition on items that the generator is for, as in its training."),
) -> None:
    """Train probes, which name what a redesign changes in the shop's own words: colour group, pattern, type.

    A probe names an attribute only where at least four in five such answers were right on photos kept back. Example:

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
    pack: Path = typer.Argument(..., help="Folder of a pack with scorers. Its segments are replaced."),
    catalogue: Path = typer.Option(..., help="Catalogue that its scorers were trained on."),
    most: int = typer.Option(8, min=2, help="Largest number of segments. Their number is chosen by silhouette."),
    axes: int = typer.Option(8, min=1, help="Number of principal components of the taste vectors to use."),
    min_audience: int = typer.Option(50, min=1, help="Smallest number of buyers in a segment."),
    seed: int = typer.Option(0, min=0, help="Random seed of the search."),
) -> None:
    """Find groups of buyers with similar tastes, and add them to the pack's audiences with a description."""
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
    """Show progress bars, and lock the pack so that no other command changes it meanwhile."""
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
