"""Applies a fitted change to the photo itself, at its own resolution, tile by tile in limited memory.

Pixels of the product are moved (bicubic) and recoloured, never drawn; where nothing moves they are read unchanged.
The backdrop stays the photo's own, byte for byte, wherever neither the product nor its shadow was or will be.
Tiles are computed in parallel on as many threads as PyTorch may use, independently of one another.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numpy as np
import torch

from gigs.errors import InputError
from gigs.transfer.canvas import Canvas
from gigs.transfer.fit import Change
from gigs.transfer.keep import Keep
from gigs.transfer.region import region_of
from gigs.transfer.shades import Computed, Shades, Tabulated
from gigs.transfer.sure import sure_pixels
from gigs.transfer.tile import Tile, Work
from gigs.transfer.view import TILE, Ground
from gigs.transfer.warp import Warp

FEW = 60_000  # pixels of a photo up to which colours are computed one by one


def apply_change(canvas: Canvas, change: Change) -> np.ndarray:
    """The redesign on the photo.

    Args:
        canvas: The photo.
        change: The change of one redesign (`Change.one`).

    Returns:
        uint8 `[H,W,3]`, the photo's size.

    Raises:
        InputError: The change is of several redesigns, or the region to keep is of another size.
    """
    if len(change) != 1:
        raise InputError(f"apply one change at a time, not {len(change)}: take Change.one(number), or apply_changes")
    return apply_changes(canvas, change)[0]


def apply_changes(canvas: Canvas, change: Change) -> list[np.ndarray]:
    """All redesigns on the photo, uint8 `[H,W,3]` each. What they share is read once; see `apply_change`."""
    region = region_of(change.keep.region, canvas.cutout)
    still = region is not None and region.touches
    works = []
    for one in (change.one(number) for number in range(len(change))):
        works.append(Work(Warp.none(1) if still else one.warp, _shades(canvas, one), region))
    return rendered(canvas, works)


@torch.no_grad()
def _shades(canvas: Canvas, change: Change) -> Shades | None:
    """The colours of one redesign."""
    colours = change.colours
    if colours.identity:
        return None
    if change.keep.print:
        colours = colours.shown(sure_pixels(canvas))  # clipping would lose parts of the print
    return Computed(colours) if is_small(canvas) else Tabulated(colours.table(), colours.box)


def is_small(canvas: Canvas) -> bool:
    """Whether colours are better computed pixel by pixel than tabulated first."""
    return canvas.photo.shape[0] * canvas.photo.shape[1] <= FEW


def recoloured(canvas: Canvas, shades: Sequence[Shades], keep: Keep) -> list[np.ndarray]:
    """The photo with other colours and nothing moved, uint8 `[H,W,3]` each; of `keep`, only the region is used."""
    region = region_of(keep.region, canvas.cutout)
    return rendered(canvas, [Work(Warp.none(1), each, region) for each in shades])


def rendered(canvas: Canvas, works: Sequence[Work]) -> list[np.ndarray]:
    """The results for the photo, uint8 `[H,W,3]` for each of several works."""
    outs = [canvas.photo.copy() for _ in works]
    busy = [(work, out) for work, out in zip(works, outs, strict=True) if not work.nothing]

    @torch.no_grad()  # a setting of the thread, not of the process
    def make(corner: tuple[int, int]) -> None:
        ground = Ground(canvas, *corner)
        for work, out in busy:
            Tile(ground, work).put(out)

    height, width = canvas.photo.shape[:2]
    corners = list(product(range(0, height, TILE), range(0, width, TILE)))
    if busy:
        with ThreadPoolExecutor(min(len(corners), torch.get_num_threads())) as pool:
            list(pool.map(make, corners))
    for work, out in busy:
        if work.region is not None:
            work.region.put_back(out, canvas.photo)
    return outs
