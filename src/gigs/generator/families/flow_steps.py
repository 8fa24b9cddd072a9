"""Steps of a flow: along its velocity, and exactly back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

Velocity = Callable[[Tensor, float], Tensor]  # at points [N,...] and a time, of the points' shape
METHODS = ("euler", "heun")
BEND = 1.5  # steps become shorter towards the latent, where detail is decided


def times(count: int, start: float = 1.0) -> list[tuple[float, float]]:
    """So many steps from time `start` down to 0, as pairs of from and to."""
    marks = [start * ((count - k) / count) ** BEND for k in range(count + 1)]
    return list(pairwise(marks))


def step(velocity: Velocity, x: Tensor, now: float, then: float, method: str) -> Tensor:
    """Points `[N,...]` at time `now` to those at time `then`; Heun's method ends with a step of Euler's."""
    here = velocity(x, now)
    ahead = x + (then - now) * here
    if method == "euler" or then == 0:
        return ahead
    return x + (then - now) / 2 * (here + velocity(ahead, then))


def forwards(velocity: Velocity, x: Tensor, steps: Sequence[tuple[float, float]], method: str) -> Tensor:
    """Points after all the steps. With gradients, each step is computed again when its gradient is needed."""
    for now, then in steps:
        if torch.is_grad_enabled():
            x = checkpoint(step, velocity, x, now, then, method, use_reentrant=False)
        else:
            x = step(velocity, x, now, then, method)
    return x


@torch.no_grad()
def backwards(
    velocity: Velocity, y: Tensor, steps: Sequence[tuple[float, float]], method: str, corrections: int
) -> Tensor:
    """The points from which `forwards` leads to points `y`, by solving each step to its fixed point.

    x = y - (step of x) is iterated from x = y on, `corrections` times.
    """
    x = y
    for now, then in reversed(steps):
        goal = x
        for _ in range(corrections):
            x = goal - (step(velocity, x, now, then, method) - x)
    return x
