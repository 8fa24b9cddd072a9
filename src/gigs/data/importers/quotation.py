"""Finds quotation marks that were left open: the CSV reader takes everything up to the next one as a single cell."""

from __future__ import annotations

from collections.abc import Sequence

DELIMITERS = (",", ";", "\t", "|")
SHARE = 0.9  # of the lines within a cell that look like rows of the table
FEWEST, FEWEST_OF_PAIRS = 2, 5  # such lines; in a text, lines with a single comma are no rarity


def swallowed_rows(cells: Sequence[str], width: int) -> int:
    """How many rows of the table lie within one cell of a record; 0 if the line breaks belong to the cell's text.

    Lines within a cell count as rows if nearly all of them have as many cells as the table's header.
    """
    fewest = FEWEST_OF_PAIRS if width == 2 else FEWEST
    for cell in cells:
        lines = [line for line in cell.splitlines()[1:-1] if line.strip()]  # the ends are parts of two rows
        if width < 2 or len(lines) < fewest:
            continue
        most = max(sum(line.count(delimiter) == width - 1 for line in lines) for delimiter in DELIMITERS)
        if most >= SHARE * len(lines):
            return cell.count("\n")
    return 0
