"""The product in a photo, found by one pass of the network, or by a second pass with more contrast.

The network errs on pale cloth on a pale backdrop: it takes a print for the whole white shirt, or runs into the
backdrop. With differences from the backdrop's colour enlarged, it can tell such cloth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from gigs.transfer.doubt import found_surely
from gigs.transfer.matte import backdrop, refined
from gigs.transfer.network import SIDE, salience
from gigs.transfer.pale import pale_around

STRETCH = 6.0  # times that a pixel is moved away from the backdrop's colour
MIDDLE = 200.0  # what the backdrop becomes: room on both sides
TROUBLED = 0.2  # from which on a second look is taken
LESS = 0.65  # of the first look's trouble: only a second look that has less is taken for better


@dataclass(frozen=True)
class Look:
    """The outcome of one pass.

    Attributes:
        coarse: The network's answer, float `[.,.]` in `[0,1]`.
        alpha: The same with the photo's edge, float32 `[h,w]` in `[0,1]`.
        trouble: From 0 on: share of what was found that is doubtful, or of what lies faintly around it.
    """

    coarse: np.ndarray
    alpha: np.ndarray
    trouble: float


def best_look(pixels: np.ndarray) -> Look:
    """The first pass on a photo, uint8 `[h,w,3]`; or the second, if the first is doubtful and the second much less so.

    Raises:
        ModelError: The network cannot be loaded.
    """
    first = _look(Image.fromarray(pixels), pixels)
    if first.trouble <= TROUBLED:
        return first
    second = _look(_stretched(pixels), pixels)
    return second if second.trouble < LESS * first.trouble else first


def _look(picture: Image.Image, pixels: np.ndarray) -> Look:
    coarse = salience(picture)
    size = (pixels.shape[1], pixels.shape[0])
    wide = np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC))
    alpha = refined(np.clip(wide, 0, 1), pixels)
    return Look(coarse, alpha, _trouble(coarse, alpha, pixels))


def _trouble(coarse: np.ndarray, alpha: np.ndarray, pixels: np.ndarray) -> float:
    pale = pale_around(alpha, pixels)
    mask = np.asarray(Image.fromarray(alpha).resize(pale.shape[::-1], Image.Resampling.BOX)) > 0.5
    if not mask.any():
        return 1.0
    return max(1 - found_surely(coarse), float(pale.sum() / mask.sum()))


def _stretched(pixels: np.ndarray) -> Image.Image:
    """A photo at the network's size, its differences from the backdrop enlarged."""
    small = np.asarray(Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.LANCZOS), dtype=np.float64)
    away = small - backdrop(small)
    return Image.fromarray(np.clip(MIDDLE + STRETCH * away, 0, 255).astype(np.uint8))
