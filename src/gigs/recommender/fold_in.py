"""Fold-in: the taste vector of a person whom a recommender was not trained with, from what they liked.

Nothing is trained again: phi stays, and only one vector is computed. If a user's vector is the mean of their purchases
(VBPR with `users="purchases"`), fold-in computes this mean. Otherwise it solves Eq. 3 for one user, a small convex
problem.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from gigs.errors import InputError
from gigs.recommender.base import Recommender
from gigs.recommender.feedback import Pairs
from gigs.recommender.models.vbpr import VBPR

DECAY = 0.01  # lambda of Eq. 3 where a model does not say what it was trained with
CONVERGED = 1e-6  # length of the gradient
PAIRS_AT_ONCE = 1_000_000  # purchases whose features are in memory at once


@dataclass(frozen=True, kw_only=True)
class FoldInSettings:
    """How a free vector is found; the mean of purchases needs none of it.

    Attributes:
        decay: lambda of Eq. 3, half the squared length; None takes what the model was trained with.
        negatives: Items of the background that stand for all others.
        steps: Of Newton's method at most; ten are usual.
        seed: Draws the negatives.
    """

    decay: float | None = None
    negatives: int = 1000
    steps: int = 50
    seed: int = 0

    def __post_init__(self) -> None:
        if self.decay is not None and not (math.isfinite(self.decay) and self.decay > 0):
            raise InputError(
                f"fold-in with a decay of {self.decay}: it must be above 0, or the vector grows without limit"
            )
        if self.negatives < 1 or self.steps < 1:
            raise InputError("fold-in needs at least 1 negative item and 1 step")


def is_mean_of_purchases(recommender: Recommender) -> bool:
    """Whether a user's vector is the mean of what they bought (`users="purchases"`), also in a file without users."""
    return isinstance(recommender, VBPR) and recommender.about.get("settings", {}).get("users") == "purchases"


@torch.no_grad()
def fold_in(
    recommender: Recommender,
    liked: Tensor,
    *,
    background: Tensor | None = None,
    settings: FoldInSettings | None = None,
) -> Tensor:
    """The taste vector of one person or shop.

    Args:
        recommender: Frozen; with or without users.
        liked: phi of the items or photos they liked, `[M,K]`, M of 1 or more.
        background: phi of items they are not known to like, `[N,K]`; needed for a model with a free vector each.
        settings: Of the search for a free vector.

    Returns:
        theta, float32 `[K]`.

    Raises:
        InputError: Nothing is liked, shapes do not fit, the score is not linear, or the background is missing.
    """
    recommender.require_linear("fold-in")
    _require(liked, recommender, "what is liked")
    if is_mean_of_purchases(recommender):
        return _with_bias(liked.double().mean(0), recommender)
    if background is None:
        raise InputError("this recommender has a free vector for each user; for fold-in, also give phi of other items")
    _require(background, recommender, "the background")
    settings = settings or FoldInSettings()
    rng = torch.Generator().manual_seed(settings.seed)
    chosen = background[torch.randperm(len(background), generator=rng)[: settings.negatives].sort().values]
    differences = (liked.double()[:, None] - chosen.double()[None]).flatten(0, 1)
    return _fit(differences, recommender, settings)


def fold_in_users(
    recommender: Recommender,
    phi: Tensor,
    pairs: Pairs,
    count: int,
    *,
    candidates: np.ndarray | None = None,
    settings: FoldInSettings | None = None,
) -> Tensor:
    """Taste vectors of many users at once, `[count,K]`.

    Args:
        recommender: As for `fold_in`.
        phi: Of all items, `[items,K]`.
        pairs: Users (0 to count - 1) and the items they liked, int64 each; distinct.
        count: Number of users; each must have an item.
        candidates: Items that negatives come from, int64; all if None. A user's own are left out.
        settings: Of the search for free vectors.

    Raises:
        InputError: A user without an item; and as `fold_in`.
    """
    users, items = (torch.from_numpy(np.array(part, dtype=np.int64)) for part in pairs)
    owned = torch.bincount(users, minlength=count)
    if len(owned) != count or not (owned > 0).all():
        raise InputError("fold-in: a user has no items; leave out users without purchases")
    if is_mean_of_purchases(recommender):
        recommender.require_linear("fold-in")
        _require(phi, recommender, "phi")
        sums, values = torch.zeros(count, phi.shape[1], dtype=torch.float64), phi.double()
        for who, what in zip(users.split(PAIRS_AT_ONCE), items.split(PAIRS_AT_ONCE), strict=True):
            sums.index_add_(0, who, values[what])
        return _with_bias(sums / owned[:, None], recommender)
    others = torch.arange(len(phi)) if candidates is None else torch.from_numpy(np.asarray(candidates))
    vectors = []
    for user in range(count):
        own = items[users == user]
        vectors.append(
            fold_in(recommender, phi[own], background=phi[others[~torch.isin(others, own)]], settings=settings)
        )
    return torch.stack(vectors)


def _require(phi: Tensor, recommender: Recommender, what: str) -> None:
    """Raises InputError unless phi is `[1 or more, K]` and finite."""
    if phi.ndim != 2 or phi.shape[1] != recommender.feature_count or not len(phi):
        raise InputError(
            f"fold-in: {what} is of shape {tuple(phi.shape)}; needed is one row or more of {recommender.feature_count}"
        )
    if not torch.isfinite(phi).all():
        raise InputError(f"fold-in: {what} holds numbers that are not finite")


def _with_bias(mean: Tensor, recommender: Recommender) -> Tensor:
    """VBPR's theta_u = [gamma_u, 1]: everybody sees the visual bias alike."""
    mean = mean.clone()
    mean[..., -1] = 1.0
    return mean.float()


def _fit(differences: Tensor, recommender: Recommender, settings: FoldInSettings) -> Tensor:
    """Minimise the mean of -ln sigma(theta^T d) + lambda/2 |theta|^2 (Eq. 3 for one user) over theta, by Newton.

    Args:
        differences: phi_i - phi_j of liked and other items, float64 `[P,K]`.
        recommender: VBPR's last coordinate stays 1.
        settings: Decay and steps.
    """
    width = differences.shape[1]
    free = width - 1 if isinstance(recommender, VBPR) else width
    fixed = differences[:, free:].sum(1)  # what the coordinates that stay 1 add to the score
    moving = differences[:, :free]
    trained = recommender.about.get("settings", {}).get("theta_decay")
    decay = settings.decay or trained or DECAY

    def loss(theta: Tensor) -> Tensor:
        return -F.logsigmoid(moving @ theta + fixed).mean() + decay / 2 * theta.square().sum()

    theta = torch.zeros(free, dtype=torch.float64)
    for _ in range(settings.steps):
        wrong = torch.sigmoid(-(moving @ theta + fixed))
        gradient = decay * theta - (wrong[:, None] * moving).mean(0)
        if gradient.norm() < CONVERGED:
            break
        curvature = (moving * (wrong * (1 - wrong))[:, None]).T @ moving / len(moving)
        step = torch.linalg.solve(curvature + decay * torch.eye(free, dtype=torch.float64), gradient)
        theta = _shorter(loss, theta, step, float(gradient @ step))
    return torch.cat([theta, theta.new_ones(width - free)]).float()


def _shorter(loss: Callable[[Tensor], Tensor], theta: Tensor, step: Tensor, slope: float) -> Tensor:
    """The Newton step, halved until the loss falls as it should (Armijo)."""
    before, share = loss(theta), 1.0
    while share > 1e-6 and loss(theta - share * step) > before - 1e-4 * share * slope:
        share /= 2
    return theta - share * step
