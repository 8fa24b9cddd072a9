"""ProGAN generators trained with other people's code: `pro_gan_pytorch` (akanimax) and `pytorch_GAN_zoo` (PGAN).

Both are Karras et al. (2017) with small differences, and one network serves both. It computes what the original does
at its full resolution, the newest level faded in completely; a converted file holds nothing else. The layers are the
package's own: weights are kept for the equalised learning rate (about unit variance, He's constant at run time), and
bigger levels are drawn with the fused up-convolution. `formats` makes the files.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gigs.generator.base import Generator, register
from gigs.generator.families.progan_layers import EqualisedConv, EqualisedLinear, UpConv
from gigs.generator.latent import sample_normal
from gigs.vision.pixel_norm import PixelNorm

LEVELS = range(2, 10)  # resolutions from 8 to 1024
OUTPUTS = ("linear", "tanh")


@dataclass(frozen=True, kw_only=True)
class PublicSettings:
    """Sizes and variants of a public ProGAN generator.

    `channels` are the feature maps of every level, from 4 px up. `norm_latent`: z is brought to unit root mean square
    first. `norm_dense`: pixel norm also follows the first layer. `output`: what follows the last one.
    """

    channels: tuple[int, ...]
    latent_dim: int
    norm_latent: bool = True
    norm_dense: bool = False
    leak: float = 0.2
    output: str = "linear"

    def __post_init__(self) -> None:
        if len(self.channels) not in LEVELS:
            raise ValueError(f"a generator has {LEVELS.start} to {LEVELS.stop - 1} levels, not {len(self.channels)}")
        if min(*self.channels, self.latent_dim) < 1:
            raise ValueError("channels and latent_dim must be positive")
        if not 0 <= self.leak < 1:
            raise ValueError(f"leak must be from 0 to below 1, not {self.leak}")
        if self.output not in OUTPUTS:
            raise ValueError(f"output must be one of {', '.join(OUTPUTS)}, not {self.output!r}")

    @property
    def resolution(self) -> int:
        """Side in pixels of the picture."""
        return 4 << (len(self.channels) - 1)


class PublicProGAN(Generator):
    """A public ProGAN at its full resolution; a subclass per family gives the name."""

    def __init__(self, settings: PublicSettings) -> None:
        super().__init__()
        self.config = settings
        self.latent_dim, self.resolution = settings.latent_dim, settings.resolution
        base, pairs = settings.channels[0], list(zip(settings.channels, settings.channels[1:], strict=False))
        self.norm = PixelNorm()
        self.dense = EqualisedLinear(settings.latent_dim, base * 16)
        self.first = EqualisedConv(base, base, 3)
        self.ups = nn.ModuleList(UpConv(inputs, outputs) for inputs, outputs in pairs)
        self.convs = nn.ModuleList(EqualisedConv(outputs, outputs, 3) for _, outputs in pairs)
        self.to_rgb = EqualisedConv(settings.channels[-1], 3, 1)

    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        """`[n,latent_dim]` standardised normal vectors: on the sphere that both originals draw from."""
        return sample_normal(n, self.latent_dim, rng)

    def forward(self, z: Tensor) -> Tensor:
        """`[N,latent_dim]` to `[N,3,resolution,resolution]` in `[0,1]`."""
        return self.synthesise(z).float().add(1).div(2).clamp(0, 1)

    def synthesise(self, z: Tensor) -> Tensor:
        """`[N,latent_dim]` to the original's own output, `[N,3,resolution,resolution]` in about `[-1,1]`, unclamped."""
        x = self.dense(self.norm(z) if self.config.norm_latent else z).view(len(z), -1, 4, 4)
        x = F.leaky_relu(x, self.config.leak)
        x = self._act(self.first(self.norm(x) if self.config.norm_dense else x))
        for up, conv in zip(self.ups, self.convs, strict=True):
            x = self._act(conv(self._act(up(x))))
        picture = self.to_rgb(x)
        return picture.tanh() if self.config.output == "tanh" else picture

    def settings(self) -> dict[str, Any]:
        """The `PublicSettings` as a dict."""
        return {**asdict(self.config), "channels": list(self.config.channels)}

    def _act(self, x: Tensor) -> Tensor:
        return self.norm(F.leaky_relu(x, self.config.leak))


class ProGANPyTorch(PublicProGAN):
    """Generator of akanimax's `pro_gan_pytorch` (package `pro-gan-pth`)."""

    family: ClassVar[str] = "pro-gan-pytorch"


class GANZooPGAN(PublicProGAN):
    """Generator of facebookresearch's `pytorch_GAN_zoo`, model PGAN."""

    family: ClassVar[str] = "gan-zoo-pgan"


@register(ProGANPyTorch.family)
def build_pro_gan_pytorch(settings: dict[str, Any]) -> ProGANPyTorch:
    """Build from the settings that `settings` returned."""
    return ProGANPyTorch(_settings(settings))


@register(GANZooPGAN.family)
def build_gan_zoo_pgan(settings: dict[str, Any]) -> GANZooPGAN:
    """Build from the settings that `settings` returned."""
    return GANZooPGAN(_settings(settings))


def _settings(stored: dict[str, Any]) -> PublicSettings:
    return PublicSettings(**{**stored, "channels": tuple(stored["channels"])})
