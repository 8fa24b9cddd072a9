"""`gigs report`."""

from __future__ import annotations

from pathlib import Path

import typer

from gigs.cli.console import output
from gigs.errors import InputError


def report_command(
    folder: Path = typer.Argument(..., metavar="DIR", help="Folder from `gigs suggest`, with one product or more."),
    archive: Path = typer.Argument(
        None, metavar="[FILE.zip]", help="With --test-pack: the zip file to write. By default, it is written in DIR."
    ),
    test_pack: bool = typer.Option(
        False,
        "--test-pack",
        help="Also write a zip with pictures, captions and a table, for a customer panel or a test in your shop.",
    ),
    language: str = typer.Option(
        None, "--language", help="Language of the pages, such as de or es. By default each page keeps its own."
    ),
) -> None:
    """Write the report of a result again, with an overview if the folder holds several products.

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
