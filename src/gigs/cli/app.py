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
    """Entry point of `gigs`: an error that the user can fix becomes one line and exit code 2, or the error's own code.

    Ctrl-C prints one line and exits with code 130, SIGTERM with 143, and SIGHUP with 129. Finished work stays intact;
    unfinished work leaves no trace.
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
        _fail("out of memory; use a smaller --batch, --n or picture size, or close other programs", 2)
    except EndedError as end:
        if LAUNCHED not in os.environ:
            errors.print(f"gigs: ended by {end.name}; finished work is kept, and --resume continues from it")
        raise
    except SystemExit as end:
        if end.code == 130 and LAUNCHED not in os.environ:
            errors.print("gigs: interrupted; finished work is kept, and --resume continues from it", markup=False)
        raise


def _fail(error: object, code: int) -> NoReturn:
    """Print the message as one line, with options in place of settings, and end with the exit code."""
    from gigs.cli.flags import with_flags

    text = with_flags(" ".join(str(error).split()), sys.argv[1:])
    if "TORCHELASTIC_ERROR_FILE" in os.environ:
        text = _told(error, text, code)
    errors.print(f"gigs: {text}", style="bold red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(code)


def _told(error: object, text: str, code: int) -> str:
    """Report an error of one of several training processes to the launcher. Returns what that does not print."""
    from gigs.training.launch import told

    if told(error if isinstance(error, Exception) else GigsError(text)):
        sys.exit(code)
    errors.quiet = False  # of torchrun's processes, any may be the one that fails
    return f"process {int(os.environ.get('RANK', '0')) + 1} of {os.environ.get('WORLD_SIZE', '1')}: {text}"


def _warn(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, file: Any = None, line: Any = None
) -> None:
    """Print a warning of gigs as one line; drop the warnings that libraries print about themselves."""
    if issubclass(category, UserWarning):
        errors.print(f"gigs: {message}", style="yellow", markup=False, highlight=False, soft_wrap=True)
