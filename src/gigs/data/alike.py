"""Groups of similar items: those with the same type and section, or the same values in other columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gigs.errors import DataError

USUAL_COLUMNS = ("type", "section")


def alike(items: pd.DataFrame, columns: Sequence[str] = ()) -> np.ndarray:
    """Number each item's kind, int64 `[items]`, from 0: items that agree in all columns have the same number.

    Args:
        items: A catalogue's item table.
        columns: Names of columns; blank cells agree with one another. By default, those of `USUAL_COLUMNS` that the
            table has.

    Raises:
        DataError: The table lacks a named column, or has none of the usual ones.
    """
    named = list(columns) or [name for name in USUAL_COLUMNS if name in items]
    missing = [name for name in named if name not in items]
    if missing or not named:
        what = f"no column {', '.join(missing)}" if missing else f"neither of {', '.join(USUAL_COLUMNS)}"
        raise DataError(f"the item table has {what}; `alike` may name these columns: {', '.join(items.columns)}")
    return items.groupby(named, dropna=False, sort=True).ngroup().to_numpy(dtype=np.int64)
