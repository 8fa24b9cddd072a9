"""The rows of an interaction table with every text as a number, so that ten million rows fit into memory.

The table is read in pieces. Each distinct text is kept once, and times are parsed at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from gigs.data.importers.cell_values import clean_id, plain_times
from gigs.data.importers.raw_table import RawTable
from gigs.data.importers.variants import complete_orders
from gigs.progress import OnStep, Step, silent

NOTHING = -1  # the number of a blank cell
# By role, the column of `event_rows` and what is done to its text.
TEXTS: dict[str, tuple[str, Callable[[str], str | None]]] = {
    "user": ("user_id", clean_id),
    "item": ("item_id", clean_id),
    "event": ("event", str.strip),
    "weight": ("written_weight", str),
}


class TextNumbers:
    """Numbers texts in the order in which they first appear."""

    def __init__(self, change: Callable[[str], str | None] = str) -> None:
        self._change = change
        self._numbers: dict[str, int] = {}

    def of(self, column: pd.Series) -> np.ndarray:
        """The numbers of a column's texts, int32; `NOTHING` for blanks, also those that `change` makes."""
        places, unique = pd.factorize(column)
        found = np.full(len(unique) + 1, NOTHING, dtype=np.int32)  # the last for blanks, whose place is -1
        for place, text in enumerate(unique):
            changed = self._change(text)
            if changed is not None:
                found[place] = self._numbers.setdefault(changed, len(self._numbers))
        return found[places]

    def column(self, numbers: list[np.ndarray]) -> pd.Categorical:
        """The numbers of all texts as a categorical column."""
        texts = pd.Index(list(self._numbers), dtype=object)
        return pd.Categorical.from_codes(np.concatenate(numbers), categories=texts)


def event_rows(
    table: RawTable, columns: Mapping[str, str], time_format: str, on_step: OnStep = silent
) -> tuple[pd.DataFrame, int]:
    """Read the interaction table, indexed by row number.

    Args:
        table: The table, read once in pieces; or as a whole, if further lines of an order leave buyer or time blank.
        columns: Column names by role.
        time_format: Format as for strptime; empty for ISO and epoch times.
        on_step: Progress over rows.

    Returns:
        A frame, and how many rows took over something from another row of their order. The frame has the columns that
            the table has of these: `user_id`, `item_id`, `event`, `written_weight` (categories), `time`
            (datetime64[us]) and `written_time` (category: what could not be read yet).
    """
    rows = _Rows(columns, time_format)
    for frame in table.pieces():
        if _leaves_blank(frame, columns):
            whole, completed = complete_orders(table.whole().frame, columns)
            rows = _Rows(columns, time_format)
            rows.add(whole)
            return rows.frame(), completed
        rows.add(frame)
        on_step(Step(f"reading {table.name}", rows.count, rows.count))
    return rows.frame(), 0


class _Rows:
    """Collects pieces of the table for `event_rows`."""

    def __init__(self, columns: Mapping[str, str], time_format: str) -> None:
        self.count = 0
        self._form = time_format
        self._columns = {role: column for role, column in columns.items() if role in TEXTS or role == "time"}
        self._numbers = {role: TextNumbers(TEXTS[role][1]) for role in self._columns if role in TEXTS}
        self._written = TextNumbers()
        self._parts: dict[str, list[np.ndarray]] = {name: [] for name in (*self._columns, "row", "written")}

    def add(self, frame: pd.DataFrame) -> None:
        """Add some rows."""
        for role, column in self._columns.items():
            if role == "time":
                times, left = plain_times(frame[column], self._form)
                self._parts["time"].append(times.to_numpy())
                self._parts["written"].append(self._written.of(left))
            else:
                self._parts[role].append(self._numbers[role].of(frame[column]))
        self._parts["row"].append(frame.index.to_numpy(dtype=np.int64))
        self.count += len(frame)

    def frame(self) -> pd.DataFrame:
        """All rows."""
        parts = self._parts
        found: dict[str, Any] = {TEXTS[role][0]: one.column(parts.pop(role)) for role, one in self._numbers.items()}
        if "time" in self._columns:
            found["time"] = np.concatenate(parts.pop("time"))
            found["written_time"] = self._written.column(parts.pop("written"))
        return pd.DataFrame(found, index=np.concatenate(parts["row"]), copy=False)


def _leaves_blank(frame: pd.DataFrame, columns: Mapping[str, str]) -> bool:
    """Whether a line of an order leaves its buyer or time to another line."""
    if "order" not in columns:
        return False
    told = frame[columns["order"]].notna()
    return any(bool((told & frame[columns[role]].isna()).any()) for role in ("user", "time") if role in columns)


def per_value(column: pd.Series, change: Callable[[Any], Any], blank: Any, kind: Any = object) -> np.ndarray:
    """Apply a function to each value of a category; `[values + 1]`, the last for blanks.

    Index the result by the column's codes to get a value for each row.
    """
    values = np.empty(len(column.cat.categories) + 1, dtype=kind)
    values[:-1] = [change(value) for value in column.cat.categories]
    values[-1] = blank
    return values
