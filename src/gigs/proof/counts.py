"""The counts of a test with people: a filled-in `counts.csv` (`docs/guides/results.md`)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn

from gigs.errors import InputError
from gigs.io.regular import require_file
from gigs.report.counting_sheet import COLUMNS, PRODUCT, REDESIGN

Kind = Literal["choices", "sales"]
LARGEST = 1 << 20  # bytes; a sheet of counts has a few lines
MOST = 10**12  # of anything counted
AS_IT_IS = {PRODUCT, "photo", "redrawn", "first design", "original"}  # what the test pack and people call it
TOTALS = {"total", "totals", "sum", "all", "gesamt", "summe", "grand total"}
MAX_CELL = 1 << 17  # characters
DIGITS = re.compile(r"[0-9]+")
SEPARATOR = re.compile(r'"?sep=(.)"?[,;\t]*\s*', re.IGNORECASE)
NAMED = re.compile(rf"{REDESIGN} ?0*([0-9]{{1,6}})")


@dataclass(frozen=True)
class Tally:
    """The counts of one variant: people who chose it, or views and sales.

    Raises:
        InputError: It is neither the one nor the other, or a count is not possible.
    """

    choices: int | None = None
    views: int | None = None
    sales: int | None = None

    def __post_init__(self) -> None:
        if self.choices is not None:
            good = self.views is None and self.sales is None and 0 <= self.choices <= MOST
        else:
            good = self.views is not None and self.sales is not None and 0 <= self.sales <= self.views <= MOST
            good = good and self.views != 0
        if not good:
            raise InputError(f"{self}: a tally is of choices, or of views and at most as many sales")


@dataclass(frozen=True)
class Question:
    """Variants shown side by side to the same people, or at the same time to visitors divided by chance.

    Attributes:
        name: As in the sheet.
        product: Of the product as it is.
        redesigns: Of each redesign shown with it, by its number.
    """

    name: str
    product: Tally
    redesigns: Mapping[int, Tally]


@dataclass(frozen=True)
class Counts:
    """A filled-in sheet.

    Attributes:
        kind: `choices` of a panel, or `sales` of a shop's A/B test.
        questions: In the order of the sheet; no redesign is in two of them.
    """

    kind: Kind
    questions: tuple[Question, ...]

    @property
    def redesigns(self) -> list[int]:
        """Numbers of the redesigns that were tested, in the order of the sheet."""
        return [number for question in self.questions for number in question.redesigns]


def read_counts(path: str | Path) -> Counts:
    """Read a sheet: comma, semicolon or tab between columns, UTF-8 or what older spreadsheets write.

    Raises:
        InputError: The file is missing or malformed; the message names the line and says what to put there.
    """
    path = Path(path)
    return _Sheet(path.name).read(_text(path))


def _text(path: Path) -> str:
    try:
        with require_file(path).open("rb") as handle:
            content = handle.read(LARGEST + 1)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read ({error.strerror or error}); give the filled-in counts.csv"
        ) from error
    if len(content) > LARGEST:
        raise InputError(f"{path}: too large for a sheet of counts; give the filled-in counts.csv")
    if content.startswith(b"PK"):
        raise InputError(f"{path}: a workbook or a zip; save the sheet as CSV first")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


class _Sheet:
    """One reading of a sheet; `name` goes before every complaint."""

    def __init__(self, name: str) -> None:
        self.name = name

    def read(self, text: str) -> Counts:
        rows = [(line, question, variant, tally) for line, question, variant, tally in self._rows(text)]
        if not rows:
            self._refuse("no row is filled in; write choices, or views and sales, beside what you tested")
        kinds = {"sales" if tally.choices is None else "choices" for *_, tally in rows}
        if len(kinds) > 1:
            self._refuse("some rows have choices and some have views and sales; a file is of one test: make two")
        asked: dict[str, dict[int, Tally]] = {}
        for line, question, variant, tally in rows:
            if variant in asked.setdefault(question, {}):
                mend = "add the two up" if variant else "keep the picture of it that the redesigns were shown with"
                self._refuse(f"line {line}: {said(variant)} stands twice in question {question!r}; {mend}")
            asked[question][variant] = tally
        questions = tuple(self._question(name, tallies) for name, tallies in asked.items())
        counts = Counts("choices" if kinds == {"choices"} else "sales", questions)
        repeated = {number for number in counts.redesigns if counts.redesigns.count(number) > 1}
        if repeated:
            self._refuse(f"{said(min(repeated))} stands in two questions; a file is of one test: make two")
        return counts

    def _rows(self, text: str) -> Iterator[tuple[int, str, int, Tally]]:
        """Line, question, variant (0 for the product) and tally of every row that is filled in."""
        lines = text.splitlines()
        told = SEPARATOR.fullmatch(lines[0]) if lines else None  # a line for the spreadsheet, no header
        first = next((row for row, line in enumerate(lines) if line.strip(" \t,;") and not (told and row == 0)), None)
        if first is None:
            self._refuse(f"empty; its first line must be {','.join(COLUMNS)}")
        mark = told[1] if told else max(",;\t", key=lines[first].count)
        csv.field_size_limit(MAX_CELL)  # of the whole process: whoever read a table before may have raised it
        reader = csv.reader(io.StringIO("\n".join(lines[first:])), delimiter=mark)
        try:
            header = [cell.strip().lower() for cell in next(reader)]
            self._check_header(header)
            for row in reader:
                line = first + reader.line_num
                if not any(cell.strip() for cell in row):
                    continue
                if len(row) > len(header) and any(cell.strip() for cell in row[len(header) :]):
                    self._refuse(f"line {line}: more values than columns; write whole numbers without separators")
                cells = dict(zip(header, (cell.strip() for cell in row), strict=False))
                tally = self._tally(cells, line)
                if tally is not None:
                    yield line, cells.get("question", ""), self._variant(cells.get("variant", ""), line), tally
        except csv.Error as error:
            raise InputError(f"{self.name}: not a table ({error}); give the filled-in counts.csv") from error

    def _check_header(self, header: list[str]) -> None:
        known = [name for name in header if name in COLUMNS]
        if "variant" not in known or not ({"choices"} <= set(known) or {"views", "sales"} <= set(known)):
            self._refuse(f"no column variant, or neither choices nor views and sales; begin with {','.join(COLUMNS)}")
        if len(known) > len(set(known)):
            self._refuse("a column stands twice in its first line; keep one")

    def _tally(self, cells: Mapping[str, str], line: int) -> Tally | None:
        """The row's counts; None where it is not filled in."""
        choices, views, sales = (self._number(cells.get(name, ""), name, line) for name in COLUMNS[2:])
        if choices is not None and (views is not None or sales is not None):
            self._refuse(f"line {line}: has choices, and views or sales; a test has one or the other")
        if choices is None and views is None and sales is None:
            return None
        if choices is None and (views is None or sales is None):
            self._refuse(f"line {line}: views and sales go together; write both (0 for no sale)")
        if views is not None and sales is not None and sales > views:
            self._refuse(f"line {line}: more sales than views; count each visitor once, and not the pieces they buy")
        if views == 0:
            self._refuse(f"line {line}: no views; leave the row empty if it was not tested")
        return Tally(choices, views, sales)

    def _number(self, cell: str, name: str, line: int) -> int | None:
        if not cell:
            return None
        if cell.startswith("-"):
            self._refuse(f"line {line}: {name} is {cell}; a count is 0 or more")
        if not (cell.isascii() and DIGITS.fullmatch(cell)) or len(cell) > 13 or int(cell) > MOST:
            self._refuse(
                f"line {line}: {name} is {cell[:40]!r}; write a whole number in digits alone, no % or separators"
            )
        return int(cell)

    def _variant(self, cell: str, line: int) -> int:
        """Number of a redesign, 0 for the product."""
        name = " ".join(re.sub(r"[\s_-]+", " ", cell.lower()).split())
        if name in TOTALS:
            self._refuse(f"line {line}: a row of totals; remove it")
        if name in AS_IT_IS:
            return 0
        found = NAMED.fullmatch(name)
        if found is None or int(found[1]) == 0:
            self._refuse(f"line {line}: variant is {cell[:40]!r}; write {PRODUCT}, or {REDESIGN} and its number")
        return int(found[1])

    def _question(self, name: str, tallies: dict[int, Tally]) -> Question:
        where = f"question {name!r}" if name else "the sheet"
        redesigns = {number: tally for number, tally in tallies.items() if number}
        if 0 not in tallies:
            self._refuse(f"{where} has no row for the {PRODUCT} as it is; without it there is nothing to compare with")
        if not redesigns:
            self._refuse(f"{where} has counts for the {PRODUCT} only; add those of a {REDESIGN}")
        for number, tally in redesigns.items():
            if not (tally.choices or tally.sales or tallies[0].choices or tallies[0].sales):
                self._refuse(f"nobody took {said(number)} or the {PRODUCT}; ask more people before you compare")
        return Question(name, tallies[0], redesigns)

    def _refuse(self, why: str) -> NoReturn:
        raise InputError(f"{self.name}: {why}")


def said(variant: int) -> str:
    """A variant as the sheet names it."""
    return f"{REDESIGN} {variant}" if variant else PRODUCT
