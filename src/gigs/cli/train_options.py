"""Options that the commands of `gigs train` share."""

from __future__ import annotations

import typer

CATALOGUE = typer.Argument(..., metavar="CATALOGUE", help="Folder made by `gigs data import`.")
RESUME = typer.Option(False, "--resume", help="Go on from the folder's last checkpoint.")
DEVICE = typer.Option("auto", help="cpu, cuda, cuda:1, mps, or auto.")
WHERE = typer.Option("", help="Condition on items, such as 'group in [\"Shoes\"]'.")
BALANCE = typer.Option(
    "", help="Column of the item table, such as group: photos are drawn with 1/sqrt(how many share its value)."
)
RECONSTRUCTIONS = typer.Option(
    None,
    help="Pack, or folder of a run: learn from what its generator makes of the photos too, so that crossing into its "
    "domain moves no score.",
)
COMPILE = typer.Option(
    False,
    "--try-compile",
    help="Let the start-up probe time torch.compile too, and use it where it is faster "
    "(GIGS_COMPUTE=bf16,channels_last,compile decides by hand).",
)
ALIKE = "Columns of the item table that tell what an item is, such as type,section; these two if not given."


def columns_of(text: str) -> tuple[str, ...]:
    """Names that are separated by commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())
