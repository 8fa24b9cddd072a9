"""The product in a requested colour: same photo, same folds, and exactly that mean colour.

Light multiplies what cloth reflects, so L* + 16, which is proportional to the cube root of the light, is multiplied
too, and chroma with it. Darker cloth therefore shows its folds less, and lighter cloth more, within `GAINS`.
Differences of chroma within the product (a print, a contrast seam) stay. Pixels with little of a vivid product's colour
(white flowers, a mixed edge) take equally little of the new one; otherwise they would turn to the complement.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gigs.errors import InputError
from gigs.transfer.apply import is_small, recoloured
from gigs.transfer.canvas import Canvas
from gigs.transfer.colour import tabulated
from gigs.transfer.keep import Keep
from gigs.transfer.lab import lab_of, within_srgb
from gigs.transfer.shades import Shades, Tabulated
from gigs.transfer.sure import sure_pixels

GAINS = (0.45, 1.6)  # smallest and largest factor on the contrast of folds
VIVID = (8.0, 20.0)  # chroma from which, and at which wholly, less of the old colour takes less of the new one
LIGHTNESS = (12.0, 95.0)
ROUNDS = 12
SOME = 20_000  # approximate number of the product's pixels whose mean is corrected
EXACT = 0.05  # CIE76 of the mean at which iteration stops


def colourways(canvas: Canvas, colours: Sequence[np.ndarray], *, keep: Keep | None = None) -> list[np.ndarray]:
    """The product in each of several colours.

    Args:
        canvas: The photo.
        colours: CIELAB `[3]` each. Colours outside sRGB are approximated, and so are L* below 12 and above 95, at which
            nothing of the folds would remain.
        keep: Only its region is used: the shape is kept in any case, and the colour is to change.

    Returns:
        uint8 `[H,W,3]` each, the photo's size. The mean CIELAB of the product's pixels, without skin and edge, is the
        requested colour.

    Raises:
        InputError: A colour is not a CIELAB colour, or the cut-out has no pixel that is surely the product's.
    """
    region = Keep(region=None if keep is None else keep.region)
    pixels = sure_pixels(canvas)
    return recoloured(canvas, [_shades(canvas, pixels, _checked(colour)) for colour in colours], region)


def mean_colour(canvas: Canvas, pixels: np.ndarray | None = None) -> np.ndarray:
    """Mean CIELAB `[3]` of the product in a photo or in a result of its size, uint8 `[H,W,3]`."""
    return lab_of(sure_pixels(canvas, pixels)).mean(0).double().numpy()


def _checked(colour: np.ndarray) -> Tensor:
    lab = torch.tensor(np.asarray(colour, dtype=np.float32))
    if lab.shape != (3,) or not bool(torch.isfinite(lab).all()) or not 0 <= float(lab[0]) <= 100:
        raise InputError(f"{colour} is no CIELAB colour: give L* from 0 to 100, a* and b*")
    lab[0] = lab[0].clamp(*LIGHTNESS)
    return lab


def _shades(canvas: Canvas, pixels: Tensor, target: Tensor) -> Shades:
    """The dye that gives the sampled pixels the target's mean, found by iterative correction."""
    mean = lab_of(pixels).mean(0)
    some = pixels[:: max(1, len(pixels) // SOME)]
    wanted = target + lab_of(some).mean(0) - mean
    dye, shades = _corrected(Dye(mean, target), wanted, some, lambda dye: dye)
    if is_small(canvas):
        return shades
    return _corrected(dye, wanted, some, lambda dye: Tabulated(tabulated(dye.of)))[1]  # a table is slightly off


def _corrected(dye: Dye, wanted: Tensor, pixels: Tensor, made: Callable[[Dye], Shades]) -> tuple[Dye, Shades]:
    """The dye, and what is made of it, whose pixels `[k,3]` come nearest to a mean in CIELAB `[3]` in a few rounds."""
    shades, least, nowhere = made(dye), float("inf"), torch.zeros(len(pixels), 2)
    best = dye, shades
    for _ in range(ROUNDS):
        missed = wanted - lab_of((shades(pixels, nowhere) * 255).round() / 255).mean(0)
        if float(missed.norm()) < least:
            best, least = (dye, shades), float(missed.norm())
        if least < EXACT:
            break
        aim = dye.target + missed
        dye = Dye(dye.mean, torch.cat([aim[:1].clamp(0, 100), aim[1:]]))
        shades = made(dye)
    return best


@dataclass(frozen=True)
class Dye:
    """A new cloth under the old light.

    Attributes:
        mean: CIELAB `[3]` of the product.
        target: CIELAB `[3]` that its mean becomes, as far as sRGB allows.
    """

    mean: Tensor
    target: Tensor

    def __call__(self, rgb: Tensor, places: Tensor) -> Tensor:
        """See `shades.Shades`; the position does not matter."""
        return within_srgb(self.of(lab_of(rgb)))

    def of(self, lab: Tensor) -> Tensor:
        """CIELAB colours `[k,3]` mapped; sRGB need not have them."""
        mean, target = self.mean, self.target
        gain = float(((target[0] + 16) / (mean[0] + 16)).clamp(*GAINS))
        strong = float(((mean[1:].norm() - VIVID[0]) / (VIVID[1] - VIVID[0])).clamp(0, 1))
        lightness = target[0] + gain * (lab[:, 0] - mean[0])
        light = (lightness + 16) / (target[0] + 16)
        old = mean[1:] * ((lab[:, :1] + 16) / (mean[0] + 16))
        dyed = ((lab[:, 1:] * old).sum(1, keepdim=True) / old.square().sum(1, keepdim=True).clamp_min(1e-6)).clamp(0, 1)
        dyed = 1 + strong * (dyed - 1)
        return torch.cat([lightness[:, None], dyed * (target[1:] * light[:, None] - old) + lab[:, 1:]], dim=1)
