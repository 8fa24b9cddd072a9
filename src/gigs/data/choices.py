"""Choices: an item that a buyer took, paired with a similar one that was on sale at the time but not bought."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from gigs.data.alike import USUAL_COLUMNS, alike
from gigs.data.catalogue import Catalogue
from gigs.errors import DataError

OFTEN = 5  # purchases of an item that tell how long it was on sale


@dataclass(frozen=True, kw_only=True)
class ChoiceSettings:
    """How the alternatives to a purchase are drawn.

    Attributes:
        alternatives: Number to draw for each purchase, without repetition. There may be fewer.
        days: Shortest time that an item counts as on sale, around the middle of its purchases. None measures how long
            items usually are on sale (`usual_days`). A rarely bought item was on sale longer than its purchases show.
            Without this minimum, popular items would be over-represented among the alternatives, which would hide what
            makes an item popular.
        kind: Columns of the item table in which an alternative must agree with the bought item.
        seed: Random seed of the draw.
    """

    alternatives: int = 3
    days: int | None = None
    kind: tuple[str, ...] = USUAL_COLUMNS
    seed: int = 0

    def __post_init__(self) -> None:
        if self.alternatives < 1 or (self.days is not None and self.days < 0) or not self.kind:
            raise DataError("choices need at least 1 alternative, 0 days and 1 column of the item table")


@dataclass(frozen=True)
class Choices:
    """Pairs of a bought item and an alternative.

    Attributes:
        users: Row of the buyer in the catalogue, int64 `[P]`.
        bought: Row of the bought item, int64 `[P]`.
        other: Row of the alternative, int64 `[P]`.
        purchases: Number of purchases that the pairs come from.
        days: Shortest time that an item counted as on sale.
        alone: Number of purchases without any alternative; they are in no pair.
    """

    users: np.ndarray
    bought: np.ndarray
    other: np.ndarray
    purchases: int
    alone: int
    days: int

    def __len__(self) -> int:
        return len(self.users)

    def of(self, users: np.ndarray) -> Choices:
        """The choices of some buyers, given by their rows. The counts are theirs too."""
        kept = np.isin(self.users, users)
        buyers, bought = self.users[kept], self.bought[kept]
        purchases = len(np.unique(np.stack([buyers, bought], axis=1), axis=0))
        return Choices(buyers, bought, self.other[kept], purchases=purchases, alone=0, days=self.days)


def read_choices(
    catalogue: Catalogue,
    splits: tuple[str, ...],
    users: np.ndarray | None = None,
    settings: ChoiceSettings | None = None,
) -> Choices:
    """Pair all purchases in some splits with alternatives.

    An alternative has a picture, was bought by somebody, agrees with the purchase in `settings.kind`, was on sale on
    that day, and was never bought by the same buyer.

    Args:
        catalogue: A catalogue with dated purchases. An item without any date counts as always on sale.
        splits: Names from `catalogue.SPLITS`.
        users: Rows of the buyers; all if None.
        settings: How alternatives are drawn.

    Raises:
        DataError: A column is missing, or no purchase has an alternative.
    """
    settings = settings or ChoiceSettings()
    pictured = catalogue.items["has_image"].to_numpy(dtype=bool)
    sales = catalogue.interactions[pictured[catalogue.interactions["item"].to_numpy()]]
    wanted = sales[sales["split"].isin(splits)]
    if users is not None:
        wanted = wanted[wanted["user"].isin(users)]
    shelves = _Shelves(catalogue, sales, settings)
    owned = sales.groupby("user")["item"].agg(set).to_dict()
    rng = np.random.default_rng(settings.seed)
    pairs, alone = list[tuple[int, int, int]](), 0
    for user, item, day in zip(wanted["user"], wanted["item"], _days(wanted["first"]), strict=True):
        others = [other for other in shelves.beside(item, day) if other not in owned[user]]
        if not others:
            alone += 1
            continue
        drawn = rng.choice(others, size=min(settings.alternatives, len(others)), replace=False)
        pairs += [(user, item, int(other)) for other in drawn]
    if not pairs:
        kind = " and ".join(settings.kind)
        raise DataError(f"{catalogue.root}: no purchase in {', '.join(splits)} has an alternative of the same {kind}")
    buyers, bought, other = np.array(pairs, dtype=np.int64).T
    return Choices(buyers, bought, other, purchases=len(wanted) - alone, alone=alone, days=shelves.days)


class _Shelves:
    """Which items of each kind were on sale on a day."""

    def __init__(self, catalogue: Catalogue, sales: pd.DataFrame, settings: ChoiceSettings) -> None:
        self._kind = alike(catalogue.items, settings.kind)
        by_item = sales.groupby("item").agg(first=("first", "min"), last=("last", "max"), count=("user", "size"))
        items = by_item.index.to_numpy(dtype=np.int64)
        first, last = _days(by_item["first"]), _days(by_item["last"])
        counts = by_item["count"].to_numpy()
        self.days = usual_days(last - first, counts) if settings.days is None else settings.days
        middle, half = (first + last) / 2, np.maximum(last - first, self.days) / 2
        self._from, self._to = middle - half, middle + half
        self._items = items
        self._places = pd.Series(np.arange(len(items))).groupby(self._kind[items]).agg(np.array).to_dict()

    def beside(self, item: int, day: float) -> list[int]:
        """Other items of the same kind that were on sale on a day (NaN: on any day)."""
        places = self._places[self._kind[item]]
        # written so that a missing date compares as on sale
        absent = (self._from[places] > day) | (self._to[places] < day)
        return [int(other) for other in self._items[places[~absent]] if other != item]


def usual_days(spans: np.ndarray, purchases: np.ndarray) -> int:
    """How long an item usually is on sale: the median over items with five or more purchases, or over all.

    On average, n purchases at random moments of a time T span `T (n-1)/(n+1)`, so each span is divided by
    `(n-1)/(n+1)`.

    Args:
        spans: Days from the first to the last purchase, `[N]`; NaN where unknown.
        purchases: How many, `[N]`.
    """
    often = (purchases >= OFTEN) & np.isfinite(spans)
    if not often.any():
        often = (purchases >= 2) & np.isfinite(spans)
    if not often.any():
        return 0
    return round(float(np.median(spans[often] * (purchases[often] + 1) / (purchases[often] - 1))))


def _days(dates: pd.Series) -> np.ndarray:
    """Days since 1970, float64; NaN where there is no date."""
    parsed = pd.to_datetime(dates, errors="coerce")
    return ((parsed - pd.Timestamp(0)) / pd.Timedelta(days=1)).to_numpy(dtype=np.float64)
