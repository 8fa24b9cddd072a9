"""Differentiable augmentation of what the critic sees, real and generated alike (Zhao et al. 2020, DiffAugment)."""

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from gigs.training.processes import here


def augment(images: Tensor, rng: torch.Generator, *, brightness: float = 0.3, shift: float = 0.125) -> Tensor:
    """Random brightness, saturation and translation per image.

    Args:
        images: `[N,3,H,W]` in `[-1,1]`.
        rng: CPU generator. Where several processes share a batch, it draws for the whole one.
        brightness: Half range of the additive brightness.
        shift: Largest translation as a share of the side; the border is extended, as backdrops are nearly even.

    Returns:
        `[N,3,H,W]`, not clamped.
    """
    n, side, draw = len(images), images.shape[-1], here().draw
    offset = (draw(torch.rand, (n, 1, 1, 1), rng) * 2 - 1).mul(brightness).to(images.device)
    saturation = (draw(torch.rand, (n, 1, 1, 1), rng) * 2).to(images.device)
    grey = images.mean(dim=1, keepdim=True)
    images = (images - grey) * saturation + grey + offset
    reach = int(side * shift)
    if reach == 0:
        return images
    padded = F.pad(images, (reach,) * 4, mode="replicate")
    steps = draw(partial(torch.randint, 0, 2 * reach + 1), (n, 2), rng).to(images.device)
    line = torch.arange(side, device=images.device)
    rows, columns = line[None] + steps[:, :1], line[None] + steps[:, 1:]
    index = torch.arange(n, device=images.device)[:, None, None]
    return padded.permute(0, 2, 3, 1)[index, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
