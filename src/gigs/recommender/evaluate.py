"""Evaluates a recommender: AUC, recall and NDCG of held-out purchases, with intervals, beside simple baselines."""

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
from gigs.recommender.feedback import Feedback, read_feedback
from gigs.recommender.ranking import MOST_RANKED, Ranks, rank_by_one_score, rank_held_out, some_users

CANDIDATES = ("all", "bought", "within")
MOST_RESAMPLED = 100_000  # users; of more, the interval is the normal one, which is then the same


@dataclass(frozen=True, kw_only=True)
class RankingSettings:
    """Which held-out purchases are ranked among which items, and how intervals are drawn.

    Attributes:
        split: `"test"` or `"validation"`.
        candidates: Rank among `"all"` unseen items, those `"bought"` by somebody, or bought ones of the held-out item's
            kind (`"within"`).
        alike: For `"within"`: columns of the item table that define a kind. If empty: type and section.
        seed: Random seed of the bootstrap, and of the draw of users.
        resamples: Number of resamples of the bootstrap.
        users: Largest number of users whose purchases are ranked; of more, this many are drawn. 0 ranks all.
    """

    split: str = "test"
    candidates: str = "all"
    alike: tuple[str, ...] = ()
    seed: int = 0
    resamples: int = 2000
    users: int = MOST_RANKED

    def __post_init__(self) -> None:
        if self.users < 0:
            raise DataError(f"{self.users} users cannot be ranked; give 1 or more, or 0 for all")
        if self.candidates not in CANDIDATES:
            raise DataError(f"candidates {self.candidates!r} are unknown; choose one of {', '.join(CANDIDATES)}")


USUAL = RankingSettings()


def every_way(items: pd.DataFrame, settings: RankingSettings = USUAL) -> list[RankingSettings]:
    """The same settings for each of `CANDIDATES`; without `"within"` where no column of the items tells kinds."""
    told = bool(settings.alike) or any(name in items for name in USUAL_COLUMNS)
    return [replace(settings, candidates=name) for name in CANDIDATES if told or name != "within"]


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
    if len(values) > MOST_RESAMPLED:
        mean, error = float(values.mean()), float(values.std()) / len(values) ** 0.5
        return {"value": mean, "low": mean - 1.96 * error, "high": mean + 1.96 * error, "n": len(values)}
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
    """Measure a recommender on purchases that it was not trained on, beside popularity and chance.

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
    held_out = some_users(feedback.split(split), settings.users, settings.seed)
    if not len(held_out[0]):
        raise DataError(
            f"no {split} purchases of the recommender's users: it cannot be evaluated, so its scores promise "
            "nothing; import purchases over a longer time (users with four or more items are tested) and train "
            "it again"
        )
    allowed = feedback.usable if candidates == "all" else feedback.bought
    groups = alike(feedback.items, settings.alike) if candidates == "within" else None
    popularity = feedback.popularity()
    known_of = (held_out, feedback.seen, allowed, groups)
    rankings = {
        "model": rank_held_out(theta, phi, *known_of),
        "popularity": rank_by_one_score(popularity, *known_of),
        "random": rank_by_one_score(np.zeros_like(popularity), *known_of),
    }
    known = np.zeros(feedback.item_count, dtype=bool)
    known[feedback.train[1]] = True
    cold = ~known[held_out[1]]
    report: dict[str, Any] = {"split": split, "candidates": candidates, "candidate_items": int(allowed.sum())}
    for name, ranks in rankings.items():
        few = Ranks(*(values[cold] for values in (ranks.users, ranks.items, ranks.above, ranks.ties, ranks.total)))
        options = {"seed": settings.seed, "resamples": settings.resamples}
        report[name] = {"overall": summarise(ranks, **options), "cold": summarise(few, **options)}
    return report | {"dropped": feedback.dropped, "seed": settings.seed, "resamples": settings.resamples}
