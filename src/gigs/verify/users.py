"""Which users gain and lose by a redesign, among users drawn from an audience's mean and covariance."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gigs.verify.findings import Pair, UserGain
from gigs.verify.panel import Panel
from gigs.verify.scorer import Scorer

USERS_DRAWN = 1000  # drawn from an audience's mean and covariance, because its users themselves are not known
TOP = 10


def who_gains(panel: Panel, phi: Tensor, category: int, seed: int) -> list[dict[str, Any]]:
    """The fields of `RedesignCheck` that are about single users, by redesign.

    Args:
        panel: The audience's panel.
        phi: The target's features of photo, reconstruction and redesigns, `[2+n,K]`.
        category: Category of the photo.
        seed: Of the draw.
    """
    taste = panel.target.taste
    factors = draw_users(panel.target, seed).to(phi.device)
    hits = _hits(panel, phi, factors, category)
    found = []
    for row, change in enumerate(phi[2:] - phi[0], start=2):
        gains = factors @ change / taste.spread
        inside = float(change @ taste.theta.to(phi.device)) / taste.spread
        outside = None
        if panel.outside is not None:
            outside = float(change @ panel.outside.to(phi.device)) / taste.spread
        low, middle, high = torch.quantile(gains, torch.tensor([0.1, 0.5, 0.9], device=gains.device)).tolist()
        found.append(
            {
                "users_gaining": float((gains > 0).float().mean()),
                "user_gain": UserGain(low, middle, high),
                "specificity": None if outside is None else inside - outside,
                "hit_at_10": Pair(hits[0], hits[row]),
            }
        )
    return found


def _hits(panel: Panel, phi: Tensor, factors: Tensor, category: int) -> list[float]:
    """Share of users for whom each picture would be among the ten best of the category's real items."""
    real = panel.gallery.phi[panel.gallery.of_category(category)].to(phi.device)
    last = torch.topk(factors @ real.T, min(TOP, len(real)), dim=1).values[:, -1]
    return [float(((factors @ one) > last).float().mean()) for one in phi]


def draw_users(scorer: Scorer, seed: int, count: int = USERS_DRAWN) -> Tensor:
    """Factors `[count,K]` drawn from the audience's mean and covariance."""
    rng = torch.Generator().manual_seed(seed)
    values, vectors = torch.linalg.eigh(scorer.taste.covariance.double())
    root = vectors * values.clamp_min(0).sqrt()
    noise = torch.randn(count, len(values), generator=rng, dtype=torch.float64)
    return (scorer.taste.theta.double() + noise @ root.T).float()
