"""Resizing of batches of pictures: one rule for all networks."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def resize_bilinear(images: Tensor, size: int) -> Tensor:
    """Resize `[N,3,H,W]` to `[N,3,size,size]` bilinearly; when that shrinks, with an antialiasing filter."""
    height, width = images.shape[-2:]
    if (height, width) == (size, size):
        return images
    shrinks = height > size or width > size
    return F.interpolate(images, (size, size), mode="bilinear", align_corners=False, antialias=shrinks)
