"""Output of the command line: results go to standard output, progress and errors to standard error.

Printed text may come from packs, tables and file names. It is therefore never read as markup, and control codes are
removed.
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
        """Return text without control codes. Rich passes every cell, title and printed string through this method."""
        return super().render_str(shown(text), **options)


def write_anything(*streams: TextIO | None) -> None:
    """Let streams write `?` for letters that their encoding lacks, instead of raising an error."""
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


output = PlainConsole()
errors = PlainConsole(stderr=True)


def warn(text: str | None) -> None:
    """Print a warning to standard error without wrapping it; do nothing if it is empty."""
    if text:
        errors.print(text, style="yellow", markup=False, highlight=False, soft_wrap=True)


SILENT_SECONDS = 2.0  # after which somebody who waits is told what for


@contextmanager
def saying(text: str, after: float = SILENT_SECONDS) -> Iterator[None]:
    """Print at a terminal what is being done, if it takes longer than `after` seconds."""
    timer = said_later(text, after)
    try:
        yield
    finally:
        timer.cancel()


def said_later(text: str, after: float = SILENT_SECONDS) -> threading.Timer:
    """Start a timer that prints what is being done after `after` seconds; cancel it to print nothing."""
    timer = threading.Timer(after, _note, args=(f"{text} ...",))
    timer.daemon = True
    if _is_watched():
        timer.start()
    return timer


def _is_watched() -> bool:
    """Whether standard error is a terminal; a log file needs no such messages."""
    return errors.is_terminal


def tell_of_downloads() -> None:
    """Print the log messages about downloads: what is fetched, from where, how large it is, and where it is kept."""
    log = logging.getLogger("gigs.io.weights")
    if not any(isinstance(handler, _Notes) for handler in log.handlers):
        log.addHandler(_Notes())
        log.setLevel(logging.INFO)
        log.propagate = False


class _Notes(logging.Handler):
    """Log records as lines on standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one record."""
        _note(record.getMessage())


def _note(text: str) -> None:
    errors.print(f"gigs: {text}", markup=False, highlight=False, soft_wrap=True)
