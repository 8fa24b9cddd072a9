"""The product cut out of any photo: how far each pixel belongs to it, and how certain that is."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from gigs.transfer.doubt import Judged, judged
from gigs.transfer.framing import framing
from gigs.transfer.looks import best_look
from gigs.transfer.matte import at_most
from gigs.transfer.person import person_in
from gigs.vision.images import Fit


@dataclass(frozen=True)
class CutOut:
    """Which pixels of a photo are the product.

    Attributes:
        alpha: float32 `[h,w]` in `[0,1]`: the photo's size, or smaller by `scale` if the photo is very large.
        width: Width of the photo in pixels.
        height: Height of the photo in pixels.
        confidence: In `[0,1]`; below `doubt.UNSURE` the cut-out is unsure. A given mask has 1.
        doubt: A sentence that says what is unsure; None if nothing is.
        framing: A sentence if the photo does not show one whole product (`framing.framing`), else None.
        person: float32 `[h,w]` in `[0,1]`: skin and hair of somebody who wears the product; None if nobody does.
    """

    alpha: np.ndarray
    width: int
    height: int
    confidence: float = 1.0
    doubt: str | None = None
    framing: str | None = None
    person: np.ndarray | None = field(default=None, compare=False)

    @property
    def scale(self) -> float:
        """Ratio of alpha's size to the photo's; at most 1."""
        return max(self.alpha.shape) / max(self.width, self.height)

    @property
    def area(self) -> float:
        """Share of the photo that is the product."""
        return float(self.alpha.mean())

    def mask(self, width: int, height: int) -> np.ndarray:
        """The cut-out at a given size, bool `[height,width]`."""
        found = Image.fromarray(self.alpha).resize((width, height), Image.Resampling.BILINEAR)
        return np.asarray(found) > 0.5

    def in_square(self, fit: Fit, side: int) -> Tensor:
        """Alpha as `vision.images.fit_square` would lay the photo into its square, `[1,1,side,side]`."""
        left, top = round(fit.left * side), round(fit.top * side)
        width, height = max(1, round((fit.right - fit.left) * side)), max(1, round((fit.bottom - fit.top) * side))
        alpha = torch.from_numpy(np.array(self.alpha))[None, None]
        small = F.interpolate(alpha, (height, width), mode="bilinear", antialias=True, align_corners=False)
        square = torch.zeros(1, 1, side, side)
        square[..., top : top + height, left : left + width] = small[..., : side - top, : side - left]
        return square.clamp(0, 1)


def cut_out(photo: Image.Image) -> CutOut:
    """Cut the product out of a photo with U²-Net-p, its edge refined by the photo.

    Args:
        photo: Upright RGB, as `vision.images.read_photo` gives it.

    Raises:
        ModelError: The network cannot be loaded; `mask.from_mask` works without it.
    """
    small = at_most(photo)
    pixels = np.asarray(small)
    look = best_look(pixels)
    found: Judged = judged(look.coarse, look.alpha, pixels)
    person = person_in(pixels, look.alpha)
    shown = framing(look.alpha, pixels, person, found.confidence)
    return CutOut(look.alpha, photo.width, photo.height, found.confidence, found.sentence, shown, person)
