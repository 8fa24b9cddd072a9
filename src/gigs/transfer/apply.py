"""A fitted change on the photo itself, at its own resolution, tile by tile in bounded memory.

Pixels of the product are moved (bicubic) and recoloured, never drawn; where nothing moves they are read as they are.
The backdrop stays the photo's own, byte for byte, wherever neither the product nor its shadow was or comes to be.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from gigs.errors import InputError
from gigs.images import Fit
from gigs.transfer.colour import look_up, place_weights
from gigs.transfer.cutout import CutOut
from gigs.transfer.fit import Change
from gigs.transfer.keep import Keep
from gigs.transfer.layers import Layers, layers_of
from gigs.transfer.region import Region, region_of
from gigs.transfer.sure import sure_pixels
from gigs.transfer.warp import Warp

TILE = 512  # pixels a side: a tile and all that is made on the way to it take some 30 MB
COARSE = 8  # pixels between places at which the warp is evaluated; in between it is linear to 1/50 pixel
STILL = 1e-3  # pixels: what moves less does not move
COVER = (0.2, 0.9)  # inner alpha between which the cloth's colour gives way to the photo's own detail


@dataclass(frozen=True)
class Canvas:
    """A photo with all that its redesigns share; made once by `canvas_of`.

    Attributes:
        photo: uint8 `[H,W,3]`.
        layers: The photo taken apart.
        fit: How the photo lies in the generator's square.
        cutout: The product in it.
    """

    photo: np.ndarray
    layers: Layers
    fit: Fit
    cutout: CutOut


@dataclass(frozen=True)
class Shades:
    """A tabulated colour map: `ColourMap.table`, and the box `[4]` over which its corners are blended."""

    table: Tensor
    box: Tensor


def canvas_of(photo: np.ndarray, cutout: CutOut, fit: Fit) -> Canvas:
    """Prepare a photo for any number of redesigns.

    Args:
        photo: uint8 `[H,W,3]`, upright.
        cutout: Of that photo.
        fit: As `images.fit_square` gave it.

    Raises:
        InputError: They are not of one photo.
    """
    if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3:
        raise InputError(f"the photo is {photo.dtype} of shape {photo.shape}: give uint8 [height,width,3]")
    size = (photo.shape[1], photo.shape[0])
    for what, other in (("cut-out", (cutout.width, cutout.height)), ("square", (fit.width, fit.height))):
        if other != size:
            raise InputError(f"the {what} is of a photo of {other[0]} x {other[1]}, this one is {size[0]} x {size[1]}")
    return Canvas(photo, layers_of(photo, cutout), fit, cutout)


@torch.no_grad()
def apply_change(canvas: Canvas, change: Change) -> np.ndarray:
    """The redesign on the photo.

    Args:
        canvas: The photo.
        change: Of one redesign (`Change.one`).

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
        canvas, change.warp, None if colours.identity else Shades(colours.table(), colours.box), change.keep
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
    work = _Work(canvas, warp, shades, region)
    for top in range(0, out.shape[0], TILE):
        for left in range(0, out.shape[1], TILE):
            tile = _Tile(work, top, left)
            if tile.is_touched():
                out[tile.rows, tile.columns] = tile.made()
    return out if region is None else region.put_back(out, canvas.photo)


@dataclass(frozen=True)
class _Work:
    """What all tiles of one result share."""

    canvas: Canvas
    warp: Warp
    shades: Shades | None
    region: Region | None


