"""Rows that an import left out, with their reasons: counted in `catalogue.json`, listed in `dropped.csv`."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pandas as pd

from gigs.data.importers.cell_values import writable
from gigs.io.text import harmless_cell

HEADER = ("table", "row", "id", "reason", "fix")
EXAMPLES = 5
SHOWN = 100  # characters of an id in a summary


@dataclass
class DropReason:
    """One reason: the table, the severity ("warning" or "note"), the fix, and the rows with their ids."""

    table: str
    reason: str
    fix: str
    severity: str
    rows: list[int] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """The entry for `catalogue.json`: the count and the first rows."""
        about = {"table": self.table, "reason": self.reason, "count": len(self.rows), "severity": self.severity}
        shown = zip(self.rows[:EXAMPLES], self.ids[:EXAMPLES], strict=True)
        return about | {"fix": self.fix, "examples": [_example(row, identifier) for row, identifier in shown]}


class DroppedRows:
    """Collects rows by reason."""

    def __init__(self) -> None:
        self._reasons: dict[tuple[str, str], DropReason] = {}

    def add(
        self, table: str, rows: Iterable[int], ids: Iterable[Any], reason: str, fix: str, severity: str = "warning"
    ) -> None:
        """Add rows of a table and their ids. Rows are numbered as in a spreadsheet: the header is row 1."""
        rows = [int(row) for row in rows]
        if rows:
            known = self._reasons.setdefault((table, reason), DropReason(table, reason, fix, severity))
            known.rows += rows
            known.ids += ["" if pd.isna(each) else writable(str(each)) for each in ids]

    def add_broken(self, table: str, broken: Mapping[int, str]) -> None:
        """Add rows that could not be read, each with what is wrong with it."""
        for fault in dict.fromkeys(broken.values()):
            rows = [row for row, its in broken.items() if its == fault]
            self.add(table, rows, [""] * len(rows), f"cannot be read: {fault}", "correct these rows")

    def count(self, table: str | None = None) -> int:
        """Count the rows that were left out, of one table or of all."""
        return sum(len(reason.rows) for reason in self._reasons.values() if table in (None, reason.table))

    def summary(self) -> list[dict[str, Any]]:
        """The entries for `catalogue.json`: count, first rows and fix by reason."""
        return [reason.summary() for reason in self._reasons.values()]

    def write(self, path: Path) -> None:
        """Write all rows as CSV, in the order of tables and rows, safe to open in a spreadsheet."""
        lines = sorted(
            chain.from_iterable(
                zip(repeat(reason.table), reason.rows, reason.ids, repeat(reason.reason), repeat(reason.fix))
                for reason in self._reasons.values()
            )
        )
        with path.open("w", newline="", encoding="utf-8") as handle:
            writer = csv.writer(handle, lineterminator="\n")
            writer.writerow(HEADER)
            writer.writerows([harmless_cell(str(cell)) for cell in line] for line in lines)


def _example(row: int, identifier: str) -> str:
    short = identifier if len(identifier) <= SHOWN else identifier[:SHOWN] + "..."
    return f"row {row}" + (f" ({short})" if short else "")
