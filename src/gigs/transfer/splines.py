"""Uniform cubic B-splines on [0,1]: weights of their coefficients, and slopes that are positive by construction.

A cubic B-spline's derivative is a convex combination of its coefficients' differences divided by the knots' distance
(de Boor 1978, ch. X). So a spline whose coefficients increase is strictly increasing, and its slope lies between the
least and the greatest of those quotients.
"""

from __future__ import annotations

import torch
from torch import Tensor

INTERVALS = 7  # over the whole square: a garment is crossed by three to six of them, which keeps a warp stiff
COEFFICIENTS = INTERVALS + 3


def greville() -> Tensor:
    """Coefficients `[COEFFICIENTS]` with which a spline is the identity on [0,1]."""
    return (torch.arange(COEFFICIENTS, dtype=torch.float32) - 1) / INTERVALS


def dense_weights(t: Tensor) -> Tensor:
    """Weights `[...,COEFFICIENTS]` of all coefficients at places t `[...]`; outside [0,1] those of the border hold."""
    index, four = local_weights(t)
    weights = torch.zeros(*t.shape, COEFFICIENTS, dtype=t.dtype, device=t.device)
    return weights.scatter(-1, index[..., None] + torch.arange(4, device=t.device), four)


def local_weights(t: Tensor) -> tuple[Tensor, Tensor]:
    """First of the four coefficients that count at places t `[...]`, int64 `[...]`, and their weights `[...,4]`."""
    scaled = t.clamp(0, 1) * INTERVALS
    index = scaled.detach().floor().long().clamp(0, INTERVALS - 1)
    u = scaled - index
    u2, u3 = u * u, u * u * u
    weights = [(1 - u) ** 3, 3 * u3 - 6 * u2 + 4, -3 * u3 + 3 * u2 + 3 * u + 1, u3]
    return index, torch.stack(weights, dim=-1) / 6


def slope_weights(t: Tensor) -> Tensor:
    """Weights `[...,COEFFICIENTS-1]`, at least 0 and summing to 1, of coefficient differences in the slope at t."""
    scaled = t.clamp(0, 1) * INTERVALS
    index = scaled.detach().floor().long().clamp(0, INTERVALS - 1)
    u = scaled - index
    three = torch.stack([(1 - u) ** 2, 1 + 2 * u - 2 * u * u, u * u], dim=-1) / 2
    weights = torch.zeros(*t.shape, COEFFICIENTS - 1, dtype=t.dtype, device=t.device)
    return weights.scatter(-1, index[..., None] + torch.arange(3, device=t.device), three)
