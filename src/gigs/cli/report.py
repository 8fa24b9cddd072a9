"""`gigs report`."""

from __future__ import annotations

from pathlib import Path

import typer

from gigs.cli.console import output
from gigs.errors import InputError


def report_command(
    folder: Path = typer.Argument(..., metavar="DIR", help="Folder that `gigs suggest` wrote, of one product or more."),
    archive: Path = typer.Argument(None, metavar="[FILE.zip]", help="With --test-pack: where to; by default in DIR."),
    test_pack: bool = typer.Option(
        False, "--test-pack", help="Also pack pictures, captions and a table for a customer panel or a shop's own test."
    ),
    language: str = typer.Option(
        None, "--language", help="Language of the pages, such as de or es. By default each page keeps its own."
    ),
) -> None:
    """Write the report of a result anew, and an overview where the folder holds several products.

    Examples:

      gigs report out

      gigs report out --test-pack

      gigs report out --language de

      gigs report out --test-pack for-the-panel.zip
    """
    from gigs.result.saved import rebuild, write_test_pack

    if archive is not None and not test_pack:
        raise InputError(f"{archive}: a second name goes with --test-pack, as the zip to write")
    if archive is not None and archive.suffix.lower() != ".zip":
        raise InputError(f"{archive}: a test pack is a zip; give a name that ends in .zip")
    for page in rebuild(folder, language):
        output.print(str(page), markup=False, highlight=False, soft_wrap=True)
    if test_pack:
        written = write_test_pack(folder, archive or folder / "test-pack.zip", language)
        output.print(str(written), markup=False, highlight=False, soft_wrap=True)
