"""Ranks of held-out purchases among the items that their users have not seen, computed in blocks of users."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gigs.recommender.feedback import Pairs

METRICS = ("auc", "recall@10", "recall@50", "ndcg@10")
SCORE_CELLS = 8_000_000  # scores that are in memory at once, however many users and items there are
MOST_RANKED = 20_000  # users; the error of their mean AUC is at most .004


@dataclass(frozen=True)
class Ranks:
    """Where held-out items stand among their candidates, one entry per pair.

    Attributes:
        users: int64 `[P]`.
        items: int64 `[P]`, the held-out item.
        above: int64 `[P]`, candidates with a higher score.
        ties: int64 `[P]`, candidates with the same score.
        total: int64 `[P]`, all candidates; the held-out item itself is not one.
    """

    users: np.ndarray
    items: np.ndarray
    above: np.ndarray
    ties: np.ndarray
    total: np.ndarray

    def metrics(self) -> dict[str, np.ndarray]:
        """Each of `METRICS` per pair, float64 `[P]`; ties count as a random order would on average."""
        with np.errstate(invalid="ignore", divide="ignore"):
            auc = (self.total - self.above - 0.5 * self.ties) / self.total  # NaN: no candidate to compare with
        return {
            "auc": auc,
            "recall@10": _recall(self, 10),
            "recall@50": _recall(self, 50),
            "ndcg@10": _ndcg(self, 10),
        }


def _recall(ranks: Ranks, k: int) -> np.ndarray:
    """Chance that the item is among the first k."""
    return np.clip((k - ranks.above) / (ranks.ties + 1.0), 0.0, 1.0)


def _ndcg(ranks: Ranks, k: int) -> np.ndarray:
    """Expected 1 / log2(rank + 1) if the rank is at most k, else 0: NDCG with one relevant item."""
    gains = np.concatenate([[0.0], np.cumsum(1.0 / np.log2(np.arange(1, k + 1) + 1.0))])
    first, last = np.minimum(ranks.above, k), np.minimum(ranks.above + ranks.ties + 1, k)
    return (gains[last] - gains[first]) / (ranks.ties + 1.0)


def rank_held_out(
    theta: np.ndarray,
    phi: np.ndarray,
    held_out: Pairs,
    seen: Pairs,
    candidates: np.ndarray,
    groups: np.ndarray | None = None,
) -> Ranks:
    """Rank each held-out item among the candidates its user has not interacted with, by theta^T phi (Eq. 1).

    Args:
        theta: `[U,K]`.
        phi: `[N,K]`.
        held_out: Users and items to rank.
        seen: Users and items of every known interaction; these are no candidates (nor is the held-out item itself).
        candidates: bool `[N]`, items that may be recommended at all.
        groups: int `[N]`: only items of the held-out item's own group are its candidates. None: all are.
    """
    users, items = held_out
    start, owned = _by_user(_of_users(seen, users, len(theta)), len(theta))
    above, ties, total = (np.zeros(len(users), dtype=np.int64) for _ in range(3))
    phi = phi.astype(np.float64)
    step = max(1, SCORE_CELLS // max(1, len(phi)))
    for begin in range(0, len(users), step):
        part = slice(begin, begin + step)
        who, what = users[part], items[part]
        scores = theta[who].astype(np.float64) @ phi.T
        valid = np.repeat(candidates[None], len(who), axis=0)
        counts = start[who + 1] - start[who]
        rows = np.repeat(np.arange(len(who)), counts)
        within = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
        valid[rows, owned[np.repeat(start[who], counts) + within]] = False
        valid[np.arange(len(who)), what] = False
        if groups is not None:
            valid &= groups[None] == groups[what][:, None]
        target = scores[np.arange(len(who)), what][:, None]
        above[part] = ((scores > target) & valid).sum(1)
        ties[part] = ((scores == target) & valid).sum(1)
        total[part] = valid.sum(1)
    return Ranks(users, items, above, ties, total)


def rank_by_one_score(
    scores: np.ndarray,
    held_out: Pairs,
    seen: Pairs,
    candidates: np.ndarray,
    groups: np.ndarray | None = None,
) -> Ranks:
    """As `rank_held_out` where all users see each item alike: by one score an item, `[N]`.

    All candidates are counted by bisection, and those that the user has seen are taken away.
    """
    users, items = held_out
    user_count = int(max(held_out[0].max(initial=-1), seen[0].max(initial=-1))) + 1
    group = np.zeros(len(scores), dtype=np.int64) if groups is None else np.unique(groups, return_inverse=True)[1]
    level = np.unique(scores, return_inverse=True)[1].astype(np.int64)
    width = int(level.max(initial=0)) + 2
    keys = np.sort((group * width + level)[candidates])
    low = np.searchsorted(keys, group[items] * width + level[items], side="left")
    high = np.searchsorted(keys, group[items] * width + level[items], side="right")
    end = np.searchsorted(keys, (group[items] + 1) * width, side="left")
    first = np.searchsorted(keys, group[items] * width, side="left")
    above, ties, total = end - high, high - low, end - first
    own_keys = np.unique(_keys(_of_users(seen, users, user_count), len(scores)))
    start, owned = _by_user((own_keys // len(scores), own_keys % len(scores)), user_count)
    counts = start[users + 1] - start[users]
    pair = np.repeat(np.arange(len(users)), counts)
    own = owned[np.repeat(start[users] - np.cumsum(counts) + counts, counts) + np.arange(len(pair))]
    kept = candidates[own] & (group[own] == group[items[pair]])
    pair, difference = pair[kept], (level[own] - level[items[pair]])[kept]
    itself = (candidates[items] & ~np.isin(_keys(held_out, len(scores)), own_keys)).astype(np.int64)
    gone_above, gone_ties = (
        np.bincount(pair[mask], minlength=len(users)) for mask in (difference > 0, difference == 0)
    )
    total = total - np.bincount(pair, minlength=len(users)) - itself
    return Ranks(users, items, above - gone_above, ties - gone_ties - itself, total)


def _keys(pairs: Pairs, item_count: int) -> np.ndarray:
    """One number a pair."""
    return pairs[0] * item_count + pairs[1]


def some_users(pairs: Pairs, most: int, seed: int) -> Pairs:
    """The pairs of at most so many users, drawn where there are more; 0 for all."""
    users = np.unique(pairs[0])
    if not most or len(users) <= most:
        return pairs
    drawn = np.random.default_rng([seed, 2]).choice(users, most, replace=False)
    kept = np.isin(pairs[0], drawn)
    return pairs[0][kept], pairs[1][kept]


def _of_users(pairs: Pairs, users: np.ndarray, user_count: int) -> Pairs:
    """Those pairs that are of some users."""
    wanted = np.zeros(user_count, dtype=bool)
    wanted[users] = True
    kept = wanted[pairs[0]]
    return pairs[0][kept], pairs[1][kept]


def _by_user(pairs: Pairs, user_count: int) -> tuple[np.ndarray, np.ndarray]:
    """Items grouped by user: `items[start[u]:start[u+1]]` are user u's."""
    order = np.argsort(pairs[0], kind="stable")
    counts = np.bincount(pairs[0], minlength=user_count)
    return np.concatenate([[0], np.cumsum(counts)]), pairs[1][order]
