"""Where a redesign changes its product: a map of visible differences, and the part of the product that changes most."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from scipy import ndimage
from torch import Tensor

from gigs.explain.colours import difference

SMOOTH = 1.5 / 64  # of the side, because nobody sees single pixels
HOT = 50.0  # CIEDE2000 drawn in the hottest colour, as from pale pink to black
UNEVEN = 1.3  # a part changes most if it changes this much more than the whole does
LEAST = 0.06  # least share of the product for a part
# The colour map inferno (Smith and van der Walt 2015, CC0) from .35 to .95, as sRGB in [0,1].
INFERNO = np.array([
    (0.497, 0.119, 0.424), (0.578, 0.148, 0.404), (0.658, 0.179, 0.373), (0.736, 0.216, 0.330), (0.802, 0.259, 0.283),
    (0.865, 0.317, 0.226), (0.916, 0.387, 0.165), (0.955, 0.469, 0.100), (0.978, 0.558, 0.035), (0.988, 0.645, 0.040),
    (0.983, 0.744, 0.138), (0.964, 0.844, 0.273), (0.946, 0.937, 0.459),
])  # fmt: skip
FAINT = 3.0  # CIEDE2000 below which no place is named
# What parts are called, top, middle and bottom, then the sides, by the kind of product.
PARTS = {
    "upper": ("the neckline area", "the middle", "the hem area", "the sides and sleeves"),
    "lower": ("the waist area", "the middle", "the lower ends", "the sides"),
    "full": ("the neckline area", "the waist area", "the lower part", "the sides"),
    "other": ("the upper part", "the middle", "the lower part", "the sides"),
}
KINDS = {
    "upper": ("sweater", "t-shirt", "top", "blouse", "shirt", "jacket", "hoodie", "cardigan", "blazer", "coat", "vest"),
    "lower": ("trousers", "skirt", "shorts", "leggings"),
    "full": ("dress", "jumpsuit", "playsuit"),
}


def change_map(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Visible difference CIEDE2000 `[H,W]` between two pictures in CIELAB `[H,W,3]`, slightly smoothed."""
    return ndimage.gaussian_filter(difference(before, after), SMOOTH * before.shape[0])


def where_most(change: np.ndarray, mask: np.ndarray, kind: str) -> str | None:
    """The part of the product that changes most, in words; None if the change is faint or spread evenly.

    Args:
        change: From `change_map`.
        mask: The product in either picture, bool `[H,W]`.
        kind: The product's type in its shop's words, or an empty text.
    """
    whole = float(change[mask].mean())
    if whole < FAINT:
        return None
    rows, columns = np.nonzero(mask)
    top, bottom = np.quantile(rows, [0.01, 0.99])
    left, right = np.quantile(columns, [0.01, 0.99])
    high = (rows - top) / max(bottom - top, 1)
    aside = np.abs(2 * (columns - left) / max(right - left, 1) - 1) > 0.6
    within = [~aside & (high < 0.28), ~aside & (high >= 0.28) & (high < 0.72), ~aside & (high >= 0.72), aside]
    values = change[mask]
    means = [values[part].mean() if part.mean() >= LEAST else 0.0 for part in within]
    best = int(np.argmax(means))
    return PARTS[_kind(kind)][best] if means[best] >= UNEVEN * whole else None


def draw_map(change: np.ndarray, base: np.ndarray) -> Tensor:
    """The map as a picture `[3,H,W]` in `[0,1]`: hot colours where much changes, over the redrawn product in pale grey.

    Args:
        change: From `change_map`, `[H,W]`.
        base: uint8 `[H,W,3]`.
    """
    grey = np.asarray(Image.fromarray(base).convert("L"), dtype=float)[..., None] / 255
    heat = ((change - FAINT) / (HOT - FAINT)).clip(0, 1)[..., None]
    places = np.linspace(0, 1, len(INFERNO))
    hot = np.stack([np.interp(heat[..., 0], places, channel) for channel in INFERNO.T], axis=-1)
    drawn = (0.45 + 0.55 * grey) * (1 - heat) + hot * heat
    return torch.from_numpy(drawn).permute(2, 0, 1).float()


def _kind(name: str) -> str:
    """Which names of parts suit a type."""
    words = name.lower()
    return next((kind for kind, known in KINDS.items() if any(word in words for word in known)), "other")
