"""`gigs data`: import and check catalogues."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.markup import escape
from rich.table import Table

from gigs.bars import progress_bars
from gigs.cli.console import errors, output

app = typer.Typer(help="Import a catalogue, and check one.", no_args_is_help=True)
importers = typer.Typer(help="Import a catalogue from a known layout.", no_args_is_help=True)
app.add_typer(importers, name="import")


@importers.command("hm")
def import_hm_command(
    source: Path = typer.Argument(
        ...,
        metavar="SRC",
        help="Folder with articles.csv, customers.csv, transactions_train.csv and images/, as Kaggle hands it out.",
    ),
    out: Path = typer.Option(..., "--out", "-o", help="Folder for the catalogue."),
    size: int = typer.Option(128, min=32, max=1024, help="Side in pixels of the packed square pictures."),
    hold_out: int = typer.Option(1000, min=0, help="Products kept from every generator, encoder and classifier."),
    seed: int = typer.Option(0, min=0, help="Draws the held-out products."),
) -> None:
    """Import the public H&M data (a sample or the full download) into a catalogue.

    Writes parquet tables, one packed array of pictures, the leave-last-out split and the held-out products.
    """
    from gigs.data.hm import import_hm

    with progress_bars(errors) as on_step:
        catalogue = import_hm(source, out, image_size=size, hold_out=hold_out, seed=seed, on_step=on_step)
    info = catalogue.info
    output.print(
        f"{out}: {info['items']:,} items, {info['users']:,} users, {info['interactions']:,} interactions; "
        f"{len(catalogue.users_with_tests()):,} users with a test item; {len(catalogue.held_out_items()):,} items of "
        f"{info['held_out_products']:,} products held out. Next: gigs data check {out}",
        markup=False, highlight=False, soft_wrap=True,
    )  # fmt: skip


@app.command("check")
def check_command(catalogue: Path = typer.Argument(..., metavar="DIR", help="Folder of the catalogue.")) -> None:
    """Report counts and what is wrong: missing pictures, users without interactions, duplicates, split faults."""
    from gigs.data.catalogue import Catalogue
    from gigs.data.check import check_catalogue

    with progress_bars(errors) as on_step:
        report = check_catalogue(Catalogue.open(catalogue), on_step)
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