class _Tile:
    """One tile of the result and the places of the photo that it shows."""

    def __init__(self, work: _Work, top: int, left: int) -> None:
        canvas = self.canvas = work.canvas
        self.warp, self.shades, self.region = work.warp, work.shades, work.region
        height, width = canvas.photo.shape[:2]
        self.rows = slice(top, min(top + TILE, height))
        self.columns = slice(left, min(left + TILE, width))
        self.own = _centres(self.rows, height), _centres(self.columns, width)
        self.places = self._places()  # [h,w,2] in sides of the photo, x and y
        self.alpha = _sample(canvas.layers.alpha, self.places)[0]
        self.before = self._unmoved(canvas.layers.rim)[0]

    def is_touched(self) -> bool:
        """Whether anything here can differ from the photo."""
        if bool((self.alpha > 0).any()) or bool((self.before > 0).any()):
            return True
        layers = self.canvas.layers
        return layers.casts_shadow and not torch.equal(
            _sample(layers.shadow, self.places), self._unmoved(layers.shadow)
        )

    def made(self) -> np.ndarray:
        """The tile, uint8 `[h,w,3]`."""
        photo = self.canvas.photo[self.rows, self.columns]
        behind = self._backdrop(photo)
        moved, cloth = self._product(photo)
        alpha = self.alpha
        if self.shades is None:
            out = self._exchanged(moved, alpha, behind)
        else:
            out = alpha * self._recoloured(cloth) + (1 - alpha) * behind
        pixels = (out.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()
        still = ((alpha == 0) & (self.before == 0))[..., None].numpy() & (self.light == 1).permute(1, 2, 0).numpy()
        return np.where(still, photo, pixels)

    def _places(self) -> Tensor:
        """Places of the photo shown by this tile's pixels, from a coarse grid: a warp is smooth."""
        y, x = self.own
        if self.warp.identity:
            return torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)
        origin, size = _frame(self.canvas.fit)
        nodes_y, nodes_x = _nodes(y), _nodes(x)
        square = self.warp.at(origin[0] + nodes_x * size[0], origin[1] + nodes_y * size[1])[0]
        coarse = ((square - origin) / size).permute(2, 0, 1)[None]
        fine = F.interpolate(coarse, (len(y), len(x)), mode="bilinear", align_corners=True)[0].permute(1, 2, 0)
        own = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)
        pixels = torch.tensor([self.canvas.fit.width, self.canvas.fit.height], dtype=torch.float32)
        still = ((fine - own) * pixels).abs().amax(-1, keepdim=True) < STILL
        return torch.where(still, own, fine)

    def _unmoved(self, layer: Tensor) -> Tensor:
        """A layer `[C,h,w]` where this tile is."""
        y, x = self.own
        return _sample(layer, torch.stack(torch.meshgrid(x, y, indexing="xy"), -1))

    def _backdrop(self, photo: np.ndarray) -> Tensor:
        """What is behind the product in the result, `[3,h,w]`: the photo, and filled where the product was."""
        layers = self.canvas.layers
        shadow = _sample(layers.shadow, self.places)
        old = self._unmoved(layers.shadow)
        self.light = torch.where(shadow == old, torch.ones_like(old), shadow / old)
        own = _floats(photo) * self.light
        filled = self._unmoved(layers.backdrop) * shadow
        return torch.lerp(own, filled, self.before)

    def _product(self, photo: np.ndarray) -> tuple[Tensor, Tensor]:
        """The photo moved, and the cloth's colour: the same, but of the cloth alone at the edge. Both `[3,h,w]`."""
        if self.warp.identity:
            moved = _floats(photo)
        else:
            moved = _moved(self.canvas.photo, self.places)
        low, high = COVER
        t = ((_sample(self.canvas.layers.inner, self.places)[0] - low) / (high - low)).clamp(0, 1)
        own = t * t * (3 - 2 * t)
        return moved, own * moved + (1 - own) * _sample(self.canvas.layers.cloth, self.places)

    def _exchanged(self, moved: Tensor, alpha: Tensor, behind: Tensor) -> Tensor:
        """The photo moved with its colours as they are; only the backdrop that shines through is exchanged."""
        layers = self.canvas.layers
        old = _sample(layers.backdrop, self.places) * _sample(layers.shadow, self.places)
        new = self._unmoved(layers.backdrop) * _sample(layers.shadow, self.places)
        covered = moved + (1 - alpha) * (new - old)
        return torch.where(alpha > 0, covered, behind)

    def _recoloured(self, cloth: Tensor) -> Tensor:
        """The cloth's colour `[3,h,w]` mapped where the product is; skin, hair and kept regions as they were."""
        assert self.shades is not None
        here = self.alpha > 0
        rgb, places = cloth[:, here].T, self.places[here]
        origin, size = _frame(self.canvas.fit)
        mapped = look_up(self.shades.table, rgb, place_weights(origin + places * size, self.shades.box))
        for kept in self._kept():
            mapped = torch.lerp(mapped, rgb, kept[here][:, None])
        out = cloth.clone()
        out[:, here] = mapped.T
        return out

    def _kept(self) -> list[Tensor]:
        """How far colours stay, each `[h,w]` in `[0,1]`."""
        person = self.canvas.layers.person
        found = [] if person is None else [_sample(person, self.places)[0]]
        return found if self.region is None else [*found, self._unmoved(self.region.feather)[0]]


