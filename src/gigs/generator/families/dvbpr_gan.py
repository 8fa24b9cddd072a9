"""The class-conditional least-squares GAN of Kang et al. 2017, the paper's baseline: its generator.

A vector of 256 numbers and a one-hot class go through one dense layer to 4 px, and from there through transposed 3x3
convolutions with batch normalisation and leaky ReLU; every doubling but the last two is followed by a layer that keeps
the size. Names of the classes travel in the settings.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gigs.errors import InputError
from gigs.generator.base import Generator, register
from gigs.generator.latent import sample_normal

BASE = 4  # side in pixels that everything begins at
SPREAD = 0.02  # standard deviation of the initial weights, as published
SLOPE = 0.2  # of leaky ReLU below 0, as published


@dataclass(frozen=True, kw_only=True)
class DVBPRGANSettings:
    """Sizes of the GAN, for generator and critic alike.

    A side of 4 * 2^l has `min(fmap_base / 2^l, fmap_max)` channels in the generator, and half as many in the critic,
    which has at most `2 * fmap_max`. The defaults are Kang et al.'s widths; half of them is what a laptop can train.
    `classes`: names, a row of the class table each. `label`: the class drawn.
    """

    classes: tuple[str, ...]
    resolution: int = 64
    z_dim: int = 256
    fmap_base: int = 1024
    fmap_max: int = 256
    label: int | None = None

    def __post_init__(self) -> None:
        if self.resolution not in (8, 16, 32, 64, 128, 256):
            raise ValueError(f"resolution must be a power of two from 8 to 256, not {self.resolution}")
        if min(self.z_dim, self.fmap_base, self.fmap_max) < 1:
            raise ValueError("z_dim, fmap_base and fmap_max must be positive")
        if len(set(self.classes)) != len(self.classes) or len(self.classes) < 2 or not all(self.classes):
            raise ValueError("a class-conditional GAN needs two classes or more, each with a name of its own")
        if self.label is not None and not 0 <= self.label < len(self.classes):
            raise ValueError(f"label {self.label}: there are {len(self.classes)} classes")

    @property
    def top(self) -> int:
        """Doublings from 4 px to the resolution."""
        return self.resolution.bit_length() - 3

    def channels(self, level: int) -> int:
        """Feature maps of the generator after so many doublings."""
        return max(1, min(self.fmap_base >> level, self.fmap_max))

    def critic_channels(self, level: int) -> int:
        """Feature maps of the critic where so many doublings are left."""
        return max(1, min(self.fmap_base >> (level + 1), 2 * self.fmap_max))


class DVBPRGAN(Generator):
    """Transposed convolutions with batch normalisation, conditioned at the dense layer; tanh at the end."""

    family = "dvbpr-gan"

    def __init__(self, settings: DVBPRGANSettings) -> None:
        super().__init__()
        width = settings.channels(0)
        self.dense = nn.Linear(settings.z_dim + len(settings.classes), width * BASE * BASE)
        self.norm = nn.BatchNorm2d(width)
        self.layers = nn.ModuleList()
        for level in range(1, settings.top + 1):
            wider, width = width, settings.channels(level)
            self.layers.append(_layer(wider, width, doubles=True))
            if level <= settings.top - 2:
                self.layers.append(_layer(width, width, doubles=False))
        self.colours = nn.ConvTranspose2d(width, 3, 3, padding=1)
        initialise(self)
        self._take(settings)

    def of_class(self, label: int) -> DVBPRGAN:
        """This generator, its weights shared, drawing one class (a place in `class_names`)."""
        if not 0 <= label < len(self.class_names):
            named = ", ".join(f"{number} {name}" for number, name in enumerate(self.class_names))
            raise InputError(f"class {label}: this generator has {len(self.class_names)} classes: {named}")
        other = copy.copy(self)
        other._take(replace(self.config, label=label))
        return other

    @property
    def class_names(self) -> tuple[str, ...]:
        """What the classes are, by their number."""
        return self.config.classes

    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        """`[n,latent_dim]` standardised normal vectors."""
        return sample_normal(n, self.latent_dim, rng)

    def forward(self, z: Tensor) -> Tensor:
        """`[N,latent_dim]` to `[N,3,resolution,resolution]` in `[0,1]`, of the class chosen with `of_class`."""
        label = self.config.label
        if label is None:
            named = ", ".join(f"{number} ({name})" for number, name in enumerate(self.class_names))
            raise InputError(f"this generator draws {len(self.class_names)} classes; choose one with `label`: {named}")
        labels = torch.full((len(z),), label, device=z.device)
        return self.synthesise(z, labels).float().add(1).div(2).clamp(0, 1)

    def synthesise(self, z: Tensor, labels: Tensor) -> Tensor:
        """`[N,latent_dim]` and classes `[N]` to the original's own output, `[N,3,resolution,resolution]` in `[-1,1]`.

        In training mode, normalisation sees the batch.
        """
        shown = F.one_hot(labels, len(self.class_names)).to(z.dtype)
        x = self.dense(torch.cat([z, shown], dim=1)).view(len(z), -1, BASE, BASE)
        x = F.leaky_relu(self.norm(x), SLOPE)
        for layer in self.layers:
            x = layer(x)
        return self.colours(x).tanh()

    @torch.no_grad()
    def measure(self, labels: Iterable[Tensor], rng: torch.Generator) -> None:
        """Take batch normalisation's statistics anew, from pictures of these batches of classes `[N]`.

        Averaged weights need it: statistics gathered in training are those of other weights.
        """
        norms = [module for module in self.modules() if isinstance(module, nn.BatchNorm2d)]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # the plain mean over all batches
            norm.train()
        for batch in labels:
            z = self.sample(len(batch), rng).to(self.dense.weight.device)
            self.synthesise(z, batch.to(z.device))
        for norm in norms:
            norm.momentum = 0.1
            norm.eval()

    def settings(self) -> dict[str, Any]:
        """The `DVBPRGANSettings` as a dict."""
        return {**asdict(self.config), "classes": list(self.config.classes)}

    def _take(self, settings: DVBPRGANSettings) -> None:
        self.config, self.latent_dim, self.resolution = settings, settings.z_dim, settings.resolution


def _layer(inputs: int, outputs: int, *, doubles: bool) -> nn.Sequential:
    stride = 2 if doubles else 1
    convolution = nn.ConvTranspose2d(inputs, outputs, 3, stride=stride, padding=1, output_padding=stride - 1)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.LeakyReLU(SLOPE))


def initialise(network: nn.Module) -> None:
    """Weights from N(0, 0.02), biases 0, as published."""
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, std=SPREAD)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def dvbpr_gan_settings(stored: dict[str, Any]) -> DVBPRGANSettings:
    """From what `DVBPRGAN.settings` returned."""
    return DVBPRGANSettings(**{**stored, "classes": tuple(str(name) for name in stored["classes"])})


@register("dvbpr-gan")
def build_dvbpr_gan(settings: dict[str, Any]) -> DVBPRGAN:
    """Build from the settings that `DVBPRGAN.settings` returned."""
    return DVBPRGAN(dvbpr_gan_settings(settings))
