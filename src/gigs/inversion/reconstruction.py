"""A reconstruction: the latent vector that draws a product, the generator that draws it, and the photo it came from."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from gigs.generator.base import Generator
from gigs.inversion.gate import Verdict
from gigs.inversion.optimise import Inversion


@dataclass(frozen=True)
class Reconstruction:
    """The start of every redesign of a product.

    Attributes:
        generator: Draws it; a private copy if it was tuned to the photo.
        photo: `[1,3,R,R]` in `[0,1]` at the generator's resolution; None if the design was sampled.
        z: Its latent vector, `[1,D]`.
        image: The generator's picture of `z`, `[1,3,R,R]` in `[0,1]`.
        inversion: How near it comes to the photo; None if that was not measured.
        pivot: The same before the generator was tuned to the photo; `inversion` itself without tuning.
        gate: The gate's verdict on the pivot; None without a gate or a photo.
    """

    generator: Generator
    photo: Tensor | None
    z: Tensor
    image: Tensor
    inversion: Inversion | None = None
    pivot: Inversion | None = None
    gate: Verdict | None = None
