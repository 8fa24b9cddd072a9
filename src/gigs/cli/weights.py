"""`gigs weights`."""

from __future__ import annotations

import json
from pathlib import Path

import typer
from rich.table import Table

from gigs.cli.console import output, saying
from gigs.errors import InputError

app = typer.Typer(
    help="List the networks that gigs downloads when it first needs them, or fetch them in advance.",
    no_args_is_help=True,
)
NAMES = typer.Argument(None, metavar="NAME...", help="Names of the weights. Default: those that `gigs suggest` needs.")
ALL = typer.Option(False, "--all", help="Also fetch those that only experiments need.")
OUT = typer.Option(
    None,
    "--out",
    "-o",
    help="Also write them into this folder, for another machine. There, set GIGS_WEIGHTS_DIR to the folder.",
)
JSON = typer.Option(False, "--json", help="Print JSON.")


@app.command("list")
def list_command(as_json: bool = JSON) -> None:
    """List the weights: what each is for, whether it is here, how large it is, and where it comes from."""
    from gigs.io import weights

    found = weights.overview()
    if as_json:
        rows = [
            {
                "name": one.name, "purpose": one.purpose, "needed": one.is_needed,
                "file": None if one.place is None else str(one.place),
                "sources": [{"from": label, "megabytes": size} for label, size in one.sources],
            }
            for one in found
        ]  # fmt: skip
        typer.echo(json.dumps(rows, indent=2))
        return
    table = Table("name", "for", "needed", "here", "download", title="weights by others")
    for one in found:
        needed = "each suggestion" if one.is_needed else "experiments"
        places = "\n".join(f"{size} MB: {label}" if size else label for label, size in one.sources)
        table.add_row(one.name, one.purpose, needed, "yes" if one.place else "no", places)
    output.print(table)
    output.print(
        f"kept in {weights.cache_dir()} (set GIGS_CACHE to use another folder)", highlight=False, soft_wrap=True
    )


@app.command("fetch")
def fetch_command(names: list[str] = NAMES, everything: bool = ALL, out: Path = OUT) -> None:
    """Fetch weights into the cache, so that later runs need no network. Weights that are already here are checked.

    Examples:

      gigs weights fetch

      gigs weights fetch --out weights    # copy the folder to a machine without network, and there:

      GIGS_WEIGHTS_DIR=weights gigs suggest shirt.jpg
    """
    with saying("loading PyTorch"):
        from gigs.io import weights

    known = {one.name: one for one in weights.overview()}
    if unknown := [name for name in names or () if name not in known]:
        raise InputError(f"unknown weights {unknown[0]!r}; the names are {', '.join(known)}")
    for name in names or [one.name for one in known.values() if everything or one.is_needed]:
        if out is None:
            weights.fetch(name)
            place = weights.cache_dir() / f"{name}.safetensors"
        else:
            place = weights.export(name, out)
        output.print(f"{name}: ready ({place})", markup=False, highlight=False, soft_wrap=True)
