"""Smoothly fills unknown places from their surroundings: push-pull on a pyramid (Gortler et al. 1996)."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def fill_in(values: Tensor, known: Tensor) -> Tensor:
    """Fill unknown places from their surroundings, the wider the gap the smoother.

    Args:
        values: `[1,C,h,w]`.
        known: How far each place is known, `[1,1,h,w]` in `[0,1]`; where it is 1 the value is kept.

    Returns:
        `[1,C,h,w]`; all 0 if nothing is known at all.
    """
    h, w = values.shape[-2:]
    if max(h, w) <= 1:
        return values
    even = (0, w % 2, 0, h % 2)
    weighted = F.pad(values * known, even)
    weight = F.pad(known, even)
    half = F.avg_pool2d(weight, 2)
    mean = F.avg_pool2d(weighted, 2) / half.clamp_min(1e-6)
    # A coarse place counts fully once it is known at all, because its neighbours' guesses are worse.
    coarse = fill_in(mean, (4 * half).clamp(0, 1))
    wide = F.interpolate(coarse, scale_factor=2.0, mode="bilinear", align_corners=False)[..., :h, :w]
    return values * known + wide * (1 - known)


def shrunk(pixels: Tensor, longest: int) -> Tensor:
    """`[1,C,h,w]` made smaller, with antialiasing, to at most `longest` pixels a side."""
    h, w = pixels.shape[-2:]
    if max(h, w) <= longest:
        return pixels
    scale = longest / max(h, w)
    size = (max(1, round(h * scale)), max(1, round(w * scale)))
    return F.interpolate(pixels, size, mode="bilinear", antialias=True, align_corners=False)
