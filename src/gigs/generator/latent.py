"""Latent vectors: sampling and the normalisation that keeps them where a generator was trained."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def root_mean_square(z: Tensor) -> Tensor:
    """Lengths `[N,1]` of rows `z [N,D]`, as a share of a standard normal vector's; never exactly 0."""
    return z.square().mean(dim=1, keepdim=True).add(1e-12).sqrt()


def standardise(z: Tensor) -> Tensor:
    """Mean 0 and standard deviation 1 for every row (Algorithm 1, "Normalization").

    Per row, not over the batch as in the published code: rows then do not depend on their neighbours, so several
    photos can be optimised in one batch.

    Args:
        z: `[N,D]`.

    Returns:
        `[N,D]`; a constant row becomes zero.
    """
    centred = z - z.mean(dim=1, keepdim=True)
    return centred / centred.square().mean(dim=1, keepdim=True).add(1e-8).sqrt()


def sample_normal(n: int, dim: int, rng: torch.Generator) -> Tensor:
    """`[n,dim]` standardised draws from N(0,1), made on the CPU so that a seed means the same on every device."""
    return standardise(torch.randn(n, dim, generator=rng))


def cosine_share(done: float, final: float) -> float:
    """Share of a learning rate at a point of a run: from 1 to `final` along half a cosine; `done` is in [0,1]."""
    return final + (1 - final) * 0.5 * (1 + math.cos(math.pi * done))
