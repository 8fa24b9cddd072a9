"""The file of figures, `docs/figures.json`: what was measured, by which command, on what, and how it is written."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from gigs.io import storage

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "docs" / "figures.json"


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """A command, and the file with numbers that it leaves.

    Attributes:
        command: What to run, with `{out}` for a folder of its own and `{catalogue}` for the imported catalogue; empty
            where the file is part of the repository.
        file: With the numbers: in the folder of the command, or in the repository.
        protocol: What was done, in words.
        seed: Of the command; None where nothing is drawn at random.
        pack: Whose networks; None where none are used.
        runs: How often the command runs; its time is the median.
        machine: Where it ran; None where that makes no difference.
        date: When it ran, as year, month and day; None for what is read whenever it is needed.
    """

    command: str = ""
    file: str
    protocol: str
    seed: int | None = None
    pack: str | None = None
    runs: int = 1
    machine: str | None = None
    date: str | None = None


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure as it stands in a text.

    Attributes:
        of: Name of its measurement.
        at: Where each of its numbers is: `/a/b/0` in a JSON file (RFC 6901), `@seconds` for the time that the command
            took, or `lines:PATTERN` for how many lines of the file match.
        form: How the numbers are written, as for `str.format`.
        values: The numbers.
        n: Of how many measured things, written in the same way.
        page: Page of the site that says more.
    """

    of: str
    at: tuple[str, ...]
    form: str
    values: tuple[float, ...]
    n: str
    page: str

    @property
    def text(self) -> str:
        """As it is written."""
        return self.form.format(*self.values)

    @property
    def count(self) -> str:
        """Of how many measured things, as it is written."""
        return self.n.format(*self.values)


@dataclass(frozen=True, kw_only=True)
class Book:
    """All figures and their measurements, by name."""

    measurements: dict[str, Measurement]
    figures: dict[str, Figure]

    def __post_init__(self) -> None:
        for name, figure in self.figures.items():
            if figure.of not in self.measurements:
                raise ValueError(f"figure {name}: no measurement is called {figure.of}")

    @classmethod
    def read(cls, path: Path = BOOK) -> Book:
        """The book in a file.

        Raises:
            msgspec.ValidationError: The file has another form.
        """
        return msgspec.json.decode(path.read_bytes(), type=cls)

    def write(self, path: Path = BOOK) -> None:
        """Into a file."""
        storage.write_text(path, json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n")

    def with_values(self, measurement: str, source: Path, seconds: float = 0.0) -> Book:
        """The book with a measurement's figures read anew.

        Args:
            measurement: Its name.
            source: The file with the numbers.
            seconds: How long the command took.
        """
        text = source.read_text(encoding="utf-8")
        figures = {
            name: replace(one, values=tuple(value_at(at, text, seconds) for at in one.at))
            if one.of == measurement
            else one
            for name, one in self.figures.items()
        }
        return replace(self, figures=figures)


def value_at(at: str, text: str, seconds: float) -> float:
    """One number of a measurement; see `Figure.at`.

    Raises:
        LookupError: There is none at that place.
    """
    if at == "@seconds":
        return round(seconds, 1)
    if at.startswith("lines:"):
        return float(sum(bool(re.search(at.removeprefix("lines:"), line)) for line in text.splitlines()))
    found: Any = json.loads(text)
    try:
        for step in (part.replace("~1", "/").replace("~0", "~") for part in at.split("/")[1:]):
            found = found[int(step)] if isinstance(found, list) else found[step]
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise LookupError(f"{at}: the measurement's file has nothing there") from error
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise LookupError(f"{at}: {found!r} is no number")
    return round(float(found), 6)
