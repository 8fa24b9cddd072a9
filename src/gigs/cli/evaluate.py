"""`gigs evaluate`: how good is a model?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer
from rich.table import Table

from gigs.bars import progress_bars
from gigs.cli.console import errors, output

app = typer.Typer(help="Measure a model on what it was not trained on.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Measure a model on what it was not trained on."""


@app.command("recommender")
def evaluate_recommender_command(
    model: Path = typer.Argument(..., metavar="MODEL", help="File from `gigs train recommender`."),
    catalogue: Path = typer.Argument(..., metavar="CATALOGUE", help="The catalogue it was trained on."),
    split: str = typer.Option("test", help="test or validation."),
    candidates: str = typer.Option("all", help="Rank among all unseen items, or only those bought by somebody."),
    seed: int = typer.Option(0, min=0, help="Of the bootstrap."),
    json_out: Path = typer.Option(None, "--json", help="Also write the figures to this file."),
) -> None:
    """AUC, Recall@10/50 and NDCG@10 against popularity and chance, for all held-out items and for unseen ones.

    Intervals are 95%, from resampling users.
    """
    from gigs import storage
    from gigs.data.catalogue import Catalogue
    from gigs.recommender import evaluate_recommender, load_recommender

    with progress_bars(errors) as on_step:
        report = evaluate_recommender(
            load_recommender(model), Catalogue.open(catalogue), split=split, candidates=candidates, seed=seed,
            on_step=on_step,
        )  # fmt: skip
    output.print(_table(report, f"{model.name}, {split} split, candidates: {candidates}"))
    if json_out:
        storage.write_json(json_out, report)


def _table(report: dict[str, Any], title: str) -> Table:
    table = Table("ranked by", "items", "AUC", "Recall@10", "Recall@50", "NDCG@10", "users", title=title)
    for who in ("model", "popularity", "random"):
        for which in ("overall", "cold"):
            figures = report[who][which]
            cells = [_cell(figures[name]) for name in ("auc", "recall@10", "recall@50", "ndcg@10")]
            shown = "all held out" if which == "overall" else "unseen in training"
            table.add_row(who, shown, *cells, str(figures["auc"]["n"]))
    return table


def _cell(figure: dict[str, Any]) -> str:
    if figure["value"] is None:
        return "-"
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"
