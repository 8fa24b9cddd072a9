"""BigGAN and BigGAN-deep (Brock et al. 2019): class-conditional, spectral normalisation already divided out.

Latent vectors live in `z`, with the class fixed, or in `z+class`, where the class's embedding is optimised along: it
starts at a class and may end between classes. z is counted in units of the truncation, within [-2, 2]; the embedding in
standard deviations over all classes, and stays in the box that these span.
"""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gigs.errors import InputError
from gigs.generator.base import Generator, register
from gigs.generator.families.biggan_layers import Attention, DeepBlock, PlainBlock

SPACES = ("z", "z+class")
BOUND = 2.0  # of z before truncation, as published
BASE = 4  # side in pixels that everything begins at


@dataclass(frozen=True, kw_only=True)
class BigGANSettings:
    """Sizes of a BigGAN and how it is used.

    `blocks`: (inputs, outputs, doubles) of every residual block. `attention`: self-attention precedes these blocks (the
    number of blocks itself: follows the last). `deep`: BigGAN-deep's bottleneck blocks, which all see the whole z; else
    each block sees a `chunk` of z beside the class, or none where `chunk` is 0. `space`, `label`, `truncation`: where
    latent vectors live, the class drawn, and the scale of z.
    """

    blocks: tuple[tuple[int, int, bool], ...]
    z_dim: int
    embedded: int
    classes: int
    attention: tuple[int, ...] = ()
    deep: bool = False
    chunk: int = 0
    eps: float = 1e-5
    space: str = "z"
    label: int | None = None
    truncation: float = 1.0

    def __post_init__(self) -> None:
        sizes = [size for block in self.blocks for size in block[:2]]
        if not self.blocks or min(*sizes, self.z_dim, self.embedded, self.classes) < 1 or self.chunk < 0:
            raise ValueError("a BigGAN needs blocks, z, an embedding and classes of positive size")
        if self.chunk and (self.deep or self.z_dim != self.chunk * (len(self.blocks) + 1)):
            raise ValueError(f"z of {self.z_dim} does not split into {len(self.blocks) + 1} chunks of {self.chunk}")
        if self.space not in SPACES:
            raise ValueError(f"space must be one of {', '.join(SPACES)}, not {self.space!r}")
        if self.label is not None and not 0 <= self.label < self.classes:
            raise ValueError(f"label {self.label}: there are {self.classes} classes")
        if not 0 < self.truncation <= 1 or self.eps <= 0:
            raise ValueError("truncation must be in (0, 1] and eps positive")

    @property
    def resolution(self) -> int:
        """Side in pixels of the picture."""
        return BASE << sum(doubles for _, _, doubles in self.blocks)

    @property
    def condition(self) -> int:
        """Length of what every block's normalisation sees."""
        return self.embedded + (self.z_dim if self.deep else self.chunk)


