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


def moved(photo: np.ndarray, places: Tensor, index: Tensor, samples: int) -> Tensor:
    """The photo at some places, bicubic, `[3,k]`, clipped to `[0,1]`.

    Args:
        photo: uint8 `[H,W,3]`; only the part that is needed is converted to floats.
        places: Of a tile, `[h,w,2]` in sides of the photo.
        index: Which of them, row by row, `[k]`.
        samples: Along each axis of a pixel; more than one keeps fine patterns from aliasing where the photo shrinks.
    """
    if not len(index):
        return torch.zeros(3, 0)
    height, width = photo.shape[:2]
    pixel = places * torch.tensor([width, height], dtype=torch.float32) - 0.5
    here = pixel.flatten(0, 1)[index]
    if samples == 1 or min(places.shape[:2]) < 2:
        return _bicubic(photo, here).clamp(0, 1)
    down, across = (each.flatten(0, 1)[index] for each in torch.gradient(pixel, dim=(0, 1)))
    offsets = ((torch.arange(samples) + 0.5) / samples - 0.5).tolist()
    total = torch.zeros(3, len(index))
    for dy in offsets:
        for dx in offsets:
            total += _bicubic(photo, here + dx * across + dy * down)
    return (total / samples**2).clamp(0, 1)


def floats(pixels: np.ndarray) -> Tensor:
    """uint8 `[h,w,3]` as `[3,h,w]` in `[0,1]`; a copy, because PyTorch accepts no read-only array."""
    return torch.from_numpy(np.array(pixels)).permute(2, 0, 1).float() / 255


def _bicubic(photo: np.ndarray, pixel: Tensor) -> Tensor:
    """The photo at pixel places `[k,2]`, bicubic (a = -0.75), `[3,k]`."""
    height, width = photo.shape[:2]
    low, high = pixel.amin(0), pixel.amax(0)
    left, top = (int(max(0, math.floor(float(value)) - 2)) for value in low)
    left, top = min(left, width - 1), min(top, height - 1)
    right, bottom = (int(math.ceil(float(value)) + 3) for value in high)
    part = photo[top : max(top + 1, min(bottom, height)), left : max(left + 1, min(right, width))]
    window = floats(part)[None]
    size = torch.tensor([part.shape[1], part.shape[0]], dtype=torch.float32)
    grid = ((pixel - torch.tensor([left, top]) + 0.5) / size * 2 - 1)[None, None]
    return F.grid_sample(window, grid, mode="bicubic", padding_mode="border", align_corners=False)[0, :, 0]
