"""How good a recommender is: AUC, recall and NDCG of held-out purchases, with intervals, against simple baselines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from gigs.data.alike import USUAL_COLUMNS, alike
from gigs.data.catalogue import Catalogue
from gigs.errors import DataError
from gigs.progress import OnStep, silent
from gigs.recommender.base import Recommender
from gigs.recommender.features import catalogue_phi
from gigs.recommender.feedback import Feedback, Pairs, read_feedback

CANDIDATES = ("all", "bought", "within")
METRICS = ("auc", "recall@10", "recall@50", "ndcg@10")
SCORE_CELLS = 8_000_000


@dataclass(frozen=True, kw_only=True)
class RankingSettings:
    """Which held-out purchases are ranked among which items, and how intervals are drawn.

    Attributes:
        split: `"test"` or `"validation"`.
        candidates: Rank among `"all"` unseen items, only those `"bought"` by somebody, or only those of the latter
            that are of the held-out item's own kind (`"within"`).
        alike: Columns of the item table that tell a kind, for `"within"`; the type and section if empty.
        seed: Of the bootstrap.
        resamples: Of the bootstrap.
    """

    split: str = "test"
    candidates: str = "all"
    alike: tuple[str, ...] = ()
    seed: int = 0
    resamples: int = 2000

    def __post_init__(self) -> None:
        if self.candidates not in CANDIDATES:
            raise DataError(f"candidates {self.candidates!r} are unknown; choose one of {', '.join(CANDIDATES)}")


USUAL = RankingSettings()


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


def every_way(items: pd.DataFrame, settings: RankingSettings = USUAL) -> list[RankingSettings]:
    """The same settings for each of `CANDIDATES`; without `"within"` where no column of the items tells kinds."""
    told = bool(settings.alike) or any(name in items for name in USUAL_COLUMNS)
    return [replace(settings, candidates=name) for name in CANDIDATES if told or name != "within"]


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
    start, owned = _by_user(seen, len(theta))
    above, ties, total = (np.zeros(len(users), dtype=np.int64) for _ in range(3))
    theta, phi = theta.astype(np.float64), phi.astype(np.float64)
    step = max(1, SCORE_CELLS // max(1, len(phi)))
    for begin in range(0, len(users), step):
        part = slice(begin, begin + step)
        who, what = users[part], items[part]
        scores = theta[who] @ phi.T
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


def _by_user(pairs: Pairs, user_count: int) -> tuple[np.ndarray, np.ndarray]:
    """Items grouped by user: `items[start[u]:start[u+1]]` are user u's."""
    order = np.argsort(pairs[0], kind="stable")
    counts = np.bincount(pairs[0], minlength=user_count)
    return np.concatenate([[0], np.cumsum(counts)]), pairs[1][order]


def summarise(ranks: Ranks, *, seed: int = 0, resamples: int = 2000) -> dict[str, Any]:
    """Mean over users of each metric, with a 95% interval from resampling users.

    Returns:
        For each of `METRICS`: `value`, `low`, `high` (None where there is no user) and `n`, the number of users; and
        `pairs`, the number of held-out purchases, and `rivals`, the mean number of their candidates. A user with
        several held-out items counts once, by their mean; a purchase without any candidate has no AUC.
    """
    rivals = float(ranks.total.mean()) if len(ranks.total) else 0.0
    report: dict[str, Any] = {"pairs": len(ranks.users), "rivals": rivals}
    for name, values in ranks.metrics().items():
        kept = np.isfinite(values)
        _, place = np.unique(ranks.users[kept], return_inverse=True)
        per_user = np.bincount(place, weights=values[kept]) / np.maximum(np.bincount(place), 1)
        report[name] = _with_interval(per_user, seed, resamples)
    return report


