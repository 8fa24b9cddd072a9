"""Options that the commands of `gigs train` share."""

from __future__ import annotations

import typer

CATALOGUE = typer.Argument(..., metavar="CATALOGUE", help="Catalogue: a folder from `gigs data import`.")
RESUME = typer.Option(False, "--resume", help="Continue from the folder's last checkpoint.")
DEVICE = typer.Option("auto", help="cpu, cuda, cuda:1, mps, or auto.")
WHERE = typer.Option("", help="Condition on items, such as 'group in [\"Shoes\"]'.")
BALANCE = typer.Option(
    "",
    help="Column of the item table, such as group, to balance by: a photo is drawn with probability proportional to "
    "1/sqrt(number of photos with its value).",
)
RECONSTRUCTIONS = typer.Option(
    None,
    help="Pack, or folder of a run. The model also learns from its generator's reconstructions of the photos, so "
    "that scores do not differ between photos and reconstructions.",
)
COMPILE = typer.Option(
    False,
    "--try-compile",
    help="Let the start-up probe also time torch.compile, and use it if it is faster. To decide yourself, set "
    "GIGS_COMPUTE=bf16,channels_last,compile.",
)
ALIKE = "Columns of the item table that tell what an item is. Default: type,section."


def columns_of(text: str) -> tuple[str, ...]:
    """Split names that are separated by commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())