def _frame(fit: Fit) -> tuple[Tensor, Tensor]:
    """Upper left corner and size of the photo within the square, x and y in sides of the square."""
    return torch.tensor([fit.left, fit.top]), torch.tensor([fit.right - fit.left, fit.bottom - fit.top])


def _floats(pixels: np.ndarray) -> Tensor:
    """uint8 `[h,w,3]` as `[3,h,w]` in `[0,1]`; a copy, for PyTorch takes no array that cannot be written."""
    return torch.from_numpy(np.array(pixels)).permute(2, 0, 1).float() / 255


def _centres(pixels: slice, size: int) -> Tensor:
    """Centres of pixels in sides of the photo."""
    return (torch.arange(pixels.start, pixels.stop, dtype=torch.float32) + 0.5) / size


def _nodes(centres: Tensor) -> Tensor:
    """About every `COARSE`-th of evenly spaced places, both ends included."""
    count = max(2, math.ceil(len(centres) / COARSE) + 1)
    return torch.linspace(float(centres[0]), float(centres[-1]), count)


def _sample(layer: Tensor, places: Tensor) -> Tensor:
    """A smooth layer `[1,C,.,.]` at places `[h,w,2]` in sides of the photo, `[C,h,w]`."""
    grid = (places * 2 - 1)[None]
    return F.grid_sample(layer, grid, mode="bilinear", padding_mode="border", align_corners=False)[0]


def _moved(photo: np.ndarray, places: Tensor) -> Tensor:
    """The photo at places `[h,w,2]`, bicubic, `[3,h,w]`; averaged over several samples where it gets smaller.

    Only the part of the photo that is needed is converted to floats.
    """
    height, width = photo.shape[:2]
    pixel = places * torch.tensor([width, height], dtype=torch.float32) - 0.5
    count = _samples(pixel)
    total = torch.zeros(3, *places.shape[:2])
    across = _difference(pixel, 1)
    down = _difference(pixel, 0)
    offsets = (torch.arange(count) + 0.5) / count - 0.5
    for dy in offsets:
        for dx in offsets:
            total += _bicubic(photo, pixel + dx * across + dy * down)
    return (total / count**2).clamp(0, 1)


def _samples(pixel: Tensor) -> int:
    """Samples along each axis that keep fine patterns from aliasing: one, unless the photo gets clearly smaller."""
    if min(pixel.shape[:2]) < 2:
        return 1
    steps = max(float(_difference(pixel, axis).norm(dim=-1).quantile(0.9)) for axis in (0, 1))
    return 1 if steps < 1.35 else 2 if steps < 2.4 else 3


def _difference(pixel: Tensor, axis: int) -> Tensor:
    """Central differences of places along an axis, `[h,w,2]`."""
    return torch.gradient(pixel, dim=axis)[0] if pixel.shape[axis] > 1 else torch.zeros_like(pixel)


def _bicubic(photo: np.ndarray, pixel: Tensor) -> Tensor:
    """The photo at pixel places `[h,w,2]`, bicubic (a = -0.75), `[3,h,w]`."""
    height, width = photo.shape[:2]
    low, high = pixel.amin((0, 1)), pixel.amax((0, 1))
    left, top = (int(max(0, math.floor(float(value)) - 2)) for value in low)
    left, top = min(left, width - 1), min(top, height - 1)
    right, bottom = (int(math.ceil(float(value)) + 3) for value in high)
    part = photo[top : max(top + 1, min(bottom, height)), left : max(left + 1, min(right, width))]
    window = _floats(part)[None]
    size = torch.tensor([part.shape[1], part.shape[0]], dtype=torch.float32)
    grid = ((pixel - torch.tensor([left, top]) + 0.5) / size * 2 - 1)[None]
    return F.grid_sample(window, grid, mode="bicubic", padding_mode="border", align_corners=False)[0]
