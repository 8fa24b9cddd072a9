"""Skin and hair of somebody who wears the product: what a new colour of the garment must not reach.

The rule: the shoulders are the first row that is nearly as wide as the upper half of the cut-out gets. A head above
them is narrower, to a good part skin-coloured, and has hair of another colour on top. If there is one, all of it is
skin or hair, and so is everything else in the cut-out with the face's colour. Without a head nothing counts as skin,
because neither a flat beige coat nor its collar has hair. `docs/lab/transfer.md` says how often the rule errs.
"""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.color import rgb2lab

SIDE = 192  # longest side in pixels at which people are searched
HUE = (20.0, 78.0)  # degrees of hab in CIELAB, of skin from light to dark
CHROMA = (7.0, 52.0)
LIGHTNESS = (20.0, 97.0)
SHOULDERS = 0.6  # width at the shoulders, of the greatest in the upper half of the cut-out
HEAD = (0.08, 0.4)  # height of a head with its neck, of the cut-out's
FACE = (0.2, 0.92)  # share of the head that is of skin's colour
ONE = 14.0  # distance in a* and b* from the face's colour within which skin is the same person's
CLOTH = 16.0  # CIE76 from the chest's median within which something near the neck is the garment's
NECK = 0.6  # share of the way from crown to shoulders below which there may be a collar
MOST = 0.6  # of the cut-out: more is no skin, but a garment of its colour, with a collar that was taken for a head
HAIR = 0.4  # share of the upper quarter of the head that is of another colour


def person_in(pixels: np.ndarray, alpha: np.ndarray) -> np.ndarray | None:
    """Skin and hair within a cut-out.

    Args:
        pixels: uint8 `[h,w,3]`.
        alpha: The cut-out, float `[h,w]` in `[0,1]`, of that size.

    Returns:
        float32 `[h,w]` in `[0,1]`, or None if nobody is seen wearing the product.
    """
    height, width = alpha.shape
    size = (max(8, round(width * SIDE / max(alpha.shape))), max(8, round(height * SIDE / max(alpha.shape))))
    small = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))
    inside = np.asarray(Image.fromarray(alpha).resize(size, Image.Resampling.BICUBIC)) > 0.5
    lab = rgb2lab(small)
    skin = skin_like(lab) & inside
    shoulders = _shoulders(skin, inside)
    if shoulders is None:
        return None
    theirs = _theirs(lab, skin, inside, shoulders)
    if theirs.sum() > MOST * inside.sum():
        return None
    soft = ndimage.gaussian_filter(ndimage.binary_dilation(theirs).astype(np.float32), 0.7)
    wide = Image.fromarray(soft).resize((width, height), Image.Resampling.BILINEAR)
    return np.clip(np.asarray(wide), 0, 1)


def _theirs(lab: np.ndarray, skin: np.ndarray, inside: np.ndarray, shoulders: int) -> np.ndarray:
    """Head, and skin elsewhere, bool `[h,w]`; small gaps are closed, except in the garment's colour (a collar)."""
    face = np.median(lab[:shoulders, :, 1:][skin[:shoulders]], axis=0)
    found = ndimage.binary_opening(skin & (np.linalg.norm(lab[..., 1:] - face, axis=2) < ONE))
    found[:shoulders] |= inside[:shoulders]
    rows = np.flatnonzero(inside.any(1))
    chest = slice(shoulders, shoulders + max(2, (int(rows[-1]) - shoulders) // 3))
    cloth = lab[chest][inside[chest] & ~skin[chest]]
    if not len(cloth):
        return found
    like_cloth = np.linalg.norm(lab - np.median(cloth, axis=0), axis=2) < CLOTH
    neck = int(rows[0]) + round(NECK * (shoulders - int(rows[0])))
    found[neck:shoulders] &= ~like_cloth[neck:shoulders]
    return found | ndimage.binary_closing(found, iterations=3) & inside & ~like_cloth


def skin_like(lab: np.ndarray) -> np.ndarray:
    """Whether colours `[...,3]` could be skin's, bool `[...]`."""
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1]))
    found = np.ones(lab.shape[:-1], dtype=bool)
    for value, (low, high) in ((hue, HUE), (chroma, CHROMA), (lab[..., 0], LIGHTNESS)):
        found &= (value > low) & (value < high)
    return found


def _shoulders(skin: np.ndarray, inside: np.ndarray) -> int | None:
    """The row where the shoulders begin, if there is a head above it."""
    rows = np.flatnonzero(inside.any(1))
    if not len(rows):
        return None
    top, bottom = int(rows[0]), int(rows[-1])
    widths = inside.sum(1)
    upper = widths[top : (top + bottom) // 2 + 1]
    shoulders = top + int(np.argmax(upper >= SHOULDERS * upper.max()))
    share = (shoulders - top) / (bottom - top + 1)
    head, crown = slice(top, shoulders), slice(top, top + max(1, (shoulders - top) // 4))
    if not HEAD[0] <= share <= HEAD[1]:
        return None
    face = skin[head].sum() / inside[head].sum()
    hair = 1 - skin[crown].sum() / inside[crown].sum()
    return shoulders if FACE[0] <= face <= FACE[1] and hair >= HAIR else None
