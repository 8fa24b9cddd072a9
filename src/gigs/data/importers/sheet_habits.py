"""Lines in a spreadsheet that are not rows of its table: a title above the header, repeated headers, totals."""

from __future__ import annotations

from collections.abc import Sequence

from gigs.data.importers.columns import USUAL, plain

HEADER_WITHIN = 20  # rows
WIDEST = 1000  # columns that are looked at for usual names
TOTALS = frozenset(
    ("total", "totals", "grandtotal", "subtotal", "sum", "summe", "gesamt", "gesamtsumme", "insgesamt", "totaux",
     "somme", "totale", "totali", "suma", "totales", "totaal", "soma", "razem", "итого", "всего", "合计", "合計")
)  # fmt: skip


def usual_names(cells: Sequence[str], table: str) -> int:
    """Count the usual column names of a table in a row."""
    known = {name for names in USUAL.get(table, {}).values() for name in names}
    return len({plain(cell) for cell in cells[:WIDEST]} & known)


def header_place(rows: Sequence[Sequence[str]], table: str) -> int:
    """Find a table's header among its first rows: the first with several cells, as a title has one.

    If that row holds no usual column name and a later one holds two or more, the later one is the header. The first
    then groups columns, or says what the table is.
    """
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows]
    usual = [usual_names(row, table) for row in rows]
    top = next((place for place, count in enumerate(filled) if count), 0)
    first = next((place for place, count in enumerate(filled) if count > 1), top)
    if any(cell.strip(" -+").replace(".", "").replace(",", "").isdecimal() for cell in rows[first] if cell):
        first = top  # numbers are no names of columns: it is a row, and too long a one
    sure = next((place for place, count in enumerate(usual) if count > 1), first)
    if usual[top] and (filled[top] > 1 or sure <= top or not usual[sure] > 1):
        return top
    return first if usual[first] else max(first, sure)


def is_repeat(cells: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a row repeats the header, whose cells are `names` without space around them."""
    return cells[0].strip() == names[0] and [cell.strip() for cell in cells] == list(names)


def repeats_note(rows: Sequence[int]) -> list[str]:
    """A note on rows that repeat the header, given by their numbers."""
    return [f"row {rows[0]} repeats the header, as do {len(rows) - 1} more; skipped"] if rows else []


def without_totals(columns: list[list[str | None]], rows: list[int]) -> list[str]:
    """Remove a last row of totals from a table's end; returns a note on it.

    Args:
        columns: The cells of its last rows, changed in place.
        rows: Their numbers, changed in place.
    """
    if not rows or len(columns) < 2 or not _is_totals(columns):
        return []
    for column in columns:
        column.pop()
    return [f"row {rows.pop()} holds totals; skipped"]


def _is_totals(columns: Sequence[Sequence[str | None]]) -> bool:
    """Whether the last row holds totals: it says so, and has more blank cells than the row above it."""
    last = [str(column[-1] or "").strip() for column in columns]
    above = [str(column[-2] or "").strip() for column in columns] if len(columns[0]) > 1 else last
    says_so = any(plain(cell) in TOTALS for cell in last)
    return says_so and sum(map(bool, last)) < sum(map(bool, above))
