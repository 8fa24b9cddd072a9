"""Skin and hair of somebody who wears the product: what a new colour of the garment must not reach.

The rule, in words: a face is a patch of skin's colour in the upper third of the cut-out, near its middle, and whoever
shows a face wears the garment. Then all skin in the cut-out is theirs, and so is everything above the chin (hair).
Without a face nothing is taken for skin: a beige coat that lies flat has no head. `docs/transfer.md` says how often
the rule errs.
"""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.color import rgb2lab

SIDE = 192  # longest side in pixels at which people are looked for
HUE = (25.0, 72.0)  # degrees of hab in CIELAB, of skin from light to dark
CHROMA = (9.0, 48.0)
LIGHTNESS = (22.0, 92.0)
HEAD = 0.33  # a face lies in this upper part of the cut-out
FACE = (0.012, 0.12)  # share of the cut-out that a face has
SOLID = 0.5  # share of its box that a face fills
NARROW = 0.55  # a head is at most this share of the cut-out's greatest width


def person_in(pixels: np.ndarray, alpha: np.ndarray) -> np.ndarray | None:
    """Skin and hair within a cut-out.

    Args:
        pixels: uint8 `[h,w,3]`.
        alpha: The cut-out, float `[h,w]` in `[0,1]`, of that size.

    Returns:
        float32 `[h,w]` in `[0,1]`, or None where nobody is seen to wear the product.
    """
    height, width = alpha.shape
    size = (max(8, round(width * SIDE / max(alpha.shape))), max(8, round(height * SIDE / max(alpha.shape))))
    small = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))
    inside = np.asarray(Image.fromarray(alpha).resize(size, Image.Resampling.BICUBIC)) > 0.5
    skin = skin_like(rgb2lab(small)) & inside
    chin = _chin(skin, inside)
    if chin is None:
        return None
    theirs = ndimage.binary_opening(skin)
    theirs[: chin + 1] |= inside[: chin + 1]
    soft = ndimage.gaussian_filter(ndimage.binary_dilation(theirs).astype(np.float32), 0.7)
    wide = Image.fromarray(soft).resize((width, height), Image.Resampling.BILINEAR)
    return np.clip(np.asarray(wide), 0, 1)


def skin_like(lab: np.ndarray) -> np.ndarray:
    """Whether colours `[...,3]` could be skin's, bool `[...]`."""
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1]))
    found = np.ones(lab.shape[:-1], dtype=bool)
    for value, (low, high) in ((hue, HUE), (chroma, CHROMA), (lab[..., 0], LIGHTNESS)):
        found &= (value > low) & (value < high)
    return found


def _chin(skin: np.ndarray, inside: np.ndarray) -> int | None:
    """Last row of the face, or None where there is none."""
    rows, columns = np.nonzero(inside)
    if not len(rows):
        return None
    top, bottom = int(rows.min()), int(rows.max())
    widths = inside.sum(1)
    limit = top + round(HEAD * (bottom - top + 1))
    labels, count = ndimage.label(ndimage.binary_opening(skin[: limit + 1]))
    for number in range(1, count + 1):
        where = np.nonzero(labels == number)
        share = len(where[0]) / inside.sum()
        middle = (where[1].mean() - columns.min()) / (columns.max() - columns.min() + 1)
        chin = _narrowest(widths, int(where[0].min()), limit)
        narrow = widths[top : chin + 1].max() <= NARROW * widths.max()
        if (
            FACE[0] <= share <= FACE[1]
            and 0.25 < middle < 0.75
            and narrow
            and _is_solid(where)
            and where[0].min() < chin
        ):
            return chin
    return None


def _is_solid(where: tuple[np.ndarray, ...]) -> bool:
    """Whether a patch fills its box, and the box is about as high as a face for its width."""
    height, width = (int(axis.max() - axis.min()) + 1 for axis in where)
    return len(where[0]) >= SOLID * height * width and 0.6 < height / width < 2.6


def _narrowest(widths: np.ndarray, first: int, last: int) -> int:
    """The neck: the narrowest row below the middle of a face that begins at `first`."""
    start = first + max(2, (last - first) // 4)
    return start + int(widths[start : last + 1].argmin()) if start <= last else last
