"""Which items to work on, and how often each is drawn."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gigs.conditions import matching
from gigs.data.catalogue import Catalogue
from gigs.errors import InputError


def select(catalogue: Catalogue, rows: np.ndarray, where: str) -> np.ndarray:
    """Rows that satisfy a condition on the item table, such as `group in ["Shoes"]`; all of them if it is empty.

    Raises:
        InputError: The condition cannot be evaluated.
    """
    if not where:
        return rows
    return rows[matching(catalogue.items.iloc[rows], where, "--where")]


def odds(catalogue: Catalogue, rows: np.ndarray, column: str) -> Tensor:
    """How often each item is drawn, `[rows]`: evenly, or by 1/sqrt(how many share its value in `column`).

    Raises:
        InputError: There is no such column.
    """
    if not column:
        return torch.ones(len(rows))
    if column not in catalogue.items:
        raise InputError(f"--balance {column!r}: no such column; there are {', '.join(catalogue.items.columns)}")
    values = catalogue.items[column].iloc[rows].fillna("")
    return torch.from_numpy(values.map(values.value_counts()).to_numpy(dtype=np.float32)).rsqrt()
