"""Pictures of garments, and edits of them whose truth is known."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image, ImageDraw

from gigs.vision.images import to_tensor

SIDE = 64
LIGHT_BLUE, NAVY, RED, GREY = (150, 185, 220), (25, 30, 65), (190, 30, 40), (120, 120, 122)


def garment(colour: tuple[int, int, int], *, stripe=None, bottom: int = 54, width: int = 28) -> torch.Tensor:
    """A garment `[1,3,64,64]` on a light backdrop, in one colour or with broad stripes of another."""
    picture = Image.new("RGB", (SIDE, SIDE), (240, 240, 242))
    draw = ImageDraw.Draw(picture)
    left = (SIDE - width) // 2
    draw.rectangle((left, 10, left + width, bottom), fill=colour)
    if stripe:
        for top in range(14, bottom - 5, 12):
            draw.rectangle((left, top, left + width, top + 5), fill=stripe)
    return to_tensor(np.asarray(picture))


def painted(image: torch.Tensor, rows: slice, colour: tuple[int, int, int]) -> torch.Tensor:
    """The picture with a band of its garment in another colour."""
    edited = image.clone()
    edited[0, :, rows, 20:44] = torch.tensor(colour, dtype=torch.float32)[:, None, None] / 255
    return edited
