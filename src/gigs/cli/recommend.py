"""`gigs recommend`: items for one user, from the same recommender (Fig. 1 of the paper)."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.markup import escape
from rich.table import Table

from gigs.cli.console import errors, output, warn
from gigs.cli.progress_bars import progress_bars


def recommend_command(
    model: Path = typer.Argument(..., metavar="MODEL", help="File from `gigs train recommender`."),
    catalogue: Path = typer.Argument(..., metavar="CATALOGUE", help="The catalogue it was trained on."),
    user: str = typer.Option(..., "--user", "-u", help="Id of the user."),
    top: int = typer.Option(10, min=1, help="Number of items."),
) -> None:
    """List what a user would like next: the items with the highest scores that they do not have yet."""
    from gigs.data.catalogue import Catalogue
    from gigs.recommender import load_recommender, recommend
    from gigs.recommender.standing import doubt

    with progress_bars(errors) as on_step:
        recommender = load_recommender(model)
        items = recommend(recommender, Catalogue.open(catalogue), user, top=top, on_step=on_step)
    shown = [column for column in items.columns if column != "item"]
    table = Table(*shown, title=escape(f"for user {user}"))
    for row in items[shown].itertuples(index=False):
        table.add_row(*(f"{value:.3f}" if isinstance(value, float) else escape(str(value)) for value in row))
    output.print(table)
    warn(doubt(recommender.about))
