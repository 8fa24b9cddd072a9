"""A scorer with dropout left on, as the paper's published one had: `F.dropout` does not stop at `.eval()`."""

from __future__ import annotations

import torch
from torch import Tensor

from gigs.errors import InputError
from gigs.shifting.optimise import Preference


class DropoutLeftOn:
    """Preference scores theta^T phi whose features are dropped at random, anew at every look.

    Each number of phi is dropped with probability `rate` and the rest divided by 1 - rate, so that the mean stays; the
    published scorer dropped inside its network, at the same rate. Scores are right on average and wrong each time.

    Args:
        features: Pictures `[N,3,H,W]` in `[0,1]` to phi `[N,K]`.
        theta: Mean taste vector `[K]`.
        rate: Share that is dropped, in [0,1).
        rng: Draws what is dropped, on the CPU.
    """

    def __init__(self, features: Preference, theta: Tensor, *, rate: float, rng: torch.Generator) -> None:
        if not 0 <= rate < 1:
            raise InputError(f"dropout must be in [0, 1), not {rate}")
        self.features, self.theta, self.rate, self.rng = features, theta, rate, rng

    def __call__(self, images: Tensor) -> Tensor:
        """Scores `[N]`."""
        return self.of_features(self.features(images))

    def of_features(self, phi: Tensor) -> Tensor:
        """The same from features `[N,K]`."""
        kept = (torch.rand(phi.shape, generator=self.rng) >= self.rate).to(phi)
        return (phi * kept / (1 - self.rate)) @ self.theta.to(phi)
