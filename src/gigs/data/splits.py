"""Splits purchases for training, validation and testing: by each user's last items, or by time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gigs.errors import DataError, InputError

SPLITS = ("train", "validation", "test")
LAST_OUT, TIME = "leave-last-out", "time"
KINDS = (LAST_OUT, TIME)
MINIMUM = 4


@dataclass(frozen=True, kw_only=True)
class SplitSettings:
    """How a catalogue's pairs of user and item are split.

    Attributes:
        kind: `"leave-last-out"`: each user's last item is for testing, the one before it for validation. `"time"`:
            everything from one day on is for testing, and everything from an earlier day on for validation.
        test_share: With `"time"`: share of all pairs (the newest) for testing. As many before them are for validation.
        minimum: With `"leave-last-out"`: users with fewer distinct items are used only for training.
    """

    kind: str = LAST_OUT
    test_share: float = 0.1
    minimum: int = MINIMUM

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError(f"`split` {self.kind!r} is unknown; choose one of {', '.join(KINDS)}")
        if not 0 < self.test_share < 0.5:
            raise InputError(f"`test_share` {self.test_share:g}: must be above 0 and below 0.5")


USUAL = SplitSettings()


def split_pairs(
    pairs: pd.DataFrame, settings: SplitSettings = USUAL, *, seed: int = 0
) -> tuple[pd.Series, dict[str, Any]]:
    """Split distinct pairs of user and item.

    Args:
        pairs: With the columns `user`, `item` and `first`, the time at which the user first had the item.
        settings: Kind of split.
        seed: Draws the order of items that a user first had at the same time.

    Returns:
        One of `SPLITS` per row of `pairs`, and the entry for `catalogue.json`: `kind`, `seed`, `pairs` by split, and
            with `"time"` the two borders and how many users and items are new after them.

    Raises:
        DataError: The split is by time, but pairs have no times, or too few different ones.
    """
    if settings.kind == LAST_OUT:
        split = leave_last_out(pairs, settings.minimum, seed=seed)
        about: dict[str, Any] = {"minimum": settings.minimum}
    else:
        split, about = _split_by_time(pairs, settings.test_share)
    counts = {name: int((split == name).sum()) for name in SPLITS}
    return split, {"kind": settings.kind, "seed": seed, "pairs": counts} | about


def leave_last_out(pairs: pd.DataFrame, minimum: int = MINIMUM, *, seed: int = 0) -> pd.Series:
    """Use each user's last distinct item for testing, and the one before it for validation.

    Items are ordered by the user's *first* purchase, so a test item was new to its user, and no training item came
    later. Items of the same time are in random order, because their order in the table tells how new an item is to the
    shop.

    Args:
        pairs: Distinct (user, item) pairs with the column `first`.
        minimum: Users with fewer distinct items are used only for training.
        seed: Random seed of that order. The order of the rows of `pairs` does not matter.

    Returns:
        One of `SPLITS` per row of `pairs`.
    """
    users, first = _sortable(pairs["user"]), _sortable(pairs["first"])
    drawn = np.empty(len(pairs), dtype=np.int32)
    drawn[np.lexsort((_sortable(pairs["item"]), users))] = np.random.default_rng(seed).permutation(len(pairs))
    order = np.lexsort((drawn, first, users))
    del drawn, first
    names = np.full(len(pairs), SPLITS[0], dtype=object)
    if len(pairs):
        begins = np.flatnonzero(np.diff(users[order], prepend=users[order[0]] - 1))
        sizes = np.diff(begins, append=len(pairs))
        for place, name in enumerate(("test", "validation"), start=1):
            enough = sizes >= max(minimum, place)
            names[order[(begins + sizes - place)[enough]]] = name
    return pd.Series(names, index=pairs.index, dtype=object)


def _sortable(column: pd.Series) -> np.ndarray:
    """A column's values as numbers in the same order, with missing values last."""
    values = column.to_numpy()
    if values.dtype.kind == "M":
        return np.where(np.isnat(values), np.iinfo(np.int64).max, values.view(np.int64))
    return values if values.dtype.kind in "iuf" else np.unique(values, return_inverse=True)[1]


def _split_by_time(pairs: pd.DataFrame, share: float) -> tuple[pd.Series, dict[str, Any]]:
    """Use everything from one time on for testing, and everything from an earlier time on for validation.

    No training pair is newer than any test pair, of whatever user. A user without a pair before the first border has no
    taste to test, and an item that nobody had before it is unseen in training; both are counted.
    """
    times = pairs["first"]
    if times.isna().any():
        raise DataError(
            "a split by time needs a time for every purchase; name the column of times, or choose another split"
        )
    order = np.sort(times.to_numpy())
    place = [int(len(order) * (1 - part * share)) for part in (2, 1)]
    if not len(order) or not order[0] < order[place[0]] < order[place[1]]:
        raise DataError("a split by time: too few different times; choose another `test_share`")
    validation_from, test_from = (order[where] for where in place)
    late = (times.to_numpy() >= validation_from).astype(int) + (times.to_numpy() >= test_from)
    split = pd.Series(np.array(SPLITS, dtype=object)[late], index=pairs.index)
    new = {}
    for name in ("user", "item"):
        known = pairs.loc[split == "train", name].unique()
        new[f"new_{name}s"] = int(pairs.loc[~pairs[name].isin(known), name].nunique())
        new[f"pairs_of_new_{name}s"] = int((~pairs[name].isin(known)).sum())
    borders = {"validation_from": str(validation_from), "test_from": str(test_from)}
    return split, {"test_share": share} | borders | new
