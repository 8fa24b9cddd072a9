"""Interactions as a recommender uses them: its users, usable items, and the three splits."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from gigs.data.catalogue import Catalogue
from gigs.errors import DataError

Pairs = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """Distinct (user, item) pairs of a catalogue, in the rows of one recommender.

    Attributes:
        user_ids: Ids of the recommender's users; row r of its theta.
        item_count: Number of items of the catalogue.
        items: The catalogue's item table, whose columns tell which items are alike.
        usable: bool `[items]`, has a picture.
        trainable: bool `[items]`, usable and not kept from training as a held-out product.
        bought: bool `[items]`, usable and bought by anybody in the catalogue, in any split.
        train: Users and items (int64 each) that training may see.
        validation: The same, for early stopping.
        test: The same, for reporting.
        seen: Every pair of these users in any split: what a recommendation must not repeat.
        dropped: What was left out, and how much of it.
    """

    user_ids: list[str]
    item_count: int
    items: pd.DataFrame = field(repr=False)
    usable: np.ndarray
    trainable: np.ndarray
    bought: np.ndarray
    train: Pairs
    validation: Pairs
    test: Pairs
    seen: Pairs
    dropped: dict[str, int]

    def split(self, name: str) -> Pairs:
        """Pairs of `"validation"` or `"test"` (or `"train"`)."""
        if name not in ("train", "validation", "test"):
            raise DataError(f"split {name!r} is unknown; choose validation or test")
        return getattr(self, name)

    def popularity(self) -> np.ndarray:
        """Number of training users who have each item, float64 `[items]`."""
        return np.bincount(self.train[1], minlength=self.item_count).astype(np.float64)


def read_feedback(
    catalogue: Catalogue,
    *,
    user_ids: list[str] | None = None,
    fold: int | None = None,
    folds: int = 2,
    min_items: int = 1,
    include_held_out: bool = False,
) -> Feedback:
    """Read a catalogue's interactions for one recommender.

    Args:
        catalogue: The catalogue.
        user_ids: Exactly these users (a trained model's own). None: all with enough items, in the catalogue's order.
        fold: Only users whose id hashes to this fold, so that target and judges can know disjoint buyers.
        folds: Number of folds.
        min_items: Least number of distinct training items of a user.
        include_held_out: Also train on items of held-out products (they stay in validation and test either way).

    Raises:
        DataError: No interaction is left, or a user is unknown.
    """
    items, pairs = catalogue.items, catalogue.interactions
    usable = items["has_image"].to_numpy(dtype=bool)
    trainable = usable if include_held_out else usable & ~items["held_out"].to_numpy(dtype=bool)
    pictured = pairs.loc[usable[pairs["item"].to_numpy()], ["user", "item", "split"]]
    train = (pictured["split"] == "train").to_numpy() & trainable[pictured["item"].to_numpy()]
    if user_ids is None:
        rows = _choose(catalogue, pictured[train], min_items, fold, folds)
    else:
        rows = _rows_of(catalogue, user_ids)
    if not len(rows):
        raise DataError(
            f"{catalogue.root}: no user has {min_items} training items with a picture; import more purchases"
        )
    return Feedback(
        user_ids=catalogue.users["user_id"].astype(str).to_numpy()[rows].tolist(),
        item_count=len(items),
        items=items,
        usable=usable,
        trainable=trainable,
        bought=np.bincount(pictured["item"].to_numpy(), minlength=len(items)) > 0,
        **_split(pictured, train, rows, len(catalogue.users)),
        dropped=_dropped(catalogue, pictured, train, rows),
    )


def _dropped(catalogue: Catalogue, pictured: pd.DataFrame, train: np.ndarray, rows: np.ndarray) -> dict[str, int]:
    """Counts of what is left out."""
    return {
        "interactions_without_picture": len(catalogue.interactions) - len(pictured),
        "training_interactions_with_held_out_items": int((pictured["split"] == "train").sum() - train.sum()),
        "users": len(catalogue.users) - len(rows),
    }


def in_fold(user_ids: np.ndarray, fold: int, folds: int) -> np.ndarray:
    """Whether each id belongs to a fold, bool; by hash, so it holds across catalogues, orders and machines.

    Raises:
        DataError: There is no such fold.
    """
    if not 0 <= fold < folds:
        raise DataError(f"fold {fold} of {folds} does not exist; choose 0 to {folds - 1}")
    hashes = [int.from_bytes(hashlib.sha256(str(identifier).encode()).digest()[:8], "big") for identifier in user_ids]
    return np.array([value % folds == fold for value in hashes], dtype=bool)


def _choose(catalogue: Catalogue, train: pd.DataFrame, min_items: int, fold: int | None, folds: int) -> np.ndarray:
    """Rows of users with enough training items, of one fold or all."""
    counts = np.bincount(train["user"].to_numpy(), minlength=len(catalogue.users))
    rows = np.flatnonzero(counts >= max(1, min_items))
    if fold is None:
        return rows
    return rows[in_fold(catalogue.users["user_id"].to_numpy()[rows], fold, folds)]


def _rows_of(catalogue: Catalogue, user_ids: list[str]) -> np.ndarray:
    """Rows of the users with these ids."""
    place = pd.Series(np.arange(len(catalogue.users)), index=catalogue.users["user_id"].astype(str))
    known = place.index.isin(set(user_ids))
    if known.sum() != len(user_ids):
        raise DataError(
            f"{catalogue.root}: knows {int(known.sum())} of the recommender's {len(user_ids)} users; "
            "give the catalogue it was trained on"
        )
    return place.loc[user_ids].to_numpy()


def _split(pictured: pd.DataFrame, train: np.ndarray, rows: np.ndarray, user_count: int) -> dict[str, Pairs]:
    """Pairs by split, with users renumbered to `rows`."""
    renumber = np.full(user_count, -1, dtype=np.int64)
    renumber[rows] = np.arange(len(rows))
    users, items = renumber[pictured["user"].to_numpy()], pictured["item"].to_numpy(dtype=np.int64)
    known, names = users >= 0, pictured["split"]
    masks = {"train": train & known, "seen": known}
    masks |= {name: (names == name).to_numpy() & known for name in ("validation", "test")}
    return {name: (users[mask], items[mask]) for name, mask in masks.items()}
