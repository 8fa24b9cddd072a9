"""ProGAN (Karras et al. 2017): the generator, and the trunk that serves as its critic and as an encoder.

All three grow together from 4 px. `level` counts doublings (level 0 is 4 px) and `alpha` in `[0,1]` fades the newest
level in. Inside, pictures are in `[-1,1]`; only `ProGAN.forward` speaks the package's `[0,1]`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gigs.generator.base import Generator, register
from gigs.generator.families.progan_layers import DownConv, EqualisedConv, EqualisedLinear, MinibatchStd, UpConv
from gigs.generator.latent import sample_normal
from gigs.vision.pixel_norm import PixelNorm


@dataclass(frozen=True, kw_only=True)
class ProGANSettings:
    """Sizes of a progressive GAN.

    `fmap_base` and `fmap_max` are Karras et al.'s: a level of side 4 * 2^l has `min(fmap_base / 2^(l+1), fmap_max)`
    channels. Theirs are 8192 and 512; 1536 and 256 cost a sixteenth and are what a laptop can train.
    """

    resolution: int = 64
    latent_dim: int = 512
    fmap_base: int = 1536
    fmap_max: int = 256

    def __post_init__(self) -> None:
        if self.resolution not in (8, 16, 32, 64, 128, 256, 512, 1024):
            raise ValueError(f"resolution must be a power of two from 8 to 1024, not {self.resolution}")
        if min(self.latent_dim, self.fmap_base, self.fmap_max) < 1:
            raise ValueError("latent_dim, fmap_base and fmap_max must be positive")

    @property
    def top(self) -> int:
        """Highest level."""
        return self.resolution.bit_length() - 3

    def channels(self, level: int) -> int:
        """Feature maps at a level."""
        return max(1, min(self.fmap_base >> (level + 1), self.fmap_max))


class ProGAN(Generator):
    """Progressive generator: 512-d z on the sphere, PixelNorm, leaky ReLU, linear colours."""

    family = "progan"

    def __init__(self, settings: ProGANSettings) -> None:
        super().__init__()
        self.config = settings
        self.latent_dim, self.resolution = settings.latent_dim, settings.resolution
        width = settings.channels(0)
        self.norm = PixelNorm()
        self.dense = EqualisedLinear(settings.latent_dim, width * 16, gain=2**0.5 / 4)
        self.first = EqualisedConv(width, width, 3)
        pairs = [(settings.channels(level - 1), settings.channels(level)) for level in range(1, settings.top + 1)]
        self.ups = nn.ModuleList(UpConv(inputs, outputs) for inputs, outputs in pairs)
        self.convs = nn.ModuleList(EqualisedConv(outputs, outputs, 3) for _, outputs in pairs)
        self.to_rgb = nn.ModuleList(
            EqualisedConv(settings.channels(level), 3, 1, gain=1) for level in range(settings.top + 1)
        )

    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        """`[n,latent_dim]` standardised normal vectors."""
        return sample_normal(n, self.latent_dim, rng)

    def forward(self, z: Tensor) -> Tensor:
        """`[N,latent_dim]` to `[N,3,resolution,resolution]` in `[0,1]`."""
        return self.synthesise(z, self.config.top).float().add(1).div(2).clamp(0, 1)

    def synthesise(self, z: Tensor, level: int, alpha: float | Tensor = 1.0) -> Tensor:
        """Picture at `level`, in about `[-1,1]` and unclamped; at `alpha` < 1 blended with the level below."""
        x = self._act(self.dense(self.norm(z)).view(-1, self.config.channels(0), 4, 4))
        x = self._act(self.first(x))
        below = x
        for up, conv in zip(self.ups[:level], self.convs[:level], strict=True):
            below = x
            x = self._act(conv(self._act(up(x))))
        picture = self.to_rgb[level](x)
        if level == 0 or (not isinstance(alpha, Tensor) and alpha >= 1):
            return picture
        return torch.lerp(F.interpolate(self.to_rgb[level - 1](below), scale_factor=2).float(), picture.float(), alpha)

    def settings(self) -> dict[str, Any]:
        """The `ProGANSettings` as a dict."""
        return asdict(self.config)

    def _act(self, x: Tensor) -> Tensor:
        return self.norm(F.leaky_relu(x, 0.2))


class Trunk(nn.Module):
    """Pictures to `outputs` numbers: the critic (1 output, minibatch deviation) or the encoder (latent_dim outputs)."""

    def __init__(self, settings: ProGANSettings, outputs: int, *, minibatch_std: bool) -> None:
        super().__init__()
        self.config = settings
        levels = range(settings.top + 1)
        self.from_rgb = nn.ModuleList(EqualisedConv(3, settings.channels(level), 1) for level in levels)
        self.convs = nn.ModuleList(
            EqualisedConv(settings.channels(level), settings.channels(level), 3) for level in levels[1:]
        )
        self.downs = nn.ModuleList(
            DownConv(settings.channels(level), settings.channels(level - 1)) for level in levels[1:]
        )
        width = settings.channels(0)
        self.minibatch_std = MinibatchStd() if minibatch_std else nn.Identity()
        self.last = EqualisedConv(width + int(minibatch_std), width, 3)
        self.dense = EqualisedLinear(width * 16, width)
        self.out = EqualisedLinear(width, outputs, gain=1)

    def forward(self, x: Tensor, level: int, alpha: float | Tensor = 1.0) -> Tensor:
        """`[N,3,4*2^level,4*2^level]` in `[-1,1]` to `[N,outputs]`."""
        features = F.leaky_relu(self.from_rgb[level](x), 0.2)
        for current in range(level, 0, -1):
            features = F.leaky_relu(self.convs[current - 1](features), 0.2)
            features = F.leaky_relu(self.downs[current - 1](features), 0.2)
            if current == level and (isinstance(alpha, Tensor) or alpha < 1):
                coarse = F.leaky_relu(self.from_rgb[level - 1](F.avg_pool2d(x, 2)), 0.2)
                features = torch.lerp(coarse.float(), features.float(), alpha)
        features = F.leaky_relu(self.last(self.minibatch_std(features)), 0.2)
        return self.out(F.leaky_relu(self.dense(features.flatten(1)), 0.2)).float()


@register("progan")
def build_progan(settings: dict[str, Any]) -> ProGAN:
    """Build from the settings that `ProGAN.settings` returned."""
    return ProGAN(ProGANSettings(**settings))
