"""What a check finds: how bad, what, how often, where, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

SEVERITIES = ("error", "warning", "note")
EXAMPLES = 5
IMPORT_AGAIN = "import the catalogue again"


@dataclass(frozen=True)
class Finding:
    """One kind of fault: how bad ("error", "warning" or "note"), what, how often, a few examples and the remedy."""

    severity: str
    what: str
    count: int
    examples: tuple[str, ...]
    fix: str


@dataclass(frozen=True)
class Report:
    """What `check_catalogue` found: counts by name, and findings from errors down to notes."""

    counts: dict[str, int]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether the catalogue can be trained on: no errors, whatever warnings and notes there are."""
        return all(finding.severity != "error" for finding in self.findings)

    def strict(self) -> Report:
        """The same with every warning an error."""
        raised = (replace(each, severity="error") if each.severity == "warning" else each for each in self.findings)
        return Report(self.counts, tuple(raised))

    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """Findings as text, for a table: severity, what, count, examples, fix."""
        return [(f.severity, f.what, f"{f.count:,}", ", ".join(f.examples), f.fix) for f in self.findings]


def finding(severity: str, what: str, examples: Iterable[object], fix: str, count: int | None = None) -> Finding:
    """A finding with its first examples; `count` where it is not the number of examples."""
    texts = [str(example) for example in examples]
    return Finding(severity, what, len(texts) if count is None else count, tuple(texts[:EXAMPLES]), fix)


def finding_of_rows(
    severity: str, what: str, table: pd.DataFrame, name: str, rows: Sequence[int] | np.ndarray, fix: str
) -> Finding:
    """A finding about rows of the items or users; only its first examples are put into words."""
    return finding(severity, what, named(table, name, rows[:EXAMPLES]), fix, len(rows))


def named(table: pd.DataFrame, name: str, rows: Iterable[int]) -> list[str]:
    """Rows by id and place: the row of the source file where the importer noted it, else of the catalogue's table.

    Args:
        table: `items` or `users`.
        name: Which of the two.
        rows: Positions in it.
    """
    ids = table["item_id" if name == "items" else "user_id"].to_numpy()
    if "source_row" in table:
        source = table["source_row"].to_numpy()
        return [f"{ids[row]} (row {source[row]})" if source[row] else str(ids[row]) for row in rows]
    return [f"{ids[row]} ({name}.parquet, row {row})" for row in rows]
