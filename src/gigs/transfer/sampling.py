"""Reading a photo and its layers at places between pixels."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


def sample(layer: Tensor, places: Tensor) -> Tensor:
    """A smooth layer `[1,C,.,.]` at places `[h,w,2]` in sides of the photo, `[C,h,w]`."""
    grid = (places * 2 - 1)[None]
    return F.grid_sample(layer, grid, mode="bilinear", padding_mode="border", align_corners=False)[0]


def moved(photo: np.ndarray, places: Tensor) -> Tensor:
    """The photo at places `[h,w,2]`, bicubic, `[3,h,w]`; averaged over several samples where it gets smaller.

    Only the part of the photo that is needed is converted to floats.
    """
    height, width = photo.shape[:2]
    pixel = places * torch.tensor([width, height], dtype=torch.float32) - 0.5
    count = _samples(pixel)
    total = torch.zeros(3, *places.shape[:2])
    across = _difference(pixel, 1)
    down = _difference(pixel, 0)
    offsets = (torch.arange(count) + 0.5) / count - 0.5
    for dy in offsets:
        for dx in offsets:
            total += _bicubic(photo, pixel + dx * across + dy * down)
    return (total / count**2).clamp(0, 1)


def floats(pixels: np.ndarray) -> Tensor:
    """uint8 `[h,w,3]` as `[3,h,w]` in `[0,1]`; a copy, for PyTorch takes no array that cannot be written."""
    return torch.from_numpy(np.array(pixels)).permute(2, 0, 1).float() / 255


def _samples(pixel: Tensor) -> int:
    """Samples along each axis that keep fine patterns from aliasing: one, unless the photo gets clearly smaller."""
    if min(pixel.shape[:2]) < 2:
        return 1
    steps = max(float(_difference(pixel, axis).norm(dim=-1).quantile(0.9)) for axis in (0, 1))
    return 1 if steps < 1.35 else 2 if steps < 2.4 else 3


def _difference(pixel: Tensor, axis: int) -> Tensor:
    """Central differences of places along an axis, `[h,w,2]`."""
    return torch.gradient(pixel, dim=axis)[0] if pixel.shape[axis] > 1 else torch.zeros_like(pixel)


def _bicubic(photo: np.ndarray, pixel: Tensor) -> Tensor:
    """The photo at pixel places `[h,w,2]`, bicubic (a = -0.75), `[3,h,w]`."""
    height, width = photo.shape[:2]
    low, high = pixel.amin((0, 1)), pixel.amax((0, 1))
    left, top = (int(max(0, math.floor(float(value)) - 2)) for value in low)
    left, top = min(left, width - 1), min(top, height - 1)
    right, bottom = (int(math.ceil(float(value)) + 3) for value in high)
    part = photo[top : max(top + 1, min(bottom, height)), left : max(left + 1, min(right, width))]
    window = floats(part)[None]
    size = torch.tensor([part.shape[1], part.shape[0]], dtype=torch.float32)
    grid = ((pixel - torch.tensor([left, top]) + 0.5) / size * 2 - 1)[None]
    return F.grid_sample(window, grid, mode="bicubic", padding_mode="border", align_corners=False)[0]
