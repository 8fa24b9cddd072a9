"""What a check finds: severity, problem, count, examples and fix."""

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
    """One kind of problem: severity ("error", "warning" or "note"), what it is, how often, examples, and the fix."""

    severity: str
    what: str
    count: int
    examples: tuple[str, ...]
    fix: str


@dataclass(frozen=True)
class Report:
    """The result of `check_catalogue`: counts by name, and findings, with errors first and notes last."""

    counts: dict[str, int]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether the catalogue can be trained on: it has no errors, but may have warnings and notes."""
        return all(finding.severity != "error" for finding in self.findings)

    def strict(self) -> Report:
        """The same report with every warning as an error."""
        raised = (replace(each, severity="error") if each.severity == "warning" else each for each in self.findings)
        return Report(self.counts, tuple(raised))

    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """Findings as text, for a table: severity, what, count, examples, fix."""
        return [(f.severity, f.what, f"{f.count:,}", ", ".join(f.examples), f.fix) for f in self.findings]


def finding(severity: str, what: str, examples: Iterable[object], fix: str, count: int | None = None) -> Finding:
    """A finding with its first examples. Give `count` if it is not the number of examples."""
    texts = [str(example) for example in examples]
    return Finding(severity, what, len(texts) if count is None else count, tuple(texts[:EXAMPLES]), fix)


def finding_of_rows(
    severity: str, what: str, table: pd.DataFrame, name: str, rows: Sequence[int] | np.ndarray, fix: str
) -> Finding:
    """A finding about rows of the items or users, which names only the first ones."""
    return finding(severity, what, named(table, name, rows[:EXAMPLES]), fix, len(rows))


def named(table: pd.DataFrame, name: str, rows: Iterable[int]) -> list[str]:
    """Name rows by id and place: the row in the source file if the importer noted it, else in the catalogue's table.

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
