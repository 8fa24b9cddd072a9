"""The reference of the command line: what `--help` says of every command, as one page."""

from __future__ import annotations

import inspect
import re

import click
import typer
from typer.cli import get_docs_for_click

EXAMPLES = re.compile(r"(?:^  gigs [^\n]*\n(?:  (?!gigs )[^\n]*\n)*\n?)+", re.MULTILINE)


def page() -> str:
    """The page, in Markdown."""
    from gigs.cli.app import app

    command = typer.main.get_command(app)
    tell_in_full(command)
    text = get_docs_for_click(obj=command, ctx=click.Context(command, info_name="gigs"), name="gigs")
    return EXAMPLES.sub(fenced, text.partition("\n")[2].lstrip())


def tell_in_full(command: click.Command) -> None:
    """Let lists of commands show whole first paragraphs, not cut after some words as on a terminal."""
    if command.help and not command.short_help:
        command.short_help = " ".join(inspect.cleandoc(command.help).split("\n\n")[0].split())
    for inner in getattr(command, "commands", {}).values():
        tell_in_full(inner)


def fenced(found: re.Match[str]) -> str:
    """Indented examples of a docstring as a block of code."""
    lines = [line.removeprefix("  ") for line in found[0].splitlines() if line.strip()]
    return "```console\n" + re.sub(r"\n(?!gigs )", " \\\\\n    ", "\n".join(lines)) + "\n```\n\n"
