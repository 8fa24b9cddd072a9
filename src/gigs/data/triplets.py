"""Triplets (u, i, j) for Bayesian personalised ranking: an item the user has, and one the user has not (Eq. 2)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gigs.errors import DataError

Triplets = tuple[np.ndarray, np.ndarray, np.ndarray]
SCHEMES = ("user", "pair")


class TripletSampler:
    """Draw (u, i, j) with i in I_u+ and j in I without I_u+ (Eq. 2 of the paper), vectorised and without rejection.

    The r-th item that a user does *not* have is found by bisection over the user's own items, so a draw always ends,
    however much of the pool a user owns. A user who owns the whole pool has no triplet and is skipped.

    Args:
        users: int `[P]`, user of each distinct positive pair, in `0..user_count-1`.
        items: int `[P]`, its item, in `0..item_count-1`.
        user_count: Number of users.
        item_count: Number of items.
        pool: int or bool index of the items from which negatives come; all items if None. Positives need not be in it.
        scheme: `"user"` draws the user first, then one of the user's items, as DVBPR's code does; `"pair"` draws
            uniformly from the pairs, as Rendle et al. 2012 do.

    Raises:
        DataError: There is no pair, an index is out of range, or no user is left to draw from.
    """

    def __init__(
        self,
        users: np.ndarray,
        items: np.ndarray,
        *,
        user_count: int,
        item_count: int,
        pool: np.ndarray | None = None,
        scheme: str = "user",
    ) -> None:
        if scheme not in SCHEMES:
            raise DataError(f"sampling scheme {scheme!r} is unknown; choose one of {', '.join(SCHEMES)}")
        pairs = _distinct(users, items, user_count, item_count)
        self.scheme = scheme
        self.pool = _as_rows(pool, item_count)
        self._index_unseen(pairs, user_count, item_count)
        unseen = len(self.pool) - self._owned
        has_any = np.bincount(pairs[:, 0], minlength=user_count) > 0
        self.skipped_users: np.ndarray = np.flatnonzero(has_any & (unseen == 0))
        self._pairs = pairs[unseen[pairs[:, 0]] > 0]
        if not len(self._pairs):
            raise DataError("no triplet can be drawn: there is no interaction, or each user has every item")
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
        return users, items, self.unseen(users, rng)

    def unseen(self, users: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Draw, for each user, one item of the pool that the user does not have, uniformly; int64, like `users`."""
        rank = rng.integers(0, len(self.pool) - self._owned[users])
        keys = users * (len(self.pool) + 1) + rank
        before = np.searchsorted(self._keys, keys, side="right") - self._first[users]
        return self.pool[rank + before]

    def batches(self, batch_size: int, rng: np.random.Generator, *, count: int | None = None) -> Iterator[Triplets]:
        """Batches that make one epoch: `count` triplets (one per positive pair if None), the last batch shorter."""
        remaining = len(self) if count is None else count
        while remaining > 0:
            yield self.sample(min(batch_size, remaining), rng)
            remaining -= batch_size

    def _index_unseen(self, pairs: np.ndarray, user_count: int, item_count: int) -> None:
        """Prepare the bisection: with p_k the place in the pool of a user's k-th item, p_k - k never falls in k.

        The r-th unseen place is then r plus the number of k with p_k - k <= r; one sorted array serves all users.
        """
        place = np.full(item_count, -1, dtype=np.int64)
        place[self.pool] = np.arange(len(self.pool))
        inside = pairs[place[pairs[:, 1]] >= 0]
        owner = inside[:, 0]
        self._owned = np.bincount(owner, minlength=user_count)
        self._first = np.concatenate([[0], np.cumsum(self._owned)[:-1]]).astype(np.int64)
        position_in_user = np.arange(len(owner)) - self._first[owner]
        self._keys = owner * (len(self.pool) + 1) + place[inside[:, 1]] - position_in_user


def _distinct(users: np.ndarray, items: np.ndarray, user_count: int, item_count: int) -> np.ndarray:
    """Distinct pairs int64 `[P,2]`, ordered by user, then item; both orders are what the bisection needs."""
    pairs = np.stack([np.asarray(users, dtype=np.int64), np.asarray(items, dtype=np.int64)], axis=1)
    if not len(pairs):
        raise DataError("no triplet can be drawn: there is no interaction")
    if pairs.min() < 0 or pairs[:, 0].max() >= user_count or pairs[:, 1].max() >= item_count:
        raise DataError(f"an interaction names a user beyond {user_count} or an item beyond {item_count}")
    return np.unique(pairs, axis=0)


def _as_rows(pool: np.ndarray | None, item_count: int) -> np.ndarray:
    """Any index of items as sorted distinct rows, int64."""
    if pool is None:
        return np.arange(item_count, dtype=np.int64)
    pool = np.asarray(pool)
    rows = np.flatnonzero(pool) if pool.dtype == bool else np.unique(pool)
    if not len(rows):
        raise DataError("no item to draw negatives from: the pool is empty")
    return rows.astype(np.int64)
