"""The table of commands, and the one place where errors become one line and an exit code."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version

import typer

from gigs.cli import data, evaluate, generator, pack, recommend, suggest, train
from gigs.cli.console import errors
from gigs.errors import GigsError

app = typer.Typer(
    name="gigs",
    help="Redesigns of a seller's product that a named audience would prefer.\n\n"
    "Try it: gigs suggest --example 1 --audience everyone --steps 200 --out out",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("suggest")(suggest.suggest_command)
app.command("audiences")(pack.audiences_command)
app.command("recommend")(recommend.recommend_command)
app.add_typer(data.app, name="data")
app.add_typer(train.app, name="train")
app.add_typer(evaluate.app, name="evaluate")
app.add_typer(generator.app, name="generator")
app.add_typer(pack.app, name="pack")


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context, show_version: bool = typer.Option(False, "--version", help="Print the version and exit.")
) -> None:
    """Redesigns of a seller's product that a named audience would prefer."""
    if show_version:
        typer.echo(f"gigs {version('gigs')}")
        raise typer.Exit


def main() -> None:
    """Entry point of `gigs`: every error a user can mend is one line and exit code 2 (or the error's own)."""
    try:
        app()
    except GigsError as error:
        errors.print(f"gigs: {error}", style="bold red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        errors.print(f"gigs: {error}", style="bold red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)
