"""Unconditional diffusion models as deterministic generators: DDIM (Song et al. 2021) with few steps and no noise.

The latent vector is the noise that denoising begins with, flattened; without noise on the way, it alone decides the
picture. Gradients go through every step, each recomputed when it is needed, so memory is that of one step. A photo is
inverted by running the steps backwards, which is where the search starts (`start_from`). In a latent diffusion model
the steps run in an autoencoder's space, and its decoder draws the picture.

The networks are the library diffusers' own, which is imported when one is used.
"""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from gigs.errors import InputError, ModelError
from gigs.generator.base import Generator, register
from gigs.generator.latent import sample_normal

PREDICTIONS = ("epsilon", "v_prediction", "sample")
AUTOENCODERS = ("VQModel", "AutoencoderKL")
SMALLEST = 1e-4  # of the share of signal at the noisy end, which some schedules put at zero


@dataclass(frozen=True, kw_only=True)
class DiffusionSettings:
    """A diffusers UNet and how it is used.

    `unet` and `decoder` are diffusers configurations; `decoder_class` names the autoencoder, or is None where the steps
    run on pixels. `steps`: of DDIM, spread evenly. `prediction`: what the network predicts. `scale`: of the
    autoencoder's space. `trained_steps`: of the noise schedule. `label`: the class drawn, where the UNet has classes.
    """

    unet: dict[str, Any]
    steps: int = 10
    prediction: str = "epsilon"
    trained_steps: int = 1000
    decoder_class: str | None = None
    decoder: dict[str, Any] | None = None
    scale: float = 1.0
    label: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= self.trained_steps:
            raise ValueError(f"steps must be from 1 to {self.trained_steps}, not {self.steps}")
        if self.prediction not in PREDICTIONS:
            raise ValueError(f"prediction must be one of {', '.join(PREDICTIONS)}, not {self.prediction!r}")
        if (self.decoder_class is None) != (self.decoder is None) or self.scale <= 0:
            raise ValueError("a decoder needs its class and its configuration; scale must be positive")
        if self.decoder_class not in (None, *AUTOENCODERS):
            raise ValueError(f"the decoder must be one of {', '.join(AUTOENCODERS)}, not {self.decoder_class!r}")
        side, channels = self.unet.get("sample_size"), self.unet.get("in_channels")
        if not isinstance(side, int) or not isinstance(channels, int) or channels != self.unet.get("out_channels"):
            raise ValueError("the UNet must have one sample_size, and as many channels going in as coming out")
        drawn, coded = self._channels()
        if drawn != 3:
            raise ValueError(f"draws pictures of {drawn} channel(s); gigs needs three colours")
        if coded != channels:
            raise ValueError(
                f"the UNet's latents have {channels} channels, the autoencoder's {coded}: not of one model"
            )
        if self.label is not None and not 0 <= self.label < self.classes:
            raise ValueError(f"label {self.label}: there are {self.classes} classes")

    @property
    def classes(self) -> int:
        """Rows of the UNet's class table; 0 where it draws without classes."""
        return int(self.unet.get("num_class_embeds") or 0)

    def _channels(self) -> tuple[int, int]:
        """Of the pictures and of what the UNet denoises; diffusers' defaults where the decoder does not say."""
        if self.decoder is None:
            return self.unet["in_channels"], self.unet["in_channels"]
        usual = 3 if self.decoder_class == "VQModel" else 4
        return self.decoder.get("out_channels", 3), self.decoder.get("latent_channels", usual)


