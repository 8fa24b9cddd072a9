"""Preference score (Eq. 1 of the paper) and preference shift: how much better the pictures are liked than their base.

The text defines the shift as the base's score less the picture's and prints gains as positive numbers; here it is the
picture's less the base's, so that a gain is positive by definition.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from gigs.errors import InputError
from gigs.metrics.figure import Figure, figure


def preference_score(phi: Tensor, theta: Tensor) -> Tensor:
    """theta^T phi (Eq. 1), in float64.

    Args:
        phi: Features of pictures, `[N,K]`.
        theta: One taste vector `[K]`, or several users' `[U,K]`, whose mean score is meant.

    Returns:
        `[N]`.

    Raises:
        InputError: Shapes that do not go together.
    """
    mean = theta.double() if theta.ndim == 1 else theta.double().mean(0)
    if phi.ndim != 2 or mean.ndim != 1 or phi.shape[1] != len(mean):
        raise InputError(f"features {list(phi.shape)} and tastes {list(theta.shape)} do not go together")
    return phi.double() @ mean


def preference_shift(scores: Tensor, base: Tensor | float) -> Tensor:
    """The gain of pictures over their base, `[N]`: their scores `[N]` minus the base's score."""
    return scores.double() - torch.as_tensor(base, dtype=torch.float64, device=scores.device)


def best(scores: Sequence[float], count: int | None) -> list[int]:
    """Numbers of the `count` highest scores, best first; of all in their order where `count` is None.

    The published code keeps the best 3 of 6, which raises every mean.
    """
    if count is None:
        return list(range(len(scores)))
    return sorted(range(len(scores)), key=lambda number: -scores[number])[:count]


class PreferenceSums:
    """Scores or shifts that come item by item; what shards have seen is merged by joining, in float64."""

    def __init__(self) -> None:
        self._items: dict[str, np.ndarray] = {}

    def update(self, item: str, values: Sequence[float] | np.ndarray | Tensor) -> None:
        """Add the values of one item's pictures.

        Raises:
            InputError: The item is known already, or a value is not finite.
        """
        array = np.asarray(values.cpu() if isinstance(values, Tensor) else values, dtype=np.float64)
        if item in self._items:
            raise InputError(f"item {item!r} was added already: it would count twice")
        if array.ndim != 1 or not np.isfinite(array).all():
            raise InputError(f"item {item!r}: its scores must be one row of finite numbers")
        self._items[item] = array

    def merge(self, other: PreferenceSums) -> None:
        """Add what another shard has seen."""
        for item, values in other._items.items():
            self.update(item, values)

    def compute(self, *, seed: int = 0) -> Figure:
        """Mean, standard deviation, n and interval. They do not depend on how items were spread over shards."""
        return figure([self._items[item].tolist() for item in sorted(self._items)], seed=seed)
