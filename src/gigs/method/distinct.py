"""Whether pictures of one product visibly differ, by the product's colours or by its outline.

The backdrop does not count, nor does the place of a colour within the product: redesigns of one photo have the same
folds and the same print, moved and recoloured.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from gigs.explain.colours import difference, lab_of
from gigs.explain.foreground import foreground
from gigs.explain.outline import OTHER
from gigs.vision.images import Fit, to_uint8

COLOUR = 8.0  # mean CIEDE2000 of shades that counts as another colour, as `explain.words.NEW_COLOUR`
OUTLINE = 1 - OTHER  # share of two outlines' union that only one has: another outline, as `explain.outline`
MORE = 1.25  # how many times as much of the photo's edge a redesign may touch as the product does
SHADES = 3  # a product's darkest, middle and lightest third


@dataclass(frozen=True)
class Seen:
    """The features by which N pictures are compared.

    Attributes:
        shades: Mean CIELAB of the product's darkest to lightest parts, `[N,SHADES,3]`.
        masks: Where the product is, bool `[N,R,R]`.
    """

    shades: np.ndarray
    masks: np.ndarray


def seen_of(images: Tensor, cutouts: np.ndarray | None = None) -> Seen:
    """The features of pictures `[N,3,R,R]` in `[0,1]`, with their cut-outs, bool `[N,R,R]`, if known."""
    images = images.detach().cpu()
    masks = np.stack([foreground(one) for one in to_uint8(images)]) if cutouts is None else cutouts
    return Seen(np.stack([_shades(lab, mask) for lab, mask in zip(lab_of(images), masks, strict=True)]), masks)


def apart(seen: Seen) -> np.ndarray:
    """How far pictures differ from one another, `[N,N]`: from 1 on they can be told apart, below they look alike.

    The larger of two differences counts, each divided by its threshold: `COLOUR` and `OUTLINE`.
    """
    colours = difference(seen.shades[:, None], seen.shades[None]).mean(2) / COLOUR
    flat = seen.masks.reshape(len(seen.masks), -1).astype(np.float32)
    both = flat @ flat.T
    either = flat.sum(1)[:, None] + flat.sum(1)[None] - both
    outlines = (1 - both / np.maximum(either, 1)) / OUTLINE
    return np.maximum(colours, outlines)


def grows_out(masks: np.ndarray, fit: Fit) -> np.ndarray:
    """Which redesigns extend beyond the photo's edges where the product did not, so that straps or legs are cut off.

    Args:
        masks: Where the product is in the squares of the photo and of each redesign, bool `[1+n,R,R]`.
        fit: How the photo lies in its square.

    Returns:
        Bool `[n]`.
    """
    side = masks.shape[-1]
    left, right = round(fit.left * side), max(round(fit.left * side) + 1, round(fit.right * side))
    top, bottom = round(fit.top * side), max(round(fit.top * side) + 1, round(fit.bottom * side))
    inside = masks[:, top:bottom, left:right]
    edges = [inside[:, 0], inside[:, -1], inside[:, :, 0], inside[:, :, -1]]
    touching = np.stack([edge.sum(1) for edge in edges], axis=1)
    return np.asarray((touching[1:] > MORE * touching[:1]).any(1))


def _shades(lab: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Mean CIELAB `[SHADES,3]` of equal parts of a product, dark to light; of the whole picture if there is none."""
    pixels = lab[mask] if mask.sum() >= SHADES else lab.reshape(-1, 3)
    ordered = pixels[np.argsort(pixels[:, 0], kind="stable")]
    return np.stack([part.mean(0) for part in np.array_split(ordered, SHADES)])
