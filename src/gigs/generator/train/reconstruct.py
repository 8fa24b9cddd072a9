"""How near an autoencoder's answers come to held-out photos, by itself and through a flow and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gigs.metrics.figure import figure
from gigs.progress import OnStep, Step, silent
from gigs.vision.images import to_tensor
from gigs.vision.lpips import PerceptualLoss

Redraw = Callable[[Tensor], Tensor]
BATCH = 8


def even_choice(rows: np.ndarray, count: int) -> np.ndarray:
    """`count` of the rows at even distances, so that no choice is made; all of them where there are fewer."""
    if count >= len(rows):
        return rows
    return rows[np.linspace(0, len(rows) - 1, count).round().astype(int)]


@torch.no_grad()
def measure(redraw: Redraw, photos: np.ndarray, rows: np.ndarray, on_step: OnStep = silent) -> dict[str, Any]:
    """Distances between photos and what is made of them, in single precision.

    Args:
        redraw: Photos `[N,3,R,R]` in `[0,1]` to reconstructions of the same shape and range.
        photos: uint8 `[items,R,R,3]`.
        rows: Items to look at.
        on_step: Progress.

    Returns:
        `lpips_vgg` (Zhang et al. 2018, version 0.1), `l1` and `mse` on `[0,1]`, each with mean, spread, n and interval.
    """
    lpips = PerceptualLoss(net="vgg")
    found: dict[str, list[list[float]]] = {"lpips_vgg": [], "l1": [], "mse": []}
    for start in range(0, len(rows), BATCH):
        real = to_tensor(photos[rows[start : start + BATCH]])
        drawn = redraw(real)
        difference = (drawn - real).flatten(1)
        for name, values in (
            ("lpips_vgg", lpips(drawn, real)),
            ("l1", difference.abs().mean(1)),
            ("mse", difference.square().mean(1)),
        ):
            found[name] += [[value] for value in values.tolist()]
        on_step(Step("redrawing held-out photos", start + len(real), len(rows)))
    return {name: figure(values).record() for name, values in found.items()}
