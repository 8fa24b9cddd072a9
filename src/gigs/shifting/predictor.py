"""The shift predictor Theta_s (Fig. 3; Voynov & Babenko 2020): which shift made this picture?

It learns to tell the n shifted pictures apart. A shift that it can name looks unlike the others, so training it keeps
the suggestions distinct.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gigs.vision.torchvision_import import import_torchvision

SMALLEST = 64  # pixels


class ShiftPredictor(nn.Module):
    """ResNet-18 trunk from scratch with two heads: class of the shift (n-way) and the shift itself."""

    def __init__(self, n: int, latent_dim: int) -> None:
        super().__init__()
        trunk = import_torchvision().models.resnet18(weights=None)
        width = trunk.fc.in_features
        trunk.fc = nn.Identity()
        self.trunk = trunk
        self.class_head = nn.Linear(width, n)
        self.shift_head = nn.Linear(width, latent_dim)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Images `[N,3,H,W]` in `[0,1]` to logits `[N,n]` and predicted shifts `[N,latent_dim]`."""
        if images.shape[-1] < SMALLEST:  # at 32 px the last layers see one position, too few to normalise over
            images = F.interpolate(images, (SMALLEST, SMALLEST), mode="bilinear", align_corners=False)
        features = self.trunk(2 * images - 1)
        return self.class_head(features), self.shift_head(features)


def seeded_predictor(n: int, latent_dim: int, rng: torch.Generator) -> ShiftPredictor:
    """A predictor whose initial weights come from `rng`; the global random state is unchanged."""
    seed = int(torch.randint(0, 2**31 - 1, (1,), generator=rng))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ShiftPredictor(n, latent_dim)
