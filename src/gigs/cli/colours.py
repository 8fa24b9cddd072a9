"""`gigs colours`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from gigs.cli.console import errors, output, saying, warn
from gigs.cli.progress_bars import progress_bars
from gigs.cli.suggest import (
    AUDIENCE,
    DEVICE,
    KEEP_REGION,
    LANGUAGE,
    MASK,
    MIN_AUDIENCE,
    PACK,
    RECALIBRATION,
    SEED,
    VERIFY,
)

if TYPE_CHECKING:
    from gigs.result.colourways import Colourway, Colourways

PHOTO = typer.Argument(..., metavar="PHOTO", help="JPEG, PNG, WebP or AVIF photo of one product.")
N = typer.Option(8, "--n", min=0, help="Largest number of new colours. 0 shows only the colours that you name.")
COLOURS = typer.Option(
    None,
    "--colours",
    help="Colours to show in any case: names or hex values, separated by commas, such as 'navy, #7a1f2b'.",
)
OUT = typer.Option(Path("out"), "--out", "-o", help="Folder for the pictures, the report and colours.json.")


def colours_command(
    photo: Path = PHOTO,
    audience: str = AUDIENCE,
    n: int = N,
    colours: str = COLOURS,
    mask: Path = MASK,
    keep_region: Path = KEEP_REGION,
    pack: str = PACK,
    seed: int = SEED,
    min_audience: int = MIN_AUDIENCE,
    verify: bool = VERIFY,
    recalibration: Path = RECALIBRATION,
    device: str = DEVICE,
    out: Path = OUT,
    language: str = LANGUAGE,
) -> None:
    """Recolour your photo: in colours that an audience likes better, and in colours that you name.

    Examples:

      gigs colours shirt.jpg --audience women --out out

      gigs colours shirt.jpg --audience women --n 4 --colours 'navy, #7a1f2b' --out out
    """
    with saying("loading PyTorch, which takes a few seconds"):
        from gigs.io import folders
        from gigs.languages import language as language_of
        from gigs.result.colourways import PAGE
        from gigs.session import Session

    language_of(language)  # an unknown one is refused before anything is computed
    with folders.owned(out), progress_bars(errors) as on_step:
        _check(out, [path for path in (photo, mask, keep_region, recalibration) if path is not None])
        session = Session(pack, device=device, recalibration=recalibration)
        buyers = session.audience(audience, minimum=min_audience, on_step=on_step)
        found = session.colours(
            photo, buyers, n=n, colours=colours, mask=mask, keep_region=keep_region, seed=seed, verify=verify,
            on_step=on_step,
        )  # fmt: skip
        found.save(out, language=language)
    _print(out / PAGE, found)


def _check(out: Path, inputs: list[Path]) -> None:
    """Refuse an output folder in which gigs would overwrite an input file or a file that it did not write."""
    from gigs.io import written
    from gigs.method.colours import MOST
    from gigs.result.colourways import is_file_name, names_of_files

    names = names_of_files(MOST)
    written.spare(out, inputs, names, is_file_name)
    written.claim(out, names)


def _print(page: Path, found: Colourways) -> None:
    new = sum(not one.asked for one in found)
    _say(
        f"{page}: {new} new colours for {found.audience.label} ({found.audience.users} users) and {len(found) - new} "
        f"named; {found.better} of {found.tried} tried are liked better than today's, {found.seconds['total']:.1f} s"
    )
    for number, one in enumerate(found, start=1):
        _say(f"  {number}. {_line(one)}")
    for doubt in (found.cutout.words, found.doubt):
        warn(doubt and f"gigs: {doubt}")


def _line(one: Colourway) -> str:
    from gigs.report.colours_page import lab

    judged = "not checked by independent judges"
    if one.check is not None:
        check = one.check
        judged = f"{check.verdict}, {check.gain:+.2f} [{check.low:+.2f}, {check.high:+.2f}]"
        if one.share is not None:
            judged = f"{check.verdict}, {one.share} buyers"
    name = one.name if one.near is None else f"{one.name} (close to {one.near})"
    shown = "" if one.exact else f"; shown as {lab(one.shown)}"
    return f"{name}{', named' if one.asked else ''}: {one.hex}, {lab(one.lab)}{shown}; {judged}"


def _say(text: str) -> None:
    output.print(text, markup=False, highlight=False, soft_wrap=True)
