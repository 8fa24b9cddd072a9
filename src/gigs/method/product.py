"""The product to redesign: its photo at the generator's resolution, and the seller's original."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from gigs.transfer import CutOut, Keep
from gigs.vision.images import Fit


@dataclass(frozen=True)
class Product:
    """A product to redesign.

    Attributes:
        source: Its photo's file name; None for a picture without a name.
        fit: How the photo sits in the square; None for a sampled design.
        photo: `[1,3,R,R]` in `[0,1]` at the generator's resolution; None for a sampled design.
        pixels: The photo itself, uint8 `[H,W,3]`, upright; None if redesigns are shown as drawn.
        cutout: The product in `pixels`; None if that is None.
        keep: What must not change.
    """

    source: str | None = None
    fit: Fit | None = None
    photo: Tensor | None = None
    pixels: np.ndarray | None = None
    cutout: CutOut | None = None
    keep: Keep = field(default_factory=Keep)
