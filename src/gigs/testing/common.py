"""What both suites share: running a suite without pytest, devices, and a loss that needs no third-party weights."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def run(suite: Any) -> list[str]:
    """Call every `test_` method of a suite, in order; returns their names.

    Raises:
        AssertionError: The first check that failed, under its name.
    """
    names = [name for name in dir(suite) if name.startswith("test_")]
    for name in names:
        try:
            getattr(suite, name)()
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from error
    return names


def devices() -> list[str]:
    """Devices that a model must work on here."""
    return ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


class PixelPyramid(nn.Module):
    """Stands in for LPIPS where its weights are not to be had: mean squared differences at three scales."""

    def target(self, photos: Tensor) -> Any:
        """The photos' own side, computed once: `[N,3,R,R]` at three scales."""
        return [F.avg_pool2d(photos, scale) for scale in (1, 2, 4)]

    def distance_to(self, target: Any, images: Tensor) -> Tensor:
        """Distance `[N]` of `[N,3,R,R]` to the target."""
        scales = [F.avg_pool2d(images, scale) for scale in (1, 2, 4)]
        return sum(
            ((theirs - ours).square().mean(dim=(1, 2, 3)) for theirs, ours in zip(target, scales, strict=True)),
            start=images.new_zeros(len(images)),
        )
