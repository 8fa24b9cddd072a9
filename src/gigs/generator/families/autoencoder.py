"""The autoencoder of a latent flow: diffusers' `AutoencoderKL`, small enough to be trained on a CPU, or a public one.

Beside the networks goes a linear map, which begins as the principal components of squares of 16 x 16 pixels. It alone
can be the encoder: then latents are known before anything is trained, and stay the same while the decoder learns what
the components leave out. With a network for an encoder, latents are what it calls the mean; they are drawn from around
it in training only (Kingma and Welling 2014, with as little pull towards the normal distribution as in Rombach et al.
2022).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle, pixel_unshuffle

from gigs.errors import ModelError
from gigs.generator.families.diffusion import diffusers
from gigs.io import storage

KIND = "autoencoder"
ENCODERS = ("linear", "network")
LOGVAR = -6.0  # of the noise with which latents are blurred in training: of a linear encoder, and at first of a network


@dataclass(frozen=True, kw_only=True)
class AutoencoderSettings:
    """Widths of an `AutoencoderKL`.

    `patch`: side of the squares of pixels that become the channels of one place before the network sees them (Shi et
    al. 2016); at full resolution, few channels cost most of the time. `channels`: from there down, each halving the
    side of the one before, so a patch of 4 and three widths make a factor of 16. `layers`: residual blocks a resolution
    (the decoder has one more). `latent_channels`: of the latents. `groups`: of the normalisation, dividing every
    width. `encoder`: "linear" for the principal components of squares of `factor` pixels, and no more; "network" for
    those and a network's answer. `resolution`: side in pixels of the pictures it is meant for.
    """

    patch: int = 4
    channels: tuple[int, ...] = (96, 128, 192)
    layers: int = 1
    latent_channels: int = 96
    groups: int = 8
    encoder: str = "linear"
    resolution: int = 128

    def __post_init__(self) -> None:
        if not self.channels or any(width < 1 or width % self.groups for width in self.channels):
            raise ValueError(f"channels must be multiples of groups ({self.groups}), not {self.channels}")
        if min(self.layers, self.latent_channels, self.patch) < 1:
            raise ValueError("patch, layers and latent_channels must be at least 1")
        if self.encoder not in ENCODERS:
            raise ValueError(f"encoder must be one of {', '.join(ENCODERS)}, not {self.encoder!r}")
        if self.resolution % self.factor:
            raise ValueError(f"resolution must be a multiple of {self.factor}, not {self.resolution}")

    @property
    def factor(self) -> int:
        """How many pixels of a side go into one of the latents'."""
        return self.patch * 2 ** (len(self.channels) - 1)

    def config(self) -> dict[str, Any]:
        """As diffusers names it, `patch` and `shortcut` (beside which encoder).

        Without attention, so that it may be trained on pieces of pictures.
        """
        depth = len(self.channels)
        return {
            "patch": self.patch,
            "shortcut": self.encoder,
            "in_channels": 3 * self.patch**2,
            "out_channels": 3 * self.patch**2,
            "down_block_types": ["DownEncoderBlock2D"] * depth,
            "up_block_types": ["UpDecoderBlock2D"] * depth,
            "block_out_channels": list(self.channels),
            "layers_per_block": self.layers,
            "latent_channels": self.latent_channels,
            "norm_num_groups": self.groups,
            "sample_size": self.resolution,
            "scaling_factor": 1.0,
            "mid_block_add_attention": False,
        }


def build_autoencoder(config: dict[str, Any]) -> Any:
    """An `AutoencoderKL` of a diffusers configuration, its weights at random.

    What is ours is kept in its `config`, too: `patch`, and `shortcut`, for which there are the modules `shortcut_in`
    and `shortcut_out`. A linear encoder is frozen, so that latents stay what they are.

    Raises:
        ModelError: diffusers is not installed, or cannot build it.
    """
    ours = {"patch": config.get("patch", 1), "shortcut": config.get("shortcut")}
    theirs = {name: value for name, value in config.items() if name not in ours}
    try:
        network = diffusers().AutoencoderKL.from_config(theirs)
        network.register_to_config(**ours)
        if ours["shortcut"]:
            side, channels = factor(config), config["latent_channels"]
            network.shortcut_in = nn.Conv2d(3, channels, side, side)
            network.shortcut_out = nn.ConvTranspose2d(channels, 3, side, side)
        if ours["shortcut"] == "linear":
            network.encoder = network.quant_conv = nn.Identity()
            network.shortcut_in.requires_grad_(False)
        return network
    except (TypeError, ValueError, NotImplementedError, AttributeError) as error:
        raise ModelError(f"diffusers cannot build this AutoencoderKL ({str(error).partition(chr(10))[0]})") from error


