"""Pieces of pictures for a loss that costs too much on whole ones, and the range in which it takes them."""

from __future__ import annotations

from types import EllipsisType

import torch
from torch import Tensor

Window = tuple[EllipsisType, slice, slice]


def piece(images: Tensor, side: int, rng: torch.Generator) -> tuple[Tensor, Window]:
    """A square of that side, at the same random place of all images `[N,3,H,W]`; and its index."""
    room = torch.tensor([images.shape[-2] - side + 1, images.shape[-1] - side + 1])
    top, left = (torch.rand(2, generator=rng) * room).long().tolist()
    at = (..., slice(top, top + side), slice(left, left + side))
    return images[at], at


def unit(images: Tensor) -> Tensor:
    """Images in about `[-1,1]` as ones in `[0,1]`."""
    return images.add(1).div(2).clamp(0, 1)
