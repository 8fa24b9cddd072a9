"""A zip for a customer panel or a shop's own A/B test: pictures, captions, a table and how to run it."""

from __future__ import annotations

import csv
import io
import itertools
import string
import zipfile
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gigs.io.text import harmless_cell
from gigs.languages import ENGLISH, Language
from gigs.report import counting_sheet, texts, trial_words
from gigs.report.view import view_of

if TYPE_CHECKING:
    from gigs.result.schema import Record

COLUMNS = ("product", "option", "file", "kind", "caption", "verdict", "of_100", "low", "high", "note")
WHEN = (2020, 1, 1, 0, 0, 0)  # the same bytes from the same result, whenever it is packed


def test_pack(results: Sequence[tuple[str, Record]], say: Language = ENGLISH) -> bytes:
    """Pack results for a test with people; the content of a zip.

    Every picture that a computer made keeps its mark in its metadata. What the redesigns are fairly compared with goes
    in as an option too: the photo, where they are on it. Beside a sharp photo any drawing looks worse, so where they
    are drawn that is the redrawn product, and the photo goes in as well.

    Args:
        results: Name of each product, and its result.
        say: The language of captions and guides; names of files and columns stay English.

    Raises:
        ModelError: A picture of a result is missing.
    """
    buffer, rows = io.BytesIO(), []
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for product, result in results:
            for row, picture in _options(product, result, say):
                rows.append(row)
                _add(archive, row["file"], result.pictures.png(picture))
            _add(archive, f"{product}/{counting_sheet.SHEET}", counting_sheet.counting_sheet(len(result.suggestions)))
            _add(archive, f"{product}/{counting_sheet.GUIDE}", counting_sheet.how_many(result, say).encode())
        _add(archive, "options.csv", _table(rows).encode("utf-8-sig"))  # the mark is what spreadsheets go by
        kinds = {result.on_photo for _, result in results}
        readme = trial_words.trial_readme(kinds, say) + say(counting_sheet.README)
        _add(archive, "README.txt", readme.encode())
    return buffer.getvalue()


def _options(product: str, result: Record, say: Language) -> Iterator[tuple[dict[str, Any], str]]:
    """Rows of the table with their pictures' names: what to compare with, then the redesigns, best first."""
    view = view_of(result, say)
    start = _comparisons(view)
    letters = _letters()
    for kind, file, caption in start:
        yield _row(product, next(letters), kind, say(caption), say), file
    for one, letter in zip(view["options"], letters, strict=False):  # letters have no end
        share, caption = one["share"], " ".join(filter(None, (one["words"], one["sketch"])))
        row = _row(product, letter, f"redesign {one['number']}", caption, say) | {
            "verdict": say(texts.VERDICTS[one["verdict"]]),
            **({} if share is None else share.to_json()),
        }
        yield row, one["file"]


def _comparisons(view: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Kind, picture and caption of what redesigns may be compared with: the photo alone where they are on it."""
    if not view["photo"]:
        return [("first design", view["base"], trial_words.FIRST)]
    if view["on_photo"]:
        return [("photo", view["photo"], trial_words.PHOTO_FAIR)]
    return [("photo", view["photo"], trial_words.PHOTO), ("redrawn", view["base"], trial_words.REDRAWN)]


def _letters() -> Iterator[str]:
    """A to Z, then A2 to Z2 and so on."""
    yield from string.ascii_uppercase
    for turn in itertools.count(2):
        yield from (f"{letter}{turn}" for letter in string.ascii_uppercase)


def _row(product: str, letter: str, kind: str, caption: str, say: Language) -> dict[str, Any]:
    note = "" if kind == "photo" else say(texts.STAMP)
    file = f"{product}/{letter}-{kind.replace(' ', '-')}.png"
    return {"product": product, "option": letter, "file": file, "kind": kind, "caption": caption, "note": note}


def _table(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(
        {name: harmless_cell(value) if isinstance(value, str) else value for name, value in row.items()} for row in rows
    )
    return text.getvalue()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    about = zipfile.ZipInfo(name, WHEN)
    about.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(about, content)