class Diffusion(Generator):
    """DDIM from noise to picture.

    Raises:
        ModelError: diffusers is not installed, or cannot build the network.
    """

    family = "diffusion"
    alphas: Tensor

    def __init__(self, settings: DiffusionSettings, alphas: Tensor | None = None) -> None:
        super().__init__()
        self.config = settings
        self.unet: nn.Module = _network("UNet2DModel", settings.unet)
        self.decoder: Any = (
            None if settings.decoder_class is None else _network(settings.decoder_class, settings.decoder)
        )
        self.register_buffer("alphas", torch.ones(settings.trained_steps) if alphas is None else alphas.float())
        self.shape = (settings.unet["in_channels"], settings.unet["sample_size"], settings.unet["sample_size"])
        self.latent_dim = self.shape[0] * self.shape[1] * self.shape[2]
        enlarged = 1 if self.decoder is None else 2 ** (len(self.decoder.config["block_out_channels"]) - 1)
        self.resolution = self.shape[1] * enlarged

    @property
    def classes(self) -> int:
        """Rows of its class table."""
        return self.config.classes

    def of_class(self, label: int) -> Diffusion:
        """This generator, its weights shared, drawing one class."""
        if not self.config.classes:
            super().of_class(label)
        if not 0 <= label < self.config.classes:
            raise InputError(f"class {label}: this generator has {self.config.classes} classes, counted from 0")
        other = copy.copy(self)
        other.config = replace(self.config, label=label)
        return other

    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        """`[n,latent_dim]` standardised normal vectors: the noise that denoising begins with."""
        return sample_normal(n, self.latent_dim, rng)

    def forward(self, z: Tensor) -> Tensor:
        """`[N,latent_dim]` to `[N,3,resolution,resolution]` in `[0,1]`."""
        x = self.denoise(z.unflatten(1, self.shape))
        if self.decoder is not None:
            x = self.decoder.decode(x / self.config.scale).sample
        return x.float().add(1).div(2).clamp(0, 1)

    def denoise(self, x: Tensor) -> Tensor:
        """Noise `[N,C,S,S]` to a clean picture or code, by DDIM's deterministic steps (Eq. 12 with sigma = 0)."""
        for time, before in self._times():
            x = self._step(x, time, time, before)
        return x

    @torch.no_grad()
    def start_from(self, photos: Tensor) -> Tensor:
        """Latent vectors `[N,latent_dim]` for `[N,3,R,R]` in `[0,1]`: the same steps run backwards (DDIM inversion)."""
        x = photos * 2 - 1
        if self.decoder is not None:
            coded = self.decoder.encode(x)
            x = (coded.latents if hasattr(coded, "latents") else coded.latent_dist.mode()) * self.config.scale
        for time, before in reversed(self._times()):
            x = self._step(x, time, before, time)
        return self.project(x.flatten(1).float())

    def settings(self) -> dict[str, Any]:
        """The `DiffusionSettings` as a dict."""
        return asdict(self.config)

    def _times(self) -> list[tuple[int, int]]:
        """Steps of the schedule from the noisiest on, each with the next cleaner one; -1 is the picture itself."""
        count, last = self.config.steps, self.config.trained_steps
        times = [round(last * k / count) - 1 for k in range(count, -1, -1)]
        return list(pairwise(times))

    def _step(self, x: Tensor, time: int, now: int, then: int) -> Tensor:
        """From the noise level of step `now` to that of `then`, by the network's answer for step `time`."""
        if not torch.is_grad_enabled():
            return self._moved(x, time, now, then)
        return checkpoint(self._moved, x, time, now, then, use_reentrant=False)

    def _moved(self, x: Tensor, time: int, now: int, then: int) -> Tensor:
        answer = self.unet(x, torch.full((len(x),), time, device=x.device), self._labels(x)).sample.float()
        signal, noise = self._shares(now)
        if self.config.prediction == "epsilon":
            epsilon = answer
            clean = (x - noise * epsilon) / signal
        elif self.config.prediction == "sample":
            clean = answer
            epsilon = (x - signal * clean) / noise.clamp_min(SMALLEST)
        else:
            clean, epsilon = signal * x - noise * answer, signal * answer + noise * x
        signal, noise = self._shares(then)
        return signal * clean + noise * epsilon

    def _labels(self, x: Tensor) -> Tensor | None:
        """The class of every row of `x`, or None where the network knows no classes.

        Raises:
            InputError: It does, and none was chosen.
        """
        if not self.config.classes:
            return None
        if self.config.label is None:
            raise InputError(f"this generator draws {self.config.classes} classes; choose one with `label`")
        return torch.full((len(x),), self.config.label, device=x.device)

    def _shares(self, time: int) -> tuple[Tensor, Tensor]:
        """Shares of signal and of noise at a step, their squares summing to 1."""
        alpha = self.alphas[time].clamp_min(SMALLEST**2) if time >= 0 else self.alphas.new_ones(())
        return alpha.sqrt(), (1 - alpha).sqrt()


def diffusers() -> Any:
    """The library.

    Raises:
        ModelError: It is not installed.
    """
    try:
        import diffusers as library  # takes seconds
    except ImportError as error:
        raise ModelError("this generator needs the library diffusers; install it with pip install diffusers") from error
    return library


def _network(name: str, config: dict[str, Any] | None) -> Any:
    try:
        return getattr(diffusers(), name).from_config(dict(config or {}))
    except (TypeError, ValueError, NotImplementedError, AttributeError) as error:
        raise ModelError(f"diffusers cannot build this {name} ({str(error).partition(chr(10))[0]})") from error


@register("diffusion")
def build_diffusion(settings: dict[str, Any]) -> Diffusion:
    """Build from the settings that `Diffusion.settings` returned."""
    return Diffusion(DiffusionSettings(**settings))
