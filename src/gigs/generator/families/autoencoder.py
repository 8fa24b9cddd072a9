"""The autoencoder of a latent flow: diffusers' `AutoencoderKL`, small enough to be trained on a CPU, or a public one.

Latents are what its encoder calls the mean; they are drawn from around it in training only (Kingma and Welling 2014,
with as little pull towards the normal distribution as in Rombach et al. 2022).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from gigs.errors import ModelError
from gigs.generator.families.diffusion import diffusers
from gigs.io import storage

KIND = "autoencoder"


@dataclass(frozen=True, kw_only=True)
class AutoencoderSettings:
    """Widths of an `AutoencoderKL`.

    `channels`: from full resolution down, each halving the side of the one before, so four make a factor of 8.
    `layers`: residual blocks a resolution (the decoder has one more). `latent_channels`: of the latents. `groups`: of
    the normalisation, dividing every width. `resolution`: side in pixels of the pictures it is meant for.
    """

    channels: tuple[int, ...] = (16, 32, 96, 192)
    layers: int = 1
    latent_channels: int = 8
    groups: int = 8
    resolution: int = 128

    def __post_init__(self) -> None:
        if not self.channels or any(width < 1 or width % self.groups for width in self.channels):
            raise ValueError(f"channels must be multiples of groups ({self.groups}), not {self.channels}")
        if self.layers < 1 or self.latent_channels < 1:
            raise ValueError("layers and latent_channels must be at least 1")
        if self.resolution % self.factor:
            raise ValueError(f"resolution must be a multiple of {self.factor}, not {self.resolution}")

    @property
    def factor(self) -> int:
        """How many pixels of a side go into one of the latents'."""
        return 2 ** (len(self.channels) - 1)

    def config(self) -> dict[str, Any]:
        """As diffusers names it."""
        depth = len(self.channels)
        return {
            "in_channels": 3,
            "out_channels": 3,
            "down_block_types": ["DownEncoderBlock2D"] * depth,
            "up_block_types": ["UpDecoderBlock2D"] * depth,
            "block_out_channels": list(self.channels),
            "layers_per_block": self.layers,
            "latent_channels": self.latent_channels,
            "norm_num_groups": self.groups,
            "sample_size": self.resolution,
            "scaling_factor": 1.0,
        }


def build_autoencoder(config: dict[str, Any]) -> Any:
    """An `AutoencoderKL` of a diffusers configuration, its weights at random.

    Raises:
        ModelError: diffusers is not installed, or cannot build it.
    """
    try:
        return diffusers().AutoencoderKL.from_config(dict(config))
    except (TypeError, ValueError, NotImplementedError, AttributeError) as error:
        raise ModelError(f"diffusers cannot build this AutoencoderKL ({str(error).partition(chr(10))[0]})") from error


def encode(autoencoder: Any, images: Tensor) -> Tensor:
    """Latents `[N,C,S,S]`, not scaled, of images `[N,3,R,R]` in `[0,1]`."""
    latents: Tensor = autoencoder.encode(images * 2 - 1).latent_dist.mode()
    return latents


def decode(autoencoder: Any, latents: Tensor) -> Tensor:
    """Images `[N,3,R,R]` in `[0,1]`, float32, of latents `[N,C,S,S]` as `encode` gives them."""
    drawn: Tensor = autoencoder.decode(latents).sample
    return drawn.float().add(1).div(2).clamp(0, 1)


def save_autoencoder(path: Path, tensors: dict[str, Tensor], config: dict[str, Any], about: dict[str, Any]) -> Path:
    """Save as safetensors; the configuration and `about` (how trained, on what, scores) travel in the header."""
    return storage.save_tensors(path, tensors, {"kind": KIND, "network": config, "about": about})
