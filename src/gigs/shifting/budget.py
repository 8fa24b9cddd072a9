"""A similarity budget: how far, in LPIPS, a redesign may lie from the picture that it starts from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gigs.generator.base import Generator
from gigs.shifting.optimise import Shifted
from gigs.vision.lpips import PerceptualLoss

HALVINGS = 6


@dataclass(frozen=True)
class Budget:
    """At most `most` LPIPS to `base`, `[1,3,R,R]` in `[0,1]`."""

    perceptual: PerceptualLoss
    base: Tensor
    most: float

    @torch.no_grad()
    def kept(self, images: Tensor) -> Tensor:
        """Which of the pictures `[N,3,R,R]` are within the budget, bool `[N]`."""
        return self.perceptual(self.base, images) <= self.most

    @torch.no_grad()
    def hold(self, generator: Generator, z: Tensor, found: Shifted) -> Shifted:
        """The same shifts; those beyond the budget are halved until they are within it, or set to zero if that fails.

        Args:
            generator: The generator that drew the pictures.
            z: Latent vector of the base, `[1,D]`.
            found: The shifts and their pictures.
        """
        shifts, images = found.shifts.clone(), found.images.clone()
        for halving in range(HALVINGS + 1):
            beyond = ~self.kept(images)
            if not beyond.any():
                break
            smaller = shifts[beyond] / 2 if halving < HALVINGS else torch.zeros_like(shifts[beyond])
            shifts[beyond] = generator.project(z + smaller) - z
            images[beyond] = generator(z + shifts[beyond]).float() if halving < HALVINGS else self.base
        return replace(found, shifts=shifts, images=images)
