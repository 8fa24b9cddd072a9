"""The log of a training run: a CSV file that survives interruptions, and TensorBoard events if wanted."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gigs.io import storage
from gigs.io.extras import is_installed
from gigs.io.text import is_text


class TrainingLog:
    """`OUT/log.csv`, a row at a time.

    Args:
        out: Folder of the run.
        columns: Names of the columns; the first is `shown`, how many pictures the run had been shown.
        keep_until: Rows of an earlier part of the run are kept up to so many pictures; they will be written anew.
        board: Write TensorBoard events too, under `OUT/tensorboard`, where TensorBoard is installed.
        known: By column, the values of `shown` at which the checkpoint knows of a figure: an earlier row with another
            one will be written anew too.
    """

    def __init__(
        self,
        out: Path,
        columns: Sequence[str],
        keep_until: int,
        *,
        board: bool = False,
        known: Mapping[str, set[str]] | None = None,
    ) -> None:
        self.path, self.columns = out / "log.csv", columns
        kept = [row for row in _rows(self.path) if int(row["shown"]) <= keep_until]
        for column, shown in (known or {}).items():
            kept = [row for row in kept if not row.get(column) or row["shown"] in shown]
        text = io.StringIO(newline="")
        whole = csv.DictWriter(text, columns, restval="", extrasaction="ignore")
        whole.writeheader()
        whole.writerows(kept)
        storage.write_text(self.path, text.getvalue())
        self.file = self.path.open("a", newline="", encoding="utf-8")
        self.writer = csv.DictWriter(self.file, columns, restval="")
        self.board: Any = None
        if board and not is_text(out):
            warnings.warn(f"{out}: TensorBoard takes no folder of that name; log.csv has all of it", stacklevel=2)
        elif board and is_installed("tensorboard"):  # with the extra `train`; without it, log.csv has all of it
            from torch.utils.tensorboard import SummaryWriter  # slow to import

            self.board = SummaryWriter(str(out / "tensorboard"), purge_step=keep_until if keep_until > 0 else None)

    def write(self, row: dict[str, float]) -> None:
        """Add a row; what is missing stays blank."""
        with storage.explaining_full_disk(self.path):
            self.writer.writerow(row)
            self.file.flush()
        if self.board is not None:
            for name, value in row.items():
                if name != self.columns[0]:
                    self.board.add_scalar(name, value, int(row[self.columns[0]]))

    def close(self) -> None:
        """No more rows."""
        self.file.close()
        if self.board is not None:
            self.board.close()


class NoLog:
    """The log of a process that writes nothing."""

    def write(self, row: dict[str, float]) -> None:
        """Leave it to the first process."""

    def close(self) -> None:
        """Nothing was opened."""


def _rows(path: Path) -> list[dict[str, str]]:
    """Rows of a log; a last one that a killed process did not finish is left out."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8", errors="replace") as handle:
        rows = list(csv.DictReader(handle))
    return [row for row in rows if (row.get("shown") or "").isdigit() and None not in row.values()]