def _with_interval(values: np.ndarray, seed: int, resamples: int) -> dict[str, Any]:
    """Mean and percentile bootstrap over entries."""
    if not len(values):
        return {"value": None, "low": None, "high": None, "n": 0}
    rng = np.random.default_rng(seed)
    means = np.array([values[rng.integers(0, len(values), len(values))].mean() for _ in range(resamples)])
    low, high = np.quantile(means, [0.025, 0.975])
    return {"value": float(values.mean()), "low": float(low), "high": float(high), "n": len(values)}


def evaluate_recommender(
    model: Recommender,
    catalogue: Catalogue,
    settings: RankingSettings = USUAL,
    *,
    image_size: int | None = None,
    on_step: OnStep = silent,
) -> dict[str, Any]:
    """Measure a recommender on purchases it was not trained on, beside popularity and chance.

    Args:
        model: With its users; evaluated in evaluation mode.
        catalogue: The catalogue it was trained on.
        settings: What is ranked among what.
        image_size: Side at which pictures are read; by default as in training.
        on_step: Progress over items.

    Returns:
        A JSON-able dict: `model`, `popularity` and `random`, each with `overall` and `cold` (held-out items that no
        training purchase contains); see `summarise` for the figures. `random` is chance exactly, not a draw.

    Raises:
        DataError: The catalogue lacks the model's users, or has no pair in this split.
    """
    return evaluate_ways(model, catalogue, [settings], image_size=image_size, on_step=on_step)[0]


def evaluate_ways(
    model: Recommender,
    catalogue: Catalogue,
    ways: Sequence[RankingSettings],
    *,
    image_size: int | None = None,
    on_step: OnStep = silent,
) -> list[dict[str, Any]]:
    """As `evaluate_recommender`, in several ways (see `every_way`) with features that are computed once."""
    model.require_linear("gigs evaluate recommender")
    training = model.about.get("settings", {})
    feedback = read_feedback(
        catalogue, user_ids=model.user_ids, include_held_out=bool(training.get("include_held_out", False))
    )
    phi = catalogue_phi(model, catalogue, on_step=on_step, image_size=image_size)
    theta = model.user_factors.detach().cpu().numpy()
    return [{"kind": model.kind, **evaluate_factors(theta, phi, feedback, settings)} for settings in ways]


def evaluate_factors(
    theta: np.ndarray, phi: np.ndarray, feedback: Feedback, settings: RankingSettings = USUAL
) -> dict[str, Any]:
    """The same as `evaluate_recommender`, for factors `[U,K]` and features `[items,K]` at hand.

    Raises:
        DataError: There is no pair in this split, or no column that tells kinds.
    """
    split, candidates = settings.split, settings.candidates
    held_out = feedback.split(split)
    if not len(held_out[0]):
        raise DataError(
            f"no {split} purchase of the recommender's users: nothing to evaluate on, so its scores promise nothing; "
            "import purchases over a longer time (users with four items or more are tested) and train it again"
        )
    allowed = feedback.usable if candidates == "all" else feedback.bought
    groups = alike(feedback.items, settings.alike) if candidates == "within" else None
    popularity = feedback.popularity()[:, None]
    ones = np.ones((len(theta), 1))
    scorers = {"model": (theta, phi), "popularity": (ones, popularity), "random": (ones, np.zeros_like(popularity))}
    known = np.zeros(feedback.item_count, dtype=bool)
    known[feedback.train[1]] = True
    cold = ~known[held_out[1]]
    report: dict[str, Any] = {"split": split, "candidates": candidates, "candidate_items": int(allowed.sum())}
    for name, (users, items) in scorers.items():
        ranks = rank_held_out(users, items, held_out, feedback.seen, allowed, groups)
        few = Ranks(*(values[cold] for values in (ranks.users, ranks.items, ranks.above, ranks.ties, ranks.total)))
        options = {"seed": settings.seed, "resamples": settings.resamples}
        report[name] = {"overall": summarise(ranks, **options), "cold": summarise(few, **options)}
    return report | {"dropped": feedback.dropped, "seed": settings.seed, "resamples": settings.resamples}
