"""Triplets (u, i, j) for Bayesian personalised ranking: a user, an item they have, and one they have not (Eq. 2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gigs.errors import DataError

Triplets = tuple[np.ndarray, np.ndarray, np.ndarray]
SCHEMES = ("user", "pair")


@dataclass(frozen=True)
class Negatives:
    """The items that negatives are drawn from.

    Attributes:
        pool: Index (int or bool) of the items; all if None. Positives need not be in it.
        groups: int `[items]`, the kind of each item (`data.alike`); needed for `within`.
        within: Share of the negatives, 0 to 1, that are drawn among items of the positive's kind. If the user has all
            of these, the negative comes from the whole pool.
    """

    pool: np.ndarray | None = None
    groups: np.ndarray | None = None
    within: float = 0.0


ANY_ITEM = Negatives()


class TripletSampler:
    """Draws (u, i, j) with i in I_u+ and j in I without I_u+ (Eq. 2 of the paper), vectorised and without rejection.

    The r-th item that a user does *not* have is found by bisection over the user's own items, so a draw always ends,
    even if a user owns most of the pool. A user who owns the whole pool is skipped.

    Args:
        users: int `[P]`, user of each distinct positive pair, in `0..user_count-1`.
        items: int `[P]`, its item, in `0..item_count-1`.
        user_count: Number of users.
        item_count: Number of items.
        negatives: Items that negatives come from; all by default.
        scheme: `"user"` draws the user first, then one of the user's items, as DVBPR's code does; `"pair"` draws
            uniformly from the pairs, as Rendle et al. 2012 do.

    Raises:
        DataError: There is no pair, an index is out of range, no user can be drawn, or kinds are missing.
    """

    def __init__(
        self,
        users: np.ndarray,
        items: np.ndarray,
        *,
        user_count: int,
        item_count: int,
        negatives: Negatives = ANY_ITEM,
        scheme: str = "user",
    ) -> None:
        if scheme not in SCHEMES:
            raise DataError(f"sampling scheme {scheme!r} is unknown; choose one of {', '.join(SCHEMES)}")
        pairs = _distinct(users, items, user_count, item_count)
        self.scheme = scheme
        self.pool, self.within = _as_rows(negatives.pool, item_count), negatives.within
        if self.within:
            self._index_groups(negatives.groups, item_count)
        self._index_unseen(pairs, user_count, item_count)
        unseen = len(self.pool) - self._owned
        has_any = np.bincount(pairs[:, 0], minlength=user_count) > 0
        self.skipped_users: np.ndarray = np.flatnonzero(has_any & (unseen == 0))
        self._pairs = pairs[unseen[pairs[:, 0]] > 0]
        if not len(self._pairs):
            raise DataError(
                "no triplet can be drawn: there are no interactions, or each user has every item; import more "
                "items than any user bought"
            )
        self._drawn_users, self._starts, self._counts = np.unique(
            self._pairs[:, 0], return_index=True, return_counts=True
        )

    def __len__(self) -> int:
        """Number of distinct positive pairs that triplets are drawn from."""
        return len(self._pairs)

    def sample(self, count: int, rng: np.random.Generator) -> Triplets:
        """Draw `count` triplets.

        Returns:
            Users u, observed items i and unobserved items j, int64 `[count]` each.
        """
        if self.scheme == "pair":
            rows = rng.integers(0, len(self._pairs), size=count)
        else:
            drawn = rng.integers(0, len(self._drawn_users), size=count)
            rows = self._starts[drawn] + rng.integers(0, self._counts[drawn])
        users, items = self._pairs[rows, 0], self._pairs[rows, 1]
        others = self.unseen(users, rng)
        if self.within:
            kept = rng.random(count) < self.within
            others[kept] = self.unseen_alike(users[kept], items[kept], rng)
        return users, items, others

    def unseen(self, users: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw for each user, uniformly, one item of the pool that the user does not have; int64, like `users`."""
        return self._at_rank(users, rng.integers(0, len(self.pool) - self._owned[users]))

    def unseen_alike(self, users: np.ndarray, items: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw for each user one item of the pool that is in the item's group and that the user does not have.

        The pool is sorted by group, so a group's unseen items are a range among a user's unseen ones. A user who has
        them all gets an item of the whole pool.
        """
        start, stop = (edges[self._groups[items]] for edges in (self._starts_of_groups, self._ends_of_groups))
        first, last = (edge - self._owned_before(users, edge) for edge in (start, stop))
        none = first == last
        first[none], last[none] = 0, len(self.pool) - self._owned[users[none]]
        return self._at_rank(users, rng.integers(first, last))

    def _owned_before(self, users: np.ndarray, places: np.ndarray) -> np.ndarray:
        """How many of a user's items are before a place in the pool, int64."""
        return np.searchsorted(self._places, users * (len(self.pool) + 1) + places) - self._first[users]

    def _at_rank(self, users: np.ndarray, rank: np.ndarray) -> np.ndarray:
        """The `rank`-th item of the pool (from 0) that a user does not have."""
        keys = users * (len(self.pool) + 1) + rank
        before = np.searchsorted(self._keys, keys, side="right") - self._first[users]
        return self.pool[rank + before]

    def batches(self, batch_size: int, rng: np.random.Generator, *, count: int | None = None) -> Iterator[Triplets]:
        """Yield the batches of one epoch: `count` triplets (one per positive pair if None).

        The last batch may be shorter.
        """
        remaining = len(self) if count is None else count
        while remaining > 0:
            yield self.sample(min(batch_size, remaining), rng)
            remaining -= batch_size

    def _index_unseen(self, pairs: np.ndarray, user_count: int, item_count: int) -> None:
        """Prepare the bisection: if p_k is the place of a user's k-th item in the pool, p_k - k never decreases with k.

        The r-th unseen place is then r plus the number of k with p_k - k <= r; one sorted array serves all users.
        """
        place = np.full(item_count, -1, dtype=np.int64)
        place[self.pool] = np.arange(len(self.pool))
        inside = pairs[place[pairs[:, 1]] >= 0]
        inside = inside[np.lexsort((place[inside[:, 1]], inside[:, 0]))]
        owner = inside[:, 0]
        self._owned = np.bincount(owner, minlength=user_count)
        self._first = np.concatenate([[0], np.cumsum(self._owned)[:-1]]).astype(np.int64)
        position_in_user = np.arange(len(owner)) - self._first[owner]
        self._places = owner * (len(self.pool) + 1) + place[inside[:, 1]]
        self._keys = self._places - position_in_user

    def _index_groups(self, groups: np.ndarray | None, item_count: int) -> None:
        """Sort the pool by group, and note where each group begins and ends."""
        if groups is None or len(groups) != item_count:
            raise DataError("negatives of the positive's own kind need a kind for every item")
        if not 0 <= self.within <= 1:
            raise DataError(f"`within` {self.within:g}: the share of the negatives must be from 0 to 1")
        self._groups = np.unique(groups, return_inverse=True)[1]
        self.pool = self.pool[np.argsort(self._groups[self.pool], kind="stable")]
        everyone = np.arange(self._groups.max() + 1)
        self._starts_of_groups = np.searchsorted(self._groups[self.pool], everyone, side="left")
        self._ends_of_groups = np.searchsorted(self._groups[self.pool], everyone, side="right")


def _distinct(users: np.ndarray, items: np.ndarray, user_count: int, item_count: int) -> np.ndarray:
    """Distinct pairs int64 `[P,2]`, ordered by user, then item."""
    pairs = np.stack([np.asarray(users, dtype=np.int64), np.asarray(items, dtype=np.int64)], axis=1)
    if not len(pairs):
        raise DataError("no triplet can be drawn: there are no interactions")
    if pairs.min() < 0 or pairs[:, 0].max() >= user_count or pairs[:, 1].max() >= item_count:
        raise DataError(f"an interaction names a user beyond {user_count} or an item beyond {item_count}")
    keys = np.unique(pairs[:, 0] * item_count + pairs[:, 1])  # of numbers, in a tenth of the time
    return np.stack([keys // item_count, keys % item_count], axis=1)


def _as_rows(pool: np.ndarray | None, item_count: int) -> np.ndarray:
    """Convert any index of items to sorted distinct rows, int64."""
    if pool is None:
        return np.arange(item_count, dtype=np.int64)
    pool = np.asarray(pool)
    rows = np.flatnonzero(pool) if pool.dtype == bool else np.unique(pool)
    if not len(rows):
        raise DataError("no item to draw negatives from: the pool is empty")
    return rows.astype(np.int64)
