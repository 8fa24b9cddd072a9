"""A fitted change on the photo itself, at its own resolution, tile by tile in bounded memory.

Pixels of the product are moved (bicubic) and recoloured, never drawn; where nothing moves they are read as they are.
The backdrop stays the photo's own, byte for byte, wherever neither the product nor its shadow was or comes to be.
"""

from __future__ import annotations

import numpy as np
import torch

from gigs.errors import InputError
from gigs.transfer.canvas import Canvas
from gigs.transfer.colour import TABLE
from gigs.transfer.fit import Change
from gigs.transfer.keep import Keep
from gigs.transfer.region import region_of
from gigs.transfer.sure import sure_pixels
from gigs.transfer.tile import TILE, Shades, Tile, Work
from gigs.transfer.warp import Warp


@torch.no_grad()
def apply_change(canvas: Canvas, change: Change, *, knots: int = TABLE) -> np.ndarray:
    """The redesign on the photo.

    Args:
        canvas: The photo.
        change: Of one redesign (`Change.one`).
        knots: Of the colour map's table along red, green and blue; fewer are quicker, for a small picture.

    Returns:
        uint8 `[H,W,3]`, the photo's size.

    Raises:
        InputError: The change is of several redesigns, or the region to keep is of another size.
    """
    if len(change) != 1:
        raise InputError(f"apply one change at a time, not {len(change)}: take Change.one(number)")
    colours = change.colours
    if change.keep.print and not colours.identity:
        colours = colours.shown(sure_pixels(canvas))  # what is clipped would be lost of the print
    return rendered(
        canvas, change.warp, None if colours.identity else Shades(colours.table(knots), colours.box), change.keep
    )


@torch.no_grad()
def rendered(canvas: Canvas, warp: Warp, shades: Shades | None, keep: Keep) -> np.ndarray:
    """The photo moved by one warp and recoloured by one table, uint8 `[H,W,3]`; see `apply_change`."""
    region = region_of(keep.region, canvas.cutout)
    if region is not None and region.touches:
        warp = Warp.none(1)
    out = canvas.photo.copy()
    if warp.identity and shades is None:
        return out
    work = Work(canvas, warp, shades, region)
    for top in range(0, out.shape[0], TILE):
        for left in range(0, out.shape[1], TILE):
            tile = Tile(work, top, left)
            if tile.is_touched():
                out[tile.rows, tile.columns] = tile.made()
    return out if region is None else region.put_back(out, canvas.photo)
