"""Steps of a flow: along its velocity, and exactly back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

Velocity = Callable[[Tensor, float], Tensor]  # at points [N,...] and a time, of the points' shape
METHODS = ("euler", "heun")
TOLERANCE = 1e-4  # of coordinates, whose variance is about 1
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

    x = y - (step of x) is iterated from x = y on, `corrections` times at most. A row is left as it is once none of its
    numbers moves by more than `TOLERANCE`; for most rows, a third of 20 corrections is enough.
    """
    x = y
    for now, then in reversed(steps):
        x = _step_back(velocity, x, (now, then), method, corrections)
    return x


def _step_back(velocity: Velocity, y: Tensor, times: tuple[float, float], method: str, corrections: int) -> Tensor:
    found = y.clone()
    rows = torch.arange(len(y), device=y.device)
    for _ in range(corrections):
        x = found[rows]
        better = y[rows] - (step(velocity, x, *times, method) - x)
        found[rows] = better
        rows = rows[(better - x).abs().flatten(1).amax(dim=1) > TOLERANCE]
        if not len(rows):
            break
    return found
