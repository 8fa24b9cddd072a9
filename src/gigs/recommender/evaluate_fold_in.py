"""Compares fold-in with training: the AUC of users whom a recommender never saw."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from gigs.data.catalogue import Catalogue
from gigs.errors import DataError
from gigs.progress import OnStep, silent
from gigs.recommender.base import Recommender
from gigs.recommender.evaluate import USUAL, RankingSettings, evaluate_factors
from gigs.recommender.features import catalogue_phi
from gigs.recommender.feedback import Feedback, Pairs, read_feedback
from gigs.recommender.fold_in import FoldInSettings, fold_in_users


def strangers(model: Recommender, catalogue: Catalogue) -> Feedback:
    """Users with a training purchase whom a model does not know.

    Raises:
        DataError: It knows all of them.
    """
    everybody = read_feedback(catalogue, include_held_out=_sees_held_out(model))
    known = set(model.user_ids)
    unknown = [user for user in everybody.user_ids if user not in known]
    if not unknown:
        raise DataError("the recommender knows every buyer of the catalogue; train it on one fold of them")
    return read_feedback(catalogue, user_ids=unknown, include_held_out=_sees_held_out(model))


def evaluate_fold_in(
    model: Recommender,
    catalogue: Catalogue,
    *,
    reference: Recommender | None = None,
    settings: FoldInSettings | None = None,
    ranking: RankingSettings = USUAL,
    on_step: OnStep = silent,
) -> dict[str, Any]:
    """Fold in users that a model was not trained with, and its own as if it had not been.

    Args:
        model: With its users.
        catalogue: Where all purchases come from.
        reference: A recommender that was trained with the users whom `model` does not know (another fold).
        settings: Of the search for free vectors.
        ranking: Which held-out purchases are ranked, among all items with a picture.
        on_step: Progress of phi.

    Returns:
        AUC (`value`, `low`, `high`, `n`) of `trained`: its own users by the vectors they were trained with;
        `own_folded`: the same users folded in; `strangers_folded`; and `strangers_trained`, the reference's vectors of
        the same strangers (None without one). `largest_difference` of a coordinate between own vectors and folded ones.
    """
    phi = torch.from_numpy(catalogue_phi(model, catalogue, on_step=on_step))
    own = read_feedback(catalogue, user_ids=model.user_ids, include_held_out=_sees_held_out(model))
    others = strangers(model, catalogue)
    rows, folded = _folded(model, phi, own, settings)
    known = model.user_factors.detach().cpu()
    report = {
        "trained": _auc(known, phi, own, ranking),
        "own_folded": _auc(folded, phi, own, ranking),
        "strangers_folded": _auc(_folded(model, phi, others, settings)[1], phi, others, ranking),
        "strangers_trained": None,
        "largest_difference": float((known - folded)[rows].abs().max()),
    }
    if reference is not None:
        report["strangers_trained"] = _reference(reference, catalogue, set(others.user_ids), ranking)
    return report | {"users": len(own.user_ids), "strangers": len(others.user_ids)} | {
        "split": ranking.split, "seed": ranking.seed
    }  # fmt: skip


def _sees_held_out(model: Recommender) -> bool:
    return bool(model.about.get("settings", {}).get("include_held_out", False))


def _folded(
    model: Recommender, phi: torch.Tensor, feedback: Feedback, settings: FoldInSettings | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of users with training purchases, and everybody's vectors `[U,K]` (zero for users without)."""
    users, items = feedback.train
    rows, place = np.unique(users, return_inverse=True)
    pairs: Pairs = (place, items)
    candidates = np.flatnonzero(feedback.bought)
    vectors = torch.zeros(len(feedback.user_ids), phi.shape[1])
    vectors[torch.from_numpy(rows)] = fold_in_users(
        model, phi, pairs, len(rows), candidates=candidates, settings=settings
    )
    return torch.from_numpy(rows), vectors


def _reference(model: Recommender, catalogue: Catalogue, wanted: set[str], ranking: RankingSettings) -> dict[str, Any]:
    missing = wanted - set(model.user_ids)
    if missing:
        raise DataError(f"the reference does not know {len(missing)} of the {len(wanted)} users to compare with")
    phi = torch.from_numpy(catalogue_phi(model, catalogue))
    rows = [row for row, user in enumerate(model.user_ids) if user in wanted]
    feedback = read_feedback(
        catalogue, user_ids=[model.user_ids[row] for row in rows], include_held_out=_sees_held_out(model)
    )
    return _auc(model.user_factors.detach().cpu()[rows], phi, feedback, ranking)


def _auc(theta: torch.Tensor, phi: torch.Tensor, feedback: Feedback, ranking: RankingSettings) -> dict[str, Any]:
    return evaluate_factors(theta.numpy(), phi.numpy(), feedback, ranking)["model"]["overall"]["auc"]
