"""Whether a recommender's AUC on purchases that it never saw was measured and is above chance.

Without this, a gain in score means nothing: even an untrained recommender gives smooth scores, and there are pictures
that raise them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gigs.recommender.base import Recommender

CHANCE = 0.5  # AUC of a draw
LEAST_USERS = 10  # the interval of fewer is as narrow as they happen to agree
NEVER = (
    "The recommender was never tested on purchases that it had not seen, so a gain in its score promises "
    "nothing. Testing needs buyers with four or more items: import more purchases and train again. For a "
    "recommender that others trained, let `gigs evaluate recommender` write the figures into its file."
)
FEW = (
    "The recommender was tested on {n} buyers only, too few to tell it from chance, so a gain in its score promises "
    "nothing. Import more purchases (buyers with four items or more can be tested) and train again."
)
NO_BETTER = (
    "On purchases that it had not seen, the recommender's AUC was {value:.3f} [{low:.3f}, {high:.3f}], and .500 is "
    "chance, so a gain in its score promises nothing. Import more purchases or better photos, and train again."
)


def is_weak(auc: Mapping[str, Any]) -> bool:
    """Whether an AUC (`value`, `low`, `high`, `n`) was not measured, or on too few users, or its interval reaches .5.

    A missing `n` is taken for enough.
    """
    low, n = auc.get("low"), auc.get("n")
    return low is None or low <= CHANCE or (n is not None and n < LEAST_USERS)


def measured_auc(about: Mapping[str, Any]) -> dict[str, Any]:
    """A recommender's AUC among all items, by what its file says of it (`Recommender.about`); empty if not measured."""
    try:
        auc = about["scores"]["test-all"]["model"]["overall"]["auc"]
        return {} if auc["value"] is None else {name: auc[name] for name in ("value", "low", "high", "n")}
    except (KeyError, TypeError):  # another's file may say anything, or nothing
        return {}


def doubt_of(auc: Mapping[str, Any]) -> str | None:
    """Why an AUC lets a recommender promise nothing, and what to do; None where it is above chance."""
    if not is_weak(auc):
        return None
    if auc.get("low") is None:
        return NEVER
    return (NO_BETTER if auc["low"] <= CHANCE else FEW).format(**auc)


def doubt(about: Mapping[str, Any]) -> str | None:
    """The same of what a recommender's file says of it."""
    return doubt_of(measured_auc(about))


def keep_scores(model: Recommender, reports: Sequence[dict[str, Any]], path: Path) -> None:
    """Write what was measured into a recommender's file, as training does: what it promises rests on it.

    Args:
        model: As it was loaded from `path`, which is replaced.
        reports: From `evaluate.evaluate_ways`.
        path: Its file.
    """
    scores = {f"{report['split']}-{report['candidates']}": report for report in reports}
    model.about["scores"] = {**(model.about.get("scores") or {}), **scores}
    model.save(path)
