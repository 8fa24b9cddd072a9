"""The table of commands, and the one place where errors become one line and an exit code."""

from __future__ import annotations

import os
import sys
import warnings
from typing import Any, NoReturn

import typer

from gigs import __version__
from gigs.cli import (
    audience,
    colours,
    data,
    doctor,
    evaluate,
    experiment,
    farm,
    generator,
    pack,
    recommend,
    recommender,
    report,
    results,
    serve,
    studio,
    suggest,
    train,
    verify,
    weights,
)
from gigs.cli.console import errors, tell_of_downloads, write_anything
from gigs.cli.ending import EndedError, orderly_ending
from gigs.errors import GigsError, is_out_of_memory
from gigs.training import LAUNCHED

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
app.command("colours")(colours.colours_command)
app.command("studio")(studio.studio_command)
app.command("serve")(serve.serve_command)
app.command("report")(report.report_command)
app.command("results")(results.results_command)
app.command("doctor")(doctor.doctor_command)
app.command("audiences")(audience.list_command)
app.command("recommend")(recommend.recommend_command)
app.add_typer(farm.app, name="farm")
app.add_typer(audience.app, name="audience")
app.add_typer(data.app, name="data")
app.add_typer(train.app, name="train")
app.add_typer(evaluate.app, name="evaluate")
app.add_typer(generator.app, name="generator")
app.add_typer(recommender.app, name="recommender")
app.add_typer(pack.app, name="pack")
app.add_typer(verify.app, name="verify")
app.add_typer(experiment.app, name="experiment")
app.add_typer(weights.app, name="weights")


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context, show_version: bool = typer.Option(False, "--version", help="Print the version and exit.")
) -> None:
    """Redesigns of a seller's product that a named audience would prefer."""
    if show_version:
        typer.echo(f"gigs {__version__}")
        raise typer.Exit


def main() -> None:
    """Entry point of `gigs`: every error a user can mend is one line and exit code 2 (or the error's own).

    Ctrl-C is one line and exit code 130, SIGTERM one and 143, SIGHUP one and 129: what was finished before is whole,
    and what was not leaves no trace.
    """
    warnings.showwarning = _warn
    tell_of_downloads()
    write_anything(sys.stdout, sys.stderr)
    try:
        with orderly_ending():
            app()
    except GigsError as error:
        _fail(error, error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        _fail(error, 2)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        _fail("out of memory; a smaller --batch, --n or picture size needs less, or close other programs", 2)
    except EndedError as end:
        if LAUNCHED not in os.environ:
            errors.print(f"gigs: ended by {end.name}; what is finished is kept, and --resume goes on from it")
        raise
    except SystemExit as end:
        if end.code == 130 and LAUNCHED not in os.environ:
            errors.print("gigs: interrupted; what is finished is kept, and --resume goes on from it", markup=False)
        raise


def _fail(error: object, code: int) -> NoReturn:
    """One line, whatever is in the message, and the exit code."""
    text = " ".join(str(error).split())
    if "TORCHELASTIC_ERROR_FILE" in os.environ:
        text = _told(error, text, code)
    errors.print(f"gigs: {text}", style="bold red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(code)


def _told(error: object, text: str, code: int) -> str:
    """In one of several processes that train: tell the launcher. Returns the line that it does not show by itself."""
    from gigs.training.launch import told

    if told(error if isinstance(error, Exception) else GigsError(text)):
        sys.exit(code)
    errors.quiet = False  # of torchrun's processes, any may be the one that fails
    return f"process {int(os.environ.get('RANK', '0')) + 1} of {os.environ.get('WORLD_SIZE', '1')}: {text}"


def _warn(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, file: Any = None, line: Any = None
) -> None:
    """A warning of gigs is one line too; those of libraries about themselves say nothing to a user."""
    if issubclass(category, UserWarning):
        errors.print(f"gigs: {message}", style="yellow", markup=False, highlight=False, soft_wrap=True)
