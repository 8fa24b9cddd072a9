"""A tile of a photo and of its layers, unmoved and moved by a warp; read on first use."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from gigs.transfer.canvas import Canvas
from gigs.transfer.sampling import floats, moved, sample
from gigs.transfer.warp import Warp
from gigs.vision.images import Fit

TILE = 256  # pixels a side; a tile and its intermediate results take some 10 MB
COARSE = 8  # pixels between places at which the warp is evaluated; in between it is linear to 1/50 pixel
STILL = 1e-3  # pixels; smaller moves count as none
COVER = (0.2, 0.9)  # inner alpha between which the cloth's colour gives way to the photo's own detail


class Ground:
    """An unmoved tile, which all results of one photo share."""

    def __init__(self, canvas: Canvas, top: int, left: int) -> None:
        self.canvas = canvas
        height, width = canvas.photo.shape[:2]
        self.rows = slice(top, min(top + TILE, height))
        self.columns = slice(left, min(left + TILE, width))
        self.axes = _centres(self.rows, height), _centres(self.columns, width)
        self.places = torch.stack(torch.meshgrid(self.axes[1], self.axes[0], indexing="xy"), -1)
        self.own = View(canvas, self.places)

    @property
    def photo(self) -> np.ndarray:
        """Uint8 `[h,w,3]`."""
        return self.canvas.photo[self.rows, self.columns]

    @cached_property
    def pixels(self) -> Tensor:
        """The photo, `[3,h*w]` in `[0,1]`."""
        return floats(self.photo).flatten(1)

    @cached_property
    def rims(self) -> Tensor:
        """How far the product's colour reaches, and how far it rings, `[2,h*w]`."""
        return sample(self.canvas.layers.rims, self.places).flatten(1)

    @cached_property
    def backdrop(self) -> Tensor:
        """Without product and shadow, `[3,h*w]`."""
        return sample(self.canvas.layers.backdrop, self.places).flatten(1)

    @cached_property
    def cloth(self) -> Tensor:
        """See `View.cloth`, of all pixels, `[3,h*w]`."""
        return self.own.cloth(torch.arange(self.rims.shape[1]), self.pixels)


class View:
    """What a tile shows of a photo's layers at places `[h,w,2]`, x and y in sides of the photo."""

    def __init__(self, canvas: Canvas, places: Tensor) -> None:
        self.canvas, self.places = canvas, places

    @cached_property
    def _outline(self) -> Tensor:
        return sample(self.canvas.layers.outline, self.places).flatten(1)

    @property
    def alpha(self) -> Tensor:
        """Of the product, `[h*w]`."""
        return self._outline[0]

    @cached_property
    def shadow(self) -> Tensor:
        """Share of the light that is left, `[h*w]`."""
        return sample(self.canvas.layers.shadow, self.places).flatten()

    def at(self, layer: Tensor, index: Tensor) -> Tensor:
        """A layer `[1,C,.,.]` at some of the tile's pixels `[k]`, `[C,k]`."""
        return sample(layer, self.places.flatten(0, 1)[index][None]).flatten(1)

    def away(self, own: Tensor) -> Tensor:
        """How far places are from a tile's own `[h,w,2]`, in pixels, `[h*w]`."""
        height, width = self.canvas.photo.shape[:2]
        return ((self.places - own) * torch.tensor([width, height], dtype=torch.float32)).norm(dim=-1).flatten()

    def moved(self, index: Tensor, samples: int) -> Tensor:
        """The photo at some of the tile's pixels `[k]`, `[3,k]`, read `samples` times along each axis of a pixel."""
        return moved(self.canvas.photo, self.places, index, samples)

    def cloth(self, index: Tensor, pixels: Tensor) -> Tensor:
        """The colours at some pixels `[k]`, `[3,k]`: the photo's, `[3,k]`, but only the cloth's at its edge."""
        low, high = COVER
        t = ((self._outline[1][index] - low) / (high - low)).clamp(0, 1)
        edge = (t < 1).nonzero()[:, 0]
        own = (t * t * (3 - 2 * t))[edge]
        return pixels.index_copy(
            1, edge, torch.lerp(self.at(self.canvas.layers.cloth, index[edge]), pixels[:, edge], own)
        )


def frame(fit: Fit) -> tuple[Tensor, Tensor]:
    """Upper left corner and size of the photo within the square, x and y in sides of the square."""
    return torch.tensor([fit.left, fit.top]), torch.tensor([fit.right - fit.left, fit.bottom - fit.top])


def places_of(ground: Ground, warp: Warp) -> Tensor:
    """Places of the photo shown by a tile's pixels, from a coarse grid: a warp is smooth."""
    (y, x), fit = ground.axes, ground.canvas.fit
    origin, size = frame(fit)
    square = warp.at(origin[0] + _nodes(x) * size[0], origin[1] + _nodes(y) * size[1])[0]
    coarse = ((square - origin) / size).permute(2, 0, 1)[None]
    fine = F.interpolate(coarse, (len(y), len(x)), mode="bilinear", align_corners=True)[0].permute(1, 2, 0)
    pixels = torch.tensor([fit.width, fit.height], dtype=torch.float32)
    still = ((fine - ground.places) * pixels).abs().amax(-1, keepdim=True) < STILL
    return torch.where(still, ground.places, fine)


def _centres(pixels: slice, size: int) -> Tensor:
    """Centres of pixels in sides of the photo."""
    return (torch.arange(pixels.start, pixels.stop, dtype=torch.float32) + 0.5) / size


def _nodes(centres: Tensor) -> Tensor:
    """About every `COARSE`-th of evenly spaced places, both ends included."""
    count = max(2, math.ceil(len(centres) / COARSE) + 1)
    return torch.linspace(float(centres[0]), float(centres[-1]), count)
