"""One tile of a result: the product moved and recoloured, on the backdrop that it uncovers or covers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from gigs.transfer.canvas import Canvas
from gigs.transfer.colour import look_up, place_weights
from gigs.transfer.region import Region
from gigs.transfer.sampling import floats, moved, sample
from gigs.transfer.warp import Warp
from gigs.vision.images import Fit

TILE = 256  # pixels a side: a tile and all that is made on the way to it take some 10 MB
COARSE = 8  # pixels between places at which the warp is evaluated; in between it is linear to 1/50 pixel
SHRINKS = 1.35  # times that the photo gets smaller before each pixel is sampled more than once
STILL = 1e-3  # pixels: what moves less does not move
COVER = (0.2, 0.9)  # inner alpha between which the cloth's colour gives way to the photo's own detail


@dataclass(frozen=True)
class Shades:
    """A tabulated colour map: `ColourMap.table`, and the box `[4]` over which its corners are blended."""

    table: Tensor
    box: Tensor


@dataclass(frozen=True)
class Work:
    """What all tiles of one result share."""

    canvas: Canvas
    warp: Warp
    shades: Shades | None
    region: Region | None

    @cached_property
    def samples(self) -> int:
        """Samples along each axis of a pixel: one, unless the photo gets clearly smaller; the same for all tiles."""
        t = torch.linspace(0.1, 0.9, 33)
        shrinks = 1.0 if self.warp.identity else float(self.warp.determinant(t, t).quantile(0.9).sqrt())
        return 1 if shrinks < SHRINKS else 2


class Tile:
    """One tile of the result and the places of the photo that it shows."""

    def __init__(self, work: Work, top: int, left: int) -> None:
        canvas = self.canvas = work.canvas
        self.warp, self.shades, self.region = work.warp, work.shades, work.region
        height, width = canvas.photo.shape[:2]
        self.rows = slice(top, min(top + TILE, height))
        self.columns = slice(left, min(left + TILE, width))
        self.samples = work.samples
        self.axes = _centres(self.rows, height), _centres(self.columns, width)
        self.own = torch.stack(torch.meshgrid(self.axes[1], self.axes[0], indexing="xy"), -1)
        self.places = self._places()  # [h,w,2] in sides of the photo, x and y
        self.alpha = sample(canvas.layers.alpha, self.places)[0]
        self.before = self._unmoved(canvas.layers.rim)[0]

    def is_touched(self) -> bool:
        """Whether anything here can differ from the photo."""
        if bool((self.alpha > 0).any()) or bool((self.before > 0).any()):
            return True
        layers = self.canvas.layers
        return layers.casts_shadow and not torch.equal(sample(layers.shadow, self.places), self._unmoved(layers.shadow))

    def made(self) -> np.ndarray:
        """The tile, uint8 `[h,w,3]`."""
        photo = self.canvas.photo[self.rows, self.columns]
        behind = self._backdrop(photo)
        shown, cloth = self._product(photo)
        alpha = self.alpha
        if self.shades is None:
            out = self._exchanged(shown, alpha, behind)
        else:
            out = alpha * self._recoloured(cloth) + (1 - alpha) * behind
        pixels = (out.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()
        still = ((alpha == 0) & (self.before == 0))[..., None].numpy() & (self.light == 1).permute(1, 2, 0).numpy()
        return np.where(still, photo, pixels)

    def _places(self) -> Tensor:
        """Places of the photo shown by this tile's pixels, from a coarse grid: a warp is smooth."""
        y, x = self.axes
        if self.warp.identity:
            return self.own
        origin, size = _frame(self.canvas.fit)
        nodes_y, nodes_x = _nodes(y), _nodes(x)
        square = self.warp.at(origin[0] + nodes_x * size[0], origin[1] + nodes_y * size[1])[0]
        coarse = ((square - origin) / size).permute(2, 0, 1)[None]
        fine = F.interpolate(coarse, (len(y), len(x)), mode="bilinear", align_corners=True)[0].permute(1, 2, 0)
        pixels = torch.tensor([self.canvas.fit.width, self.canvas.fit.height], dtype=torch.float32)
        still = ((fine - self.own) * pixels).abs().amax(-1, keepdim=True) < STILL
        return torch.where(still, self.own, fine)

    def _unmoved(self, layer: Tensor) -> Tensor:
        """A layer `[C,h,w]` where this tile is."""
        return sample(layer, self.own)

    def _backdrop(self, photo: np.ndarray) -> Tensor:
        """What is behind the product in the result, `[3,h,w]`: the photo, and filled where the product was."""
        layers = self.canvas.layers
        shadow = sample(layers.shadow, self.places)
        old = self._unmoved(layers.shadow)
        self.light = torch.where(shadow == old, torch.ones_like(old), shadow / old)
        own = floats(photo) * self.light
        filled = self._unmoved(layers.backdrop) * shadow
        return torch.lerp(own, filled, self.before)

    def _product(self, photo: np.ndarray) -> tuple[Tensor, Tensor]:
        """The photo moved, and the cloth's colour: the same, but of the cloth alone at the edge. Both `[3,h,w]`."""
        if self.warp.identity:
            shown = floats(photo)
        else:
            shown = moved(self.canvas.photo, self.places, self.samples)
        low, high = COVER
        t = ((sample(self.canvas.layers.inner, self.places)[0] - low) / (high - low)).clamp(0, 1)
        own = t * t * (3 - 2 * t)
        return shown, own * shown + (1 - own) * sample(self.canvas.layers.cloth, self.places)

    def _exchanged(self, shown: Tensor, alpha: Tensor, behind: Tensor) -> Tensor:
        """The photo moved with its colours as they are; only the backdrop that shines through is exchanged."""
        layers = self.canvas.layers
        old = sample(layers.backdrop, self.places) * sample(layers.shadow, self.places)
        new = self._unmoved(layers.backdrop) * sample(layers.shadow, self.places)
        covered = shown + (1 - alpha) * (new - old)
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
        found = [] if person is None else [sample(person, self.places)[0]]
        return found if self.region is None else [*found, self._unmoved(self.region.feather)[0]]


def _centres(pixels: slice, size: int) -> Tensor:
    """Centres of pixels in sides of the photo."""
    return (torch.arange(pixels.start, pixels.stop, dtype=torch.float32) + 0.5) / size


def _nodes(centres: Tensor) -> Tensor:
    """About every `COARSE`-th of evenly spaced places, both ends included."""
    count = max(2, math.ceil(len(centres) / COARSE) + 1)
    return torch.linspace(float(centres[0]), float(centres[-1]), count)


def _frame(fit: Fit) -> tuple[Tensor, Tensor]:
    """Upper left corner and size of the photo within the square, x and y in sides of the square."""
    return torch.tensor([fit.left, fit.top]), torch.tensor([fit.right - fit.left, fit.bottom - fit.top])
