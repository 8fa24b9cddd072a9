"""One tile of a result: the product moved and recoloured, and the backdrop that it uncovers or covers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from gigs.transfer.region import Region
from gigs.transfer.shades import Shades
from gigs.transfer.view import Ground, View, frame, places_of
from gigs.transfer.warp import Warp

GONE = 3.0  # pixels by which an edge has moved before all that it left behind is taken away
SHRINKS = 1.35  # factor of shrinking beyond which each pixel is sampled more than once


@dataclass(frozen=True)
class Work:
    """What to do to a photo for one result."""

    warp: Warp
    shades: Shades | None
    region: Region | None

    @property
    def nothing(self) -> bool:
        """Whether the result is the photo itself."""
        return self.warp.identity and self.shades is None

    @cached_property
    def samples(self) -> int:
        """Samples along each axis of a pixel: one, unless the photo gets clearly smaller; the same for all tiles."""
        t = torch.linspace(0.1, 0.9, 33)
        shrinks = 1.0 if self.warp.identity else float(self.warp.determinant(t, t).quantile(0.9).sqrt())
        return 1 if shrinks < SHRINKS else 2


class Tile:
    """One tile of one result; untouched pixels are left alone."""

    def __init__(self, ground: Ground, work: Work) -> None:
        self.ground, self.work = ground, work
        self.still = work.warp.identity
        self.view = ground.own if self.still else View(ground.canvas, places_of(ground, work.warp))
        self.rim = self._rim()
        self.shadowed = ground.canvas.layers.casts_shadow and not self.still

    def put(self, out: np.ndarray) -> None:
        """Write the tile into the result, uint8 `[H,W,3]`, which is the photo so far."""
        light = self._light()
        changed = (self.view.alpha > 0) | (self.rim > 0)
        at = (changed if light is None else changed | (light != 1)).nonzero()[:, 0]
        if not len(at):
            return
        colours = self._behind(at, light)
        here = (self.view.alpha[at] > 0).nonzero()[:, 0]
        if len(here):
            colours[:, here] = self._product(at[here], colours[:, here])
        pixels = (colours.clamp_(0, 1) * 255).round_().byte().T.numpy()
        tile = out[self.ground.rows, self.ground.columns]
        rows, columns = np.divmod(at.numpy(), tile.shape[1])
        tile[rows, columns] = pixels

    def _rim(self) -> Tensor:
        """How far the photo gives way to the clean backdrop, `[h*w]`; where the product goes away, its ringing too."""
        near, wide = self.ground.rims
        if self.still:
            return near
        gone = (self.view.away(self.ground.places) / GONE).clamp(0, 1)
        return torch.lerp(near, wide, gone)

    def _light(self) -> Tensor | None:
        """The change of light by the shadow's move, `[h*w]`; None if no shadow moves."""
        if not self.shadowed:
            return None
        new, old = self.view.shadow, self.ground.own.shadow
        return torch.where(new == old, torch.ones_like(old), new / old)

    def _behind(self, at: Tensor, light: Tensor | None) -> Tensor:
        """What is behind the product in the result, `[3,k]`: the photo, and filled where the product was."""
        own = self.ground.pixels[:, at]
        if light is not None:
            own = own * light[at]
        return torch.lerp(own, self.ground.backdrop[:, at] * self._shadow(at), self.rim[at])

    def _shadow(self, at: Tensor) -> Tensor | float:
        return self.view.shadow[at] if self.ground.canvas.layers.casts_shadow else 1.0

    def _product(self, at: Tensor, behind: Tensor) -> Tensor:
        """The product in front of what is behind it, both `[3,k]`."""
        alpha = self.view.alpha[at]
        if self.work.shades is not None:
            return torch.lerp(behind, self._recoloured(at), alpha)
        # Its colours stay, and only the backdrop that shows through is replaced.
        shown = self.ground.pixels[:, at] if self.still else self.view.moved(at, self.work.samples)
        old, new = self.view.at(self.ground.canvas.layers.backdrop, at), self.ground.backdrop[:, at]
        return shown + (1 - alpha) * (new - old) * self._shadow(at)

    def _recoloured(self, at: Tensor) -> Tensor:
        """The cloth's colour `[3,k]` mapped; skin, hair and kept regions as they were."""
        assert self.work.shades is not None
        cloth = self.ground.cloth[:, at] if self.still else self.view.cloth(at, self.view.moved(at, self.work.samples))
        origin, size = frame(self.ground.canvas.fit)
        rgb = cloth.T.contiguous()
        mapped = self.work.shades(rgb, origin + self.view.places.flatten(0, 1)[at] * size)
        for kept in self._kept(at):
            mapped = torch.lerp(mapped, rgb, kept[:, None])
        return mapped.T

    def _kept(self, at: Tensor) -> list[Tensor]:
        """How far colours stay, each `[k]` in `[0,1]`."""
        person, region = self.ground.canvas.layers.person, self.work.region
        found = [] if person is None else [self.view.at(person, at)[0]]
        return found if region is None else [*found, self.ground.own.at(region.feather, at)[0]]
