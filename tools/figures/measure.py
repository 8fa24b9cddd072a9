"""Run the commands behind the figures, and keep what they found."""

from __future__ import annotations

import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from tools.figures.book import ROOT, Book


def measured(book: Book, name: str, catalogue: Path) -> Book:
    """The book with one measurement made anew.

    Args:
        book: As it is.
        name: Of the measurement.
        catalogue: Folder of the imported catalogue, for commands that need one.

    Raises:
        subprocess.CalledProcessError: The command failed; it has said why.
        LookupError: It left no number where the book looks for one.
    """
    measurement = book.measurements[name]
    if not measurement.command:
        return book.with_values(name, ROOT / measurement.file)
    with tempfile.TemporaryDirectory() as out:
        filled = measurement.command.format(out=shlex.quote(out), catalogue=shlex.quote(str(catalogue)))
        seconds = [timed(arguments(filled)) for _ in range(measurement.runs)]
        book = book.with_values(name, Path(out) / measurement.file, statistics.median(seconds))
    made = replace(measurement, machine=machine(), date=datetime.now(timezone.utc).strftime("%Y-%m-%d"))
    return replace(book, measurements=book.measurements | {name: made})


def timed(command: list[str]) -> float:
    """Run a command in the repository; returns its seconds."""
    start = time.perf_counter()
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def arguments(command: str) -> list[str]:
    """A command as it is started: with this Python, whatever is on the path."""
    program, *rest = shlex.split(command)
    return {"gigs": [sys.executable, "-m", "gigs"], "python": [sys.executable]}.get(program, [program]) + rest


def machine() -> str:
    """Cores, processor, and how gigs computes on it."""
    from gigs.vision.compute import suited

    compute = suited()
    return f"{os.cpu_count()} cores, {platform.machine()}, {'bf16' if compute.bf16 else 'fp32'}"
