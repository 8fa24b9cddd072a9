"""A critic that looks at a frozen network's features (Projected GAN, Sauer et al. 2021) instead of at pixels.

Features of EfficientNet-Lite0 at four scales are mixed by fixed random projections, within a scale and from coarse to
fine; one small discriminator a scale judges them. Forward and backward the backbone costs a fifth of a ProGAN critic of
the same resolution, and it needs fewer images, since it does not have to learn to see first.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from gigs.vision.backbone import Backbone

BACKBONE = "efficientnet-lite0"
STAGES = (0, 1, 2, 4)  # of the backbone's seven: sides 32, 16, 8 and 4 for pictures of 64 px
CHANNELS = (16, 24, 40, 112)
MIXED = (32, 48, 64, 64)  # channels of the mixed features
SMALLEST = 64  # pixels


class ProjectedCritic(nn.Module):
    """Pictures to one logit map a scale. The backbone is frozen and no part of the state; the projections are.

    Args:
        resolution: Side of the pictures; they are enlarged to 64 px if they are smaller.
    """

    def __init__(self, resolution: int) -> None:
        super().__init__()
        self.side = max(SMALLEST, resolution)
        self._backbone: list[Backbone] = []  # a list hides it from state_dict() and parameters()
        self.across = nn.ModuleList(
            nn.Conv2d(inputs, outputs, 1) for inputs, outputs in zip(CHANNELS, MIXED, strict=True)
        )
        self.down = nn.ModuleList(nn.Conv2d(coarse, fine, 3, padding=1) for fine, coarse in pairwise(MIXED))
        for layer in (*self.across, *self.down):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="linear")
            nn.init.zeros_(layer.bias)
            layer.requires_grad_(False)
        halvings = range(len(STAGES) - 1, -1, -1)
        self.heads = nn.ModuleList(_head(width, count) for width, count in zip(MIXED, halvings, strict=True))

    @property
    def backbone(self) -> Backbone:
        """The frozen network, fetched on first use."""
        if not self._backbone:
            self._backbone.append(Backbone.pretrained(BACKBONE))
        backbone: Backbone = self._backbone[0]
        return backbone.to(next(self.across.parameters()).device)

    def forward(self, images: Tensor) -> Tensor:
        """`[N,3,R,R]` in about `[-1,1]` to logits `[N,L]` of all places and scales."""
        return self.judge(self.features(images))

    def judge(self, features: list[Tensor]) -> Tensor:
        """Logits `[N,L]` from the backbone's features."""
        mixed = self.mix(features)
        return torch.cat([head(x).flatten(1).float() for head, x in zip(self.heads, mixed, strict=True)], dim=1)

    def features(self, images: Tensor) -> list[Tensor]:
        """The backbone's features at the chosen stages, in fp32 (its depthwise convolutions are slow in bf16)."""
        network: Any = self.backbone.network
        with torch.autocast(images.device.type, enabled=False):
            if images.shape[-1] != self.side:
                images = F.interpolate(images.float(), (self.side, self.side), mode="bilinear", align_corners=False)
            x = network.stem(images.float().contiguous(memory_format=torch.channels_last))
            features = []
            for index, stage in enumerate(network.blocks[: STAGES[-1] + 1]):
                x = stage(x)
                if index in STAGES:
                    features.append(x)
        return features

    def mix(self, features: list[Tensor]) -> list[Tensor]:
        """Fixed random mixing across channels, then from coarse to fine (Sauer et al. 2021, section 3.2)."""
        mixed = [layer(x) for layer, x in zip(self.across, features, strict=True)]
        for scale in range(len(mixed) - 2, -1, -1):
            coarse = F.interpolate(mixed[scale + 1], scale_factor=2, mode="bilinear", align_corners=False)
            mixed[scale] = mixed[scale] + self.down[scale](coarse)
        return mixed


def _head(width: int, halvings: int) -> nn.Module:
    """A discriminator: down to 4 x 4 by strided convolutions, then logits."""
    layers: list[nn.Module] = []
    for _ in range(halvings):
        layers += [spectral_norm(nn.Conv2d(width, 64, 4, stride=2, padding=1)), nn.LeakyReLU(0.2)]
        width = 64
    layers += [spectral_norm(nn.Conv2d(width, 64, 3, padding=1)), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, spectral_norm(nn.Conv2d(64, 1, 3, padding=1)))