def encode(autoencoder: Any, images: Tensor) -> Tensor:
    """Latents `[N,C,S,S]`, not scaled, of images `[N,3,R,R]` in `[0,1]`."""
    return posterior(autoencoder, images * 2 - 1)[0]


def decode(autoencoder: Any, latents: Tensor) -> Tensor:
    """Images `[N,3,R,R]` in `[0,1]`, float32, of latents `[N,C,S,S]` as `encode` gives them."""
    return draw(autoencoder, latents).float().add(1).div(2).clamp(0, 1)


def posterior(autoencoder: Any, images: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and logarithm of the variance, `[N,C,S,S]` each, of the latents of images `[N,3,R,R]` in `[-1,1]`."""
    shortcut = autoencoder.config.get("shortcut")
    if shortcut == "linear":
        mean = autoencoder.shortcut_in(images)
        return mean, torch.full_like(mean, LOGVAR)
    found = autoencoder.encode(pixel_unshuffle(images, _patch(autoencoder))).latent_dist
    return (found.mean + autoencoder.shortcut_in(images) if shortcut else found.mean), found.logvar


def draw(autoencoder: Any, latents: Tensor) -> Tensor:
    """Images `[N,3,R,R]` in about `[-1,1]` of latents `[N,C,S,S]`."""
    drawn = pixel_shuffle(autoencoder.decode(latents).sample, _patch(autoencoder))
    return drawn + autoencoder.shortcut_out(latents) if autoencoder.config.get("shortcut") else drawn


@torch.no_grad()
def start_from_components(autoencoder: Any, images: Tensor) -> None:
    """Let an untrained autoencoder begin as the principal components of squares of pixels.

    The first has variance 1, and the others the square root of what they would have beside it: so a flow learns shapes
    before fine texture, and still learns texture.

    Networks beside the shortcut begin by adding nothing.

    Args:
        autoencoder: With a shortcut.
        images: `[N,3,R,R]` in `[-1,1]`, R a multiple of the factor.
    """
    side, channels = autoencoder.shortcut_in.kernel_size[0], autoencoder.config["latent_channels"]
    squares = pixel_unshuffle(images, side).movedim(1, -1).flatten(0, 2).double()  # [squares, 3 side side]
    variances, directions = torch.linalg.eigh(squares.T.cov())
    deviations = variances.flip(0)[:channels].clamp_min(1e-8).sqrt()
    deviations = (deviations * deviations[0]).sqrt()
    components = directions.flip(1)[:, :channels].T.reshape(channels, 3, side, side)
    scale = deviations[:, None, None, None]
    mean = squares.mean(dim=0).view(3, -1).mean(dim=1)  # colour: where in a square it is makes no difference
    autoencoder.shortcut_in.weight.copy_(components / scale)
    autoencoder.shortcut_in.bias.copy_(-(components / scale).sum(dim=(2, 3)) @ mean)
    autoencoder.shortcut_out.weight.copy_(components * scale)
    autoencoder.shortcut_out.bias.copy_(mean)
    zero_additions(autoencoder)


@torch.no_grad()
def zero_additions(autoencoder: Any) -> None:
    """Let an autoencoder's networks add nothing to its components, so far."""
    autoencoder.decoder.conv_out.weight.zero_()
    autoencoder.decoder.conv_out.bias.zero_()
    if autoencoder.config["shortcut"] == "network":
        channels = autoencoder.config["latent_channels"]
        autoencoder.quant_conv.weight.zero_()
        autoencoder.quant_conv.bias[:channels].zero_()


def latents_id(autoencoder: Any) -> str:
    """What tells this autoencoder's latents from others'; its decoder may learn on without changing it."""
    linear = autoencoder.config.get("shortcut") == "linear"
    deciding = ("shortcut_in.",) if linear else ("encoder.", "quant_conv.", "shortcut_in.")
    digest = hashlib.sha256()
    for name, tensor in sorted(autoencoder.state_dict().items()):
        if name.startswith(deciding):
            digest.update(name.encode() + tensor.detach().float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def factor(config: Mapping[str, Any]) -> int:
    """How many pixels of a side go into one of the latents', by an autoencoder's configuration."""
    return int(config.get("patch", 1)) * 2 ** (len(config["block_out_channels"]) - 1)


def _patch(autoencoder: Any) -> int:
    return int(autoencoder.config.get("patch", 1))  # a public one has none


def save_autoencoder(path: Path, tensors: dict[str, Tensor], config: dict[str, Any], about: dict[str, Any]) -> Path:
    """Save as safetensors; the configuration and `about` (how trained, on what, scores) travel in the header."""
    return storage.save_tensors(path, tensors, {"kind": KIND, "network": config, "about": about})
