"""Which items are of one kind: the same type and section, or whatever columns of the item table are named."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gigs.errors import DataError

USUAL_COLUMNS = ("type", "section")


def alike(items: pd.DataFrame, columns: Sequence[str] = ()) -> np.ndarray:
    """A number for each item, the same for items that agree in all columns; int64 `[items]`, from 0.

    Args:
        items: A catalogue's item table.
        columns: Names of its columns; a blank agrees with a blank. Without any, those of `USUAL_COLUMNS` that it has.

    Raises:
        DataError: The table has not that column, or none of the usual ones.
    """
    named = list(columns) or [name for name in USUAL_COLUMNS if name in items]
    missing = [name for name in named if name not in items]
    if missing or not named:
        what = f"no column {', '.join(missing)}" if missing else f"neither of {', '.join(USUAL_COLUMNS)}"
        raise DataError(f"the item table has {what}; name columns of it with --alike: {', '.join(items.columns)}")
    return items.groupby(named, dropna=False, sort=True).ngroup().to_numpy(dtype=np.int64)
