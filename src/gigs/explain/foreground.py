"""Which pixels of a product photo are the product: those that differ from an even backdrop."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.color import rgb2lab

from gigs.vision.images import background_colour

FAINTEST = 4.0  # CIE76 from the backdrop; backdrops of real photos vary by less
LEAST = 0.02  # share of the picture below which no product was found and all of it counts
CRUMB = 0.1  # a piece smaller than this share of the largest is not part of the product


def foreground(pixels: np.ndarray) -> np.ndarray:
    """Mask bool `[H,W]` of the product in a square picture, uint8 `[H,W,3]`.

    The product is what differs from the backdrop (`vision.images.background_colour`), with holes filled and specks
    removed. If that is nearly nothing (a white shirt on white without a shadow), the whole picture counts.
    """
    backdrop = rgb2lab(np.array(background_colour(Image.fromarray(pixels)), dtype=np.uint8)[None, None])
    away = np.linalg.norm(rgb2lab(pixels) - backdrop, axis=2)
    mask = ndimage.binary_fill_holes(away > FAINTEST)
    labels, count = ndimage.label(mask)
    if count:
        sizes = np.bincount(labels.ravel())[1:]
        mask = np.isin(labels, 1 + np.flatnonzero(sizes >= CRUMB * sizes.max()))
    return mask if mask.mean() >= LEAST else np.ones_like(mask)
