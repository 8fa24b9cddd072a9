"""Where the command line prints: results to standard output, progress and errors to standard error.

What it prints comes from packs, tables and file names too. Nothing in it is taken for markup, and no control code in it
reaches the terminal.
"""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from rich.console import Console
from rich.text import Text

from gigs.io.text import shown


class PlainConsole(Console):
    """A console that shows text as it is."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Text without control codes; Rich's cells, titles and printed strings all come through here."""
        return super().render_str(shown(text), **options)


def write_anything(*streams: TextIO | None) -> None:
    """Let streams write `?` for letters that their encoding lacks, instead of ending in an error."""
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


output = PlainConsole()
errors = PlainConsole(stderr=True)


def warn(text: str | None) -> None:
    """A caution to standard error, in one piece; nothing where there is none."""
    if text:
        errors.print(text, style="yellow", markup=False, highlight=False, soft_wrap=True)


SILENT_SECONDS = 2.0  # after which somebody who waits is told what for


@contextmanager
def saying(text: str, after: float = SILENT_SECONDS) -> Iterator[None]:
    """Say at a terminal what is being done, if it takes longer than `after` seconds."""
    timer = said_later(text, after)
    try:
        yield
    finally:
        timer.cancel()


def said_later(text: str, after: float = SILENT_SECONDS) -> threading.Timer:
    """Say at a terminal what is being done, in `after` seconds, unless the timer is cancelled before."""
    timer = threading.Timer(after, _note, args=(f"{text} ...",))
    timer.daemon = True
    if _is_watched():
        timer.start()
    return timer


def _is_watched() -> bool:
    """Whether somebody reads along; a log file needs no such words."""
    return errors.is_terminal


def tell_of_downloads() -> None:
    """Print what is logged about downloads: what, from where, how large, and where it is kept."""
    log = logging.getLogger("gigs.io.weights")
    if not any(isinstance(handler, _Notes) for handler in log.handlers):
        log.addHandler(_Notes())
        log.setLevel(logging.INFO)
        log.propagate = False


class _Notes(logging.Handler):
    """Log records as lines on standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one."""
        _note(record.getMessage())


def _note(text: str) -> None:
    errors.print(f"gigs: {text}", markup=False, highlight=False, soft_wrap=True)
