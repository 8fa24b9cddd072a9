"""A photo reduced to the size at which candidates are scored, before the chosen ones are made at full size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image

from gigs.transfer import Canvas, CutOut, canvas_of
from gigs.vision.images import fit_square

LONGEST = 128  # pixels of the longest side, unless the generator's square is larger


def reduced(pixels: np.ndarray, cutout: CutOut, side: int) -> Canvas:
    """The canvas of a photo, uint8 `[H,W,3]`, with its cut-out, reduced for a generator's square of this side."""
    longest = max(LONGEST, side)  # never less than the recommender sees
    picture = Image.fromarray(pixels)
    picture.thumbnail((longest, longest), Image.Resampling.BICUBIC)
    width, height = picture.size
    small = replace(
        cutout,
        alpha=_resized(cutout.alpha, width, height),
        person=None if cutout.person is None else _resized(cutout.person, width, height),
        width=width,
        height=height,
    )
    return canvas_of(np.asarray(picture), small, fit_square(picture, side)[1])


def reduced_region(region: np.ndarray | None, cutout: CutOut) -> np.ndarray | None:
    """A region at the size of a reduced photo's cut-out."""
    if region is None:
        return None
    return np.asarray(Image.fromarray(region).resize((cutout.width, cutout.height), Image.Resampling.NEAREST))


def _resized(alpha: np.ndarray, width: int, height: int) -> np.ndarray:
    return np.asarray(Image.fromarray(alpha).resize((width, height), Image.Resampling.BOX))
