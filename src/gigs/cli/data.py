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
    strict: bool = typer.Option(False, "--strict", help="Count every warning as an error: exit code 2."),
) -> None:
    """Report counts and what is wrong, each with its rows and its fix.

    Looked at: what the import left out, missing and broken photos, duplicates, splits, held-out products. Rows are
    those of the source file (the header is row 1) where the importer noted them, of the catalogue's tables otherwise.
    Exit code 0: fit to train on. Exit code 2: errors, or with --strict also warnings.

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
    output.print(findings if report.findings else "nothing to complain about")
    if not report.ok:
        raise typer.Exit(2)
