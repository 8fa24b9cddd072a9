"""The product in a colour that was asked for: same photo, same folds, and exactly that colour on the mean.

Light that falls on cloth multiplies what the cloth reflects, so L* + 16, which goes with the cube root of the light, is
multiplied too, and chroma with it. A darker cloth shows its folds less, then, and a lighter one more, within `GAINS`.
Differences of chroma within the product (a print, a contrast seam) stay as they are; but what has little or none of a
vivid product's colour (white flowers, a mixed edge) takes as little of the new one, or it would turn to the complement.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from gigs.errors import InputError
from gigs.transfer.apply import rendered
from gigs.transfer.canvas import Canvas
from gigs.transfer.colour import PLACES, look_up, tabulated
from gigs.transfer.keep import Keep
from gigs.transfer.lab import lab_of
from gigs.transfer.sure import sure_pixels
from gigs.transfer.tile import Shades
from gigs.transfer.warp import Warp

GAINS = (0.45, 1.6)  # least and greatest change of contrast in the folds
VIVID = (8.0, 20.0)  # chroma from which, and at which wholly, less of the old colour takes less of the new one
LIGHTNESS = (12.0, 95.0)
ROUNDS = 12
EXACT = 0.05  # CIE76 on the mean at which no further round is made


def colourways(canvas: Canvas, colours: Sequence[np.ndarray], *, keep: Keep | None = None) -> list[np.ndarray]:
    """The product in each of several colours.

    Args:
        canvas: The photo.
        colours: CIELAB `[3]` each. What sRGB cannot show is approached, and so are L* below 12 and above 95: nothing
            would be left of the folds.
        keep: Of it only the region counts: shape is kept anyhow, and the colour is what is asked for.

    Returns:
        uint8 `[H,W,3]` each, the photo's size. The mean CIELAB of the product's pixels, skin and edge aside, is the
        colour that was asked for.

    Raises:
        InputError: A colour is no CIELAB colour, or the cut-out has no pixel that is surely the product's.
    """
    region = Keep(region=None if keep is None else keep.region)
    pixels = sure_pixels(canvas)
    return [rendered(canvas, Warp.none(1), _shades(pixels, _checked(colour)), region) for colour in colours]


def mean_colour(canvas: Canvas, pixels: np.ndarray | None = None) -> np.ndarray:
    """Mean CIELAB `[3]` of the product in a photo or in a result of its size, uint8 `[H,W,3]`."""
    return lab_of(sure_pixels(canvas, pixels)).mean(0).double().numpy()


def _checked(colour: np.ndarray) -> Tensor:
    lab = torch.tensor(np.asarray(colour, dtype=np.float32))
    if lab.shape != (3,) or not bool(torch.isfinite(lab).all()) or not 0 <= float(lab[0]) <= 100:
        raise InputError(f"{colour} is no CIELAB colour: give L* from 0 to 100, a* and b*")
    lab[0] = lab[0].clamp(*LIGHTNESS)
    return lab


def _shades(pixels: Tensor, target: Tensor) -> Shades:
    """The table that gives the sampled pixels the target's mean, found by correcting what it misses by."""
    mean = lab_of(pixels).mean(0)
    corners = torch.tensor([1.0, 0, 0, 0]).expand(len(pixels), PLACES)
    aim, best, least = target.clone(), target, float("inf")
    for _ in range(ROUNDS):
        table = tabulated(_shade(mean, aim)).repeat(1, PLACES, 1, 1, 1)
        shown = (look_up(table, pixels, corners) * 255).round() / 255
        missed = target - lab_of(shown).mean(0)
        if float(missed.norm()) < least:
            best, least = aim.clone(), float(missed.norm())
        if least < EXACT:
            break
        aim = aim + missed
        aim[0] = aim[0].clamp(0, 100)
    return Shades(tabulated(_shade(mean, best)).repeat(1, PLACES, 1, 1, 1), torch.tensor([0.0, 0, 1, 1]))


def _shade(mean: Tensor, target: Tensor) -> Callable[[Tensor], Tensor]:
    """The map of CIELAB colours `[k,3]` that lays a new cloth under the old light."""
    gain = float(((target[0] + 16) / (mean[0] + 16)).clamp(*GAINS))
    strong = float(((mean[1:].norm() - VIVID[0]) / (VIVID[1] - VIVID[0])).clamp(0, 1))

    def shade(lab: Tensor) -> Tensor:
        lightness = target[0] + gain * (lab[:, 0] - mean[0])
        light = (lightness + 16) / (target[0] + 16)
        old = mean[1:] * ((lab[:, :1] + 16) / (mean[0] + 16))
        dyed = ((lab[:, 1:] * old).sum(1, keepdim=True) / old.square().sum(1, keepdim=True).clamp_min(1e-6)).clamp(0, 1)
        dyed = 1 + strong * (dyed - 1)
        return torch.cat([lightness[:, None], dyed * (target[1:] * light[:, None] - old) + lab[:, 1:]], dim=1)

    return shade
