"""Pale cloth around a print: a white shirt on white, of which the network sees only the print."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage

from gigs.transfer.matte import LEVEL, backdrop_distance

SIDE = 160  # pixels at which it is searched
FAINT = 2.0  # CIE76 beyond the backdrop's own variation


def pale_around(alpha: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """What differs faintly from an even backdrop around a cut-out and does not reach the photo's edge.

    Args:
        alpha: The cut-out, float `[h,w]` in `[0,1]`.
        pixels: uint8 `[h,w,3]`.

    Returns:
        Bool `[SIDE,SIDE]`; all False if the backdrop is uneven.
    """
    small = np.asarray(Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BOX))
    mask = np.asarray(Image.fromarray(alpha).resize((SIDE, SIDE), Image.Resampling.BOX)) > 0.5
    away, level = backdrop_distance(small)
    if level > LEVEL:
        return np.zeros_like(mask)
    found = ndimage.binary_opening(away > level + FAINT, iterations=2) & ~ndimage.binary_dilation(mask, iterations=4)
    labels, _ = ndimage.label(found)
    joined = np.unique(labels[ndimage.binary_dilation(mask, iterations=6)])
    sides = (labels[:2].ravel(), labels[-2:].ravel(), labels[:, :2].ravel(), labels[:, -2:].ravel())
    return np.isin(labels, np.setdiff1d(joined, [0, *np.unique(np.concatenate(sides))]))
