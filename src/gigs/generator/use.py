"""How a generator is used: its latent space, its class, and the size of its pictures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gigs.errors import InputError
from gigs.generator.base import Generator

SIZES = (32, 1024)


@dataclass(frozen=True, kw_only=True)
class Use:
    """The user's choices. None keeps what the generator's file says.

    `space` is one of `Generator.spaces`, and `label` is the number of a class. `size` is the side in pixels at which
    pictures are compared, scored and saved, by bilinear interpolation. The paper draws at 64 and scales to 128.
    """

    space: str | None = None
    label: int | None = None
    size: int | None = None

    def __post_init__(self) -> None:
        if self.size is not None and not SIZES[0] <= self.size <= SIZES[1]:
            raise InputError(f"`size` must be from {SIZES[0]} to {SIZES[1]} px, not {self.size}")

    def described(self) -> dict[str, Any]:
        """The choices, for a result's record."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def __call__(self, generator: Generator) -> Generator:
        """Apply the choices to a generator. The result is frozen and shares its weights.

        Raises:
            InputError: It has no such space or class.
        """
        if self.label is not None:
            generator = generator.of_class(self.label)
        if self.space is not None:
            generator = generator.in_space(self.space)
        if self.size not in (None, generator.resolution):
            generator = Resized(generator, int(self.size))
        return generator.freeze()


AS_STORED = Use()


class Resized(Generator):
    """A generator whose pictures are scaled bilinearly to another side, with antialiasing when they shrink."""

    def __init__(self, drawn: Generator, side: int) -> None:
        super().__init__()
        self.drawn, self.resolution = drawn, side
        self.latent_dim, self.space = drawn.latent_dim, drawn.space
        self.inverts = drawn.inverts

    @property
    def drawn_at(self) -> int:
        """Side at which pictures are drawn before they are scaled."""
        return self.drawn.drawn_at

    @property
    def spaces(self) -> tuple[str, ...]:
        """The spaces of the inner generator."""
        return self.drawn.spaces

    def project(self, z: Tensor) -> Tensor:
        """Like the inner generator."""
        return self.drawn.project(z)

    def start_from(self, photos: Tensor) -> Tensor | None:
        """Like the inner generator, for photos scaled to the side that it draws at."""
        return self.drawn.start_from(at_side(photos, self.drawn_at))

    def sample(self, n: int, rng: torch.Generator) -> Tensor:
        """Like the inner generator."""
        return self.drawn.sample(n, rng)

    def forward(self, z: Tensor) -> Tensor:
        """`[N,latent_dim]` to `[N,3,side,side]` in `[0,1]`."""
        return at_side(self.drawn(z), self.resolution).clamp(0, 1)


def at_side(images: Tensor, side: int) -> Tensor:
    """`[N,3,H,H]` scaled to `[N,3,side,side]`."""
    if images.shape[-1] == side:
        return images
    smaller = images.shape[-1] > side
    return F.interpolate(images, (side, side), mode="bilinear", align_corners=False, antialias=smaller)
