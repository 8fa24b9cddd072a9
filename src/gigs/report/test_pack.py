"""A zip for a customer panel or a shop's own A/B test: pictures, captions, a table and how to run it."""

from __future__ import annotations

import csv
import io
import itertools
import string
import zipfile
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gigs.report import counting_sheet, texts
from gigs.report.view import view_of

if TYPE_CHECKING:
    from gigs.result.schema import Record

COLUMNS = ("product", "option", "file", "kind", "caption", "verdict", "of_100", "low", "high", "note")
WHEN = (2020, 1, 1, 0, 0, 0)  # the same bytes from the same result, whenever it is packed


def test_pack(results: Sequence[tuple[str, Record]]) -> bytes:
    """Pack results for a test with people; the content of a zip.

    Every picture that a computer drew keeps its mark in its metadata. The photo and the redrawn product go in as
    options too: beside a sharp photo any drawing looks worse, so the fair comparison is with the redrawn product.

    Args:
        results: Name of each product, and its result.

    Raises:
        ModelError: A picture of a result is missing.
    """
    buffer, rows = io.BytesIO(), []
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for product, result in results:
            for row, picture in _options(product, result):
                rows.append(row)
                _add(archive, row["file"], result.pictures.png(picture))
            _add(archive, f"{product}/{counting_sheet.SHEET}", counting_sheet.counting_sheet(len(result.suggestions)))
            _add(archive, f"{product}/{counting_sheet.GUIDE}", counting_sheet.how_many(result).encode())
        _add(archive, "options.csv", _table(rows).encode("utf-8-sig"))  # the mark is what spreadsheets go by
        _add(archive, "README.txt", (texts.TRIAL_README + counting_sheet.README).encode())
    return buffer.getvalue()


def _options(product: str, result: Record) -> Iterator[tuple[dict[str, Any], str]]:
    """Rows of the table with their pictures' names: the photo, the redrawn product, then the redesigns, best first."""
    view = view_of(result)
    start = [("photo", view["photo"], texts.TRIAL_PHOTO)] if view["photo"] else []
    start.append(("redrawn" if view["photo"] else "first design", view["base"], texts.TRIAL_REDRAWN))
    letters = _letters()
    for kind, file, caption in start:
        yield _row(product, next(letters), kind, caption), file
    for one, letter in zip(view["options"], letters, strict=False):  # letters have no end
        share = one["share"]
        row = _row(product, letter, f"redesign {one['number']}", one["words"]) | {
            "verdict": texts.VERDICTS[one["verdict"]],
            **({} if share is None else share.to_json()),
        }
        yield row, one["file"]


def _letters() -> Iterator[str]:
    """A to Z, then A2 to Z2 and so on."""
    yield from string.ascii_uppercase
    for turn in itertools.count(2):
        yield from (f"{letter}{turn}" for letter in string.ascii_uppercase)


def _row(product: str, letter: str, kind: str, caption: str) -> dict[str, Any]:
    note = "" if kind == "photo" else texts.STAMP
    file = f"{product}/{letter}-{kind.replace(' ', '-')}.png"
    return {"product": product, "option": letter, "file": file, "kind": kind, "caption": caption, "note": note}


def _table(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _harmless(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _harmless(value: Any) -> Any:
    """A text that spreadsheets do not take for a formula: folder names may begin like one."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@")) else value


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    about = zipfile.ZipInfo(name, WHEN)
    about.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(about, content)
