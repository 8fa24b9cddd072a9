"""Pixels of a photo that surely belong to the product, without skin, hair and mixed edge pixels."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gigs.errors import InputError
from gigs.transfer.canvas import Canvas

SAMPLE = 200_000  # approximate number to sample, evenly spread
SURE = 0.98


def sure_pixels(canvas: Canvas, pixels: np.ndarray | None = None) -> Tensor:
    """Colours `[k,3]` in `[0,1]` of the product, in the photo or in a picture of its size, uint8 `[H,W,3]`.

    Raises:
        InputError: The cut-out has no pixel that is surely the product's.
    """
    photo = canvas.photo if pixels is None else pixels
    stride = max(1, int((photo.shape[0] * photo.shape[1] / (2 * SAMPLE)) ** 0.5))
    rows, columns = np.arange(0, photo.shape[0], stride), np.arange(0, photo.shape[1], stride)
    alpha = canvas.cutout.alpha
    if canvas.cutout.person is not None:
        alpha = alpha * (1 - canvas.cutout.person)
    at = np.ix_(rows * alpha.shape[0] // photo.shape[0], columns * alpha.shape[1] // photo.shape[1])
    sure = alpha[at] > SURE
    if not sure.any():
        raise InputError("the cut-out has no pixel that is surely the product's: give a mask of it")
    return torch.from_numpy(photo[np.ix_(rows, columns)][sure]).float() / 255
