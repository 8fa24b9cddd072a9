"""A photo prepared for any number of redesigns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gigs.errors import InputError
from gigs.transfer.cutout import CutOut
from gigs.transfer.layers import Layers, layers_of
from gigs.vision.images import Fit


@dataclass(frozen=True)
class Canvas:
    """A photo with everything that its redesigns share; made once by `canvas_of`.

    Attributes:
        photo: uint8 `[H,W,3]`.
        layers: The photo's layers.
        fit: How the photo lies in the generator's square.
        cutout: The product in it.
    """

    photo: np.ndarray
    layers: Layers
    fit: Fit
    cutout: CutOut


def canvas_of(photo: np.ndarray, cutout: CutOut, fit: Fit) -> Canvas:
    """Prepare a photo for any number of redesigns.

    Args:
        photo: uint8 `[H,W,3]`, upright.
        cutout: The cut-out of that photo.
        fit: As `vision.images.fit_square` gave it.

    Raises:
        InputError: They do not belong to one photo.
    """
    if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3:
        raise InputError(f"the photo is {photo.dtype} of shape {photo.shape}: give uint8 [height,width,3]")
    size = (photo.shape[1], photo.shape[0])
    for what, other in (("cut-out", (cutout.width, cutout.height)), ("square", (fit.width, fit.height))):
        if other != size:
            raise InputError(f"the {what} is of a photo of {other[0]} x {other[1]}, this one is {size[0]} x {size[1]}")
    return Canvas(photo, layers_of(photo, cutout), fit, cutout)
