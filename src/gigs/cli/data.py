"""`gigs data`: import and check catalogues."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.markup import escape
from rich.table import Table

from gigs.cli import data_import
from gigs.cli.console import errors, output
from gigs.cli.progress_bars import progress_bars

app = typer.Typer(help="Import a catalogue, and check one.", no_args_is_help=True)
app.add_typer(data_import.app, name="import")


@app.command("check")
def check_command(
    catalogue: Path = typer.Argument(..., metavar="DIR", help="Folder of the catalogue."),
    strict: bool = typer.Option(False, "--strict", help="Treat every warning as an error (exit code 2)."),
) -> None:
    """Check a catalogue: print its counts, and every problem with its rows and its fix.

    The check covers rows that the import left out, missing and broken photos, duplicates, splits and held-out products.
    Row numbers refer to the source file (its header is row 1) if the importer noted them, otherwise to the catalogue's
    tables. Exit code 0 means that you can train on the catalogue. Exit code 2 means that there are errors or, with
    --strict, warnings.

    Example: gigs data check data/my-shop --strict
    """
    from gigs.data.catalogue import Catalogue
    from gigs.data.check.catalogue import check_catalogue

    with progress_bars(errors) as on_step:
        report = check_catalogue(Catalogue.open(catalogue), on_step)
    report = report.strict() if strict else report
    counts = Table("what", "count", title=escape(str(catalogue)))
    for name, count in report.counts.items():
        counts.add_row(name, f"{count:,}")
    output.print(counts)
    findings = Table("severity", "finding", "count", "examples", "fix")
    for row in report.rows():
        findings.add_row(*map(escape, row))
    output.print(findings if report.findings else "no problems found")
    if not report.ok:
        raise typer.Exit(2)