class BigGAN(Generator):
    """Residual blocks with class-conditional normalisation, self-attention, and tanh at the end."""

    family = "biggan"

    def __init__(self, settings: BigGANSettings) -> None:
        super().__init__()
        first = settings.condition if settings.deep else (settings.chunk or settings.z_dim)
        self.embedding = nn.Parameter(torch.randn(settings.classes, settings.embedded))
        self.dense = nn.Linear(first, settings.blocks[0][0] * BASE * BASE)
        kind = DeepBlock if settings.deep else PlainBlock
        self.blocks = nn.ModuleList(kind(*block, settings.condition, settings.eps) for block in settings.blocks)
        width = settings.blocks[-1][1]
        sizes = [*(inputs for inputs, _, _ in settings.blocks), width]
        self.attention = nn.ModuleDict({str(place): Attention(sizes[place]) for place in settings.attention})
        self.norm = nn.BatchNorm2d(width, eps=settings.eps)
        self.colours = nn.Conv2d(width, 3, 3, padding=1)
        self._take(settings)

    @property
    def spaces(self) -> tuple[str, ...]:
        """The class fixed, or relaxed."""
        return SPACES

    def in_space(self, space: str) -> BigGAN:
        """This generator, its weights shared, with the class fixed (`z`) or relaxed (`z+class`)."""
        if space not in SPACES:
            super().in_space(space)
        return self._using(replace(self.config, space=space))

    @property
    def classes(self) -> int:
        """Rows of its class table."""
        return self.config.classes

    def of_class(self, label: int) -> BigGAN:
        """This generator, its weights shared, drawing one class, or starting at it in `z+class`."""
        if not 0 <= label < self.config.classes:
            raise InputError(f"class {label}: this generator has {self.config.classes} classes, counted from 0")
        return self._using(replace(self.config, label=label))

    def project(self, z: Tensor) -> Tensor:
        """z within [-2, 2], a relaxed class within the box of all classes."""
        inside = z[:, : self.config.z_dim].clamp(-BOUND, BOUND)
        if self.space == "z":
            return inside
        table = self._table()
        lowest, highest = table.min(0).values, table.max(0).values
        return torch.cat([inside, torch.clamp(z[:, self.config.z_dim :], lowest, highest)], dim=1)

    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        """`[n,latent_dim]`: z from a normal distribution cut at 2; in `z+class` beside the class drawn, or any."""
        z = torch.randn(n, self.config.z_dim, generator=rng)
        while bool((outside := z.abs() > BOUND).any()):
            z[outside] = torch.randn(int(outside.sum()), generator=rng)
        if self.space == "z":
            return z
        label = self.config.label
        rows = torch.randint(self.config.classes, (n,), generator=rng) if label is None else torch.full((n,), label)
        return torch.cat([z, self._table().cpu()[rows]], dim=1)

    def forward(self, z: Tensor) -> Tensor:
        """`[N,latent_dim]` to `[N,3,resolution,resolution]` in `[0,1]`."""
        return self.synthesise(z).float().add(1).div(2).clamp(0, 1)

    def synthesise(self, latent: Tensor) -> Tensor:
        """`[N,latent_dim]` to the original's own output, `[N,3,resolution,resolution]` in `[-1,1]`."""
        settings = self.config
        z, shown = settings.truncation * latent[:, : settings.z_dim], self._embedded(latent)
        if settings.deep:
            first = torch.cat([z, shown], dim=1)
            seen = [first] * len(self.blocks)
        elif settings.chunk:
            first, *chunks = z.split(settings.chunk, dim=1)
            seen = [torch.cat([shown, chunk], dim=1) for chunk in chunks]
        else:
            first, seen = z, [shown] * len(self.blocks)
        x = self.dense(first).view(len(z), -1, BASE, BASE)
        for place, block in enumerate(self.blocks):
            x = block(self._attended(place, x), seen[place])
        x = self._attended(len(self.blocks), x)
        return self.colours(F.relu(self.norm(x))).tanh()

    def settings(self) -> dict[str, Any]:
        """The `BigGANSettings` as a dict."""
        stored = asdict(self.config)
        return {
            **stored,
            "blocks": [list(block) for block in self.config.blocks],
            "attention": list(stored["attention"]),
        }

    def train(self, mode: bool = True) -> BigGAN:
        """Stay in evaluation mode: the stored statistics are those that the pictures were judged with."""
        return super().train(False)

    def _attended(self, place: int, x: Tensor) -> Tensor:
        return self.attention[str(place)](x) if str(place) in self.attention else x

    def _embedded(self, latent: Tensor) -> Tensor:
        """The class embedding `[N,embedded]` of every row."""
        if self.space == "z+class":
            return self.embedding.mean(0) + self.embedding.std(0) * latent[:, self.config.z_dim :]
        if self.config.label is None:
            raise InputError(f"this generator draws {self.config.classes} classes; choose one with `label`")
        return self.embedding[self.config.label].expand(len(latent), -1)

    def _table(self) -> Tensor:
        """Every class in standard deviations from their mean, `[classes,embedded]`."""
        return ((self.embedding - self.embedding.mean(0)) / self.embedding.std(0)).detach()

    def _using(self, settings: BigGANSettings) -> BigGAN:
        other = copy.copy(self)
        other._take(settings)
        return other

    def _take(self, settings: BigGANSettings) -> None:
        self.config, self.space, self.resolution = settings, settings.space, settings.resolution
        self.latent_dim = settings.z_dim + (settings.embedded if settings.space == "z+class" else 0)


@register("biggan")
def build_biggan(settings: dict[str, Any]) -> BigGAN:
    """Build from the settings that `BigGAN.settings` returned."""
    blocks = tuple((int(inputs), int(outputs), bool(doubles)) for inputs, outputs, doubles in settings["blocks"])
    return BigGAN(BigGANSettings(**{**settings, "blocks": blocks, "attention": tuple(settings["attention"])}))
