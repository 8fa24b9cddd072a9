"""What is stored of an audience under one recommender: the mean and the covariance of its users' factors."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class Taste:
    """What is stored of an audience under one recommender; it holds no single user's factor.

    Attributes:
        users: Number of users.
        theta: Mean of their factors, `[K]`.
        covariance: Covariance of their factors, `[K,K]`.
        mean: Mean score of the catalogue's real items.
        spread: Standard deviation of the same.
        effective: Effective number of users, if they have weights.
        noise: Standard deviation of the noise on each number of theta, if the taste is private.
    """

    users: int
    theta: Tensor
    covariance: Tensor
    mean: float
    spread: float
    effective: float | None = None
    noise: float = 0.0

    @property
    def counted(self) -> float:
        """Number of members behind theta: `users`, or `effective` if they have weights."""
        return float(self.users if self.effective is None else min(self.users, self.effective))

    def z(self, phi: Tensor) -> Tensor:
        """Scores `[N]` from features `[N,K]`, in standard deviations of the catalogue's real items."""
        return (phi @ self.theta.to(phi.device) - self.mean) / self.spread

    def error(self, change: Tensor) -> Tensor:
        """Standard error `[N]` of the mean score's change, in the recommender's unit, for changes of phi `[N,K]`."""
        covariance = self.covariance.to(change.device)
        variance = ((change @ covariance) * change).sum(1).clamp_min(0) / max(1.0, self.counted)
        return (variance + self.noise**2 * change.square().sum(1)).sqrt()


def shares_of(weights: Tensor) -> Tensor:
    """Each weight's share of their sum, float64 `[U]`; weights are above 0 and may be arbitrarily large."""
    relative = weights.double() / weights.double().max()
    return relative / relative.sum()


def effective_number(weights: Iterable[float]) -> float:
    """Effective number of weights above 0 (Kish 1965); 0 if there are none."""
    given = torch.tensor(list(weights), dtype=torch.float64)
    return 1 / float(shares_of(given).square().sum()) if len(given) else 0.0


def weighted_taste(factors: Tensor, items: Tensor, weights: Tensor | None = None) -> Taste:
    """The taste of users, optionally weighted.

    Args:
        factors: `[U,K]`.
        items: phi of the real items, `[N,K]`.
        weights: `[U]`, above 0; None for equal ones.
    """
    if weights is None or len(weights) < 2:
        return taste_of(factors, items.double() @ factors.double().mean(0))
    shares = shares_of(weights)
    theta = shares @ factors.double()
    alike = taste_of(factors, items.double() @ theta)
    centred = factors.double() - theta
    effective = 1 / float(shares.square().sum())
    covariance = (centred * shares[:, None]).T @ centred * effective / max(effective - 1, 1e-9)
    return replace(alike, theta=theta.float(), covariance=covariance.float(), effective=effective)


def taste_of(factors: Tensor, item_scores: Tensor) -> Taste:
    """Mean and covariance of users' factors `[U,K]`; mean and spread of the real items' scores `[N]`."""
    theta = factors.double().mean(0)
    centred = factors.double() - theta
    covariance = centred.T @ centred / max(1, len(factors) - 1)
    spread = float(item_scores.double().std(unbiased=False))
    return Taste(
        users=len(factors),
        theta=theta.float(),
        covariance=covariance.float(),
        mean=float(item_scores.double().mean()),
        spread=spread if math.isfinite(spread) and spread > 0 else 1.0,
    )
