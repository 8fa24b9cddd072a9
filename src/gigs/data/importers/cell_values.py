"""Conversion of single cells: any value to text, and text to an id, a time or a number."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from gigs.data.importers.numerals import as_number
from gigs.data.importers.spelling import SHORTENED, SHORTENED_FIX, SHORTENED_ID
from gigs.data.importers.stamps import day_first, read_stamp

MAX_ID = 256  # characters
DEEPEST = 32  # lists in lists; Python's own stack ends at some hundreds
INVISIBLE = "\ufeff\u200b\u2060\u00ad"  # marks that copying leaves at the ends of a cell
# Seconds, milliseconds, microseconds and nanoseconds since 1970 by their size: each range is 1973 to 5138.
EPOCHS = {"s": 1e8, "ms": 1e11, "us": 1e14, "ns": 1e17}
SERIAL = (25_570, 109_575)  # days since 1899-12-30, as spreadsheets count them: 1970 to 2200
EARLIEST, LATEST = pd.Timestamp("1970-01-02"), pd.Timestamp("2200-01-01")


def as_text(value: Any, depth: int = 0) -> str | None:
    """Convert a value of JSON, Parquet or a database to the text that a CSV file would hold; None for nothing.

    Whole numbers lose a needless ".0", so that an id is the same from any source. Lists are joined with "|". Values
    that are nested too deep become `?`; `depth` says how deep this one is.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, Decimal) and value.is_nan():  # math.isnan fails on a signalling one
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | Decimal) and math.isfinite(value):
        return str(int(value)) if abs(float(value)) < 1 << 53 and value == int(value) else str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        value = bytes(value).decode("utf-8", "replace")
    if isinstance(value, list | tuple):
        value = "?" if depth > DEEPEST else "|".join(filter(None, (as_text(each, depth + 1) for each in value)))
    if isinstance(value, dict):
        try:
            value = json.dumps(value, ensure_ascii=False, default=str)
        except RecursionError:
            value = "?"
    return writable(str(value))


def writable(text: str) -> str:
    """Make text writable as UTF-8: a lone surrogate, such as from a file name that is not text, becomes `?`."""
    return text.encode("utf-8", "replace").decode("utf-8")


def one_line(text: object) -> str:
    """Prepare text from outside for a message: every character that cannot be printed becomes `?`."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(text))


def clean_id(text: str | None) -> str | None:
    """Strip spaces around an id, and bring it to one Unicode form (NFC): macOS writes é as two characters.

    Nothing else changes: case, leading zeros, right-to-left marks and joined emoji stay.
    """
    if text is None:
        return None
    return unicodedata.normalize("NFC", text.strip().strip(INVISIBLE).strip()) or None


def clean_ids(column: pd.Series) -> pd.Series:
    """Apply `clean_id` to a whole column."""
    return through_unique(column, clean_id)


def unusable_ids(column: pd.Series) -> pd.Series:
    """Why cleaned ids cannot be used, as a phrase about "the id"; empty if they can."""
    return through_unique(column, _unusable).where(column.notna(), "no id")


def remedy_for(fault: str) -> str:
    """What to do about unusable ids, by the reason from `unusable_ids`."""
    return SHORTENED_FIX if fault == SHORTENED_ID else "correct these rows"


def _unusable(identifier: str) -> str:
    if len(identifier) > MAX_ID:
        return f"id of more than {MAX_ID} characters"
    if SHORTENED.fullmatch(identifier):
        return SHORTENED_ID
    if any(unicodedata.category(letter) == "Cc" for letter in identifier):
        return "line break or control character in the id"
    return ""


def through_unique(column: pd.Series, change: Callable[[Any], Any]) -> pd.Series:
    """Apply a function once per distinct value, as ids and kinds repeat a lot."""
    table = {value: change(value) for value in column.dropna().unique()}
    return pd.Series([table.get(value) for value in column], index=column.index, dtype=object)


def as_time(column: pd.Series, form: str = "") -> pd.Series:
    """Convert text to times in UTC, without a zone; NaT if it is not a time.

    These formats are read: ISO 8601 (2020-09-22, 2020-09-22T10:00:00+02:00), 20200922, numbers, and what `stamps`
    reads. Numbers are seconds, milliseconds, microseconds or nanoseconds since 1970, or the days of spreadsheets
    (45292.5), told apart by their size. With `form`, only that format is read (as for strptime).
    """
    times, left = plain_times(column, form)
    if form or left.isna().all():
        return times
    read = read_stamps(left.dropna().unique())
    return times.fillna(pd.to_datetime(left.map(read), errors="coerce").astype("datetime64[us]"))


def plain_times(column: pd.Series, form: str = "") -> tuple[pd.Series, pd.Series]:
    """Read the times that need no look at the column's other cells. Also returns the text of the rest.

    Returns:
        Times as datetime64[us], with NaT where none was read; and the text of cells that are neither read nor blank,
        None elsewhere.
    """
    text = column.astype("string").str.strip()
    if form:
        parsed = pd.to_datetime(text, format=form, errors="coerce", utc=True).dt.tz_localize(None)
    else:
        number = pd.to_numeric(text, errors="coerce").astype(np.float64)
        parsed = pd.to_datetime(text.where(number.isna()), format="ISO8601", errors="coerce", utc=True)
        parsed = parsed.dt.tz_localize(None).astype("datetime64[us]")
        if number.notna().any():
            parsed = _numbered(parsed, number, text)
    times = _sensible(parsed)
    return times, column.where(times.isna() & column.notna(), None)


def _numbered(parsed: pd.Series, number: pd.Series, text: pd.Series) -> pd.Series:
    """Add times that are written as numbers: 20200922, since 1970, or the days of spreadsheets."""
    days = number.between(19000101, 22000101) & text.str.fullmatch(r"\d{8}").fillna(False)
    parsed = parsed.where(~days, pd.to_datetime(text.where(days), format="%Y%m%d", errors="coerce"))
    for unit, least in EPOCHS.items():
        here = number.between(least, least * 1000, inclusive="left") & ~days
        parsed = parsed.where(~here, pd.to_datetime(number.where(here), unit=unit, errors="coerce"))
    serial = number.between(*SERIAL) & ~days
    since = pd.to_timedelta(number.where(serial), unit="D").dt.round("s")
    return parsed.where(~serial, pd.Timestamp("1899-12-30") + since)


def read_stamps(texts: Iterable[str]) -> dict[str, datetime | None]:
    """Read times as people write them, from all texts of a column that are not plain times; None for other text.

    Numbers are not read here: `plain_times` has read those that are times.
    """
    words = [text for text in texts if pd.isna(pd.to_numeric(text.strip(), errors="coerce"))]
    order = day_first(text.strip() for text in words)
    found = {text: read_stamp(text.strip(), order) for text in words}
    return {text: time if time and EARLIEST <= pd.Timestamp(time) <= LATEST else None for text, time in found.items()}


def _sensible(times: pd.Series) -> pd.Series:
    times = times.astype("datetime64[us]")
    return times.where(times.between(EARLIEST, LATEST))


def typed(column: pd.Series) -> pd.Series:
    """Convert a column to numbers if every cell is a number without leading zeros; otherwise return it as it is."""
    known = column.dropna()
    if known.empty or known.str.fullmatch(r"[+-]?0\d+").any():
        return column
    numbers = as_number(column)
    if numbers[known.index].isna().any() or (numbers.abs() > 1 << 53).any():
        return column
    return numbers
