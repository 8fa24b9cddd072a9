"""A reconstruction: the latent vector that draws a product, the generator that draws it, and the photo it came from."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from gigs.generator.base import Generator
from gigs.inversion.gate import Verdict
from gigs.inversion.optimise import Inversion


@dataclass(frozen=True)
class Reconstruction:
    """What every redesign of a product starts from.

    Attributes:
        generator: Draws it; a private copy where it was tuned to the photo.
        photo: `[1,3,R,R]` in `[0,1]` at the generator's resolution; None where the design was sampled.
        z: Its latent vector, `[1,D]`.
        image: What the generator draws of `z`, `[1,3,R,R]` in `[0,1]`.
        inversion: How near it comes to the photo; None where that was not measured.
        pivot: The same before the generator was tuned to the photo; `inversion` itself where it was not.
        gate: The gate's verdict on the pivot; None without a gate or a photo.
    """

    generator: Generator
    photo: Tensor | None
    z: Tensor
    image: Tensor
    inversion: Inversion | None = None
    pivot: Inversion | None = None
    gate: Verdict | None = None
