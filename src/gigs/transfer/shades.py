"""A colour map, ready to be applied to pixels: looked up in a table, or computed one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from gigs.transfer.colour import ColourMap, place_weights
from gigs.transfer.lab import lab_of, within_srgb


class Shades(Protocol):
    """A map of colours by position."""

    def __call__(self, rgb: Tensor, places: Tensor) -> Tensor:
        """Colours `[k,3]` in `[0,1]` at places `[k,2]` in sides of the square, mapped: `[k,3]` in `[0,1]`."""
        ...


@dataclass(frozen=True)
class Tabulated:
    """A map in tables over all of sRGB, blended between the corners of a box; used for large pictures.

    Attributes:
        table: `[1,P*3,knots,knots,knots]` in `[0,1]`; see `colour.tabulated`.
        box: Between whose P corners tables are blended, `[4]`; None if there is only one table.
    """

    table: Tensor
    box: Tensor | None = None

    def __call__(self, rgb: Tensor, places: Tensor) -> Tensor:
        """See `Shades`."""
        at = (rgb * 2 - 1)[None, None, None]
        found = torch.nn.functional.grid_sample(
            self.table, at, mode="bilinear", padding_mode="border", align_corners=True
        )
        each = found.view(self.table.shape[1] // 3, 3, len(rgb))
        if self.box is None:
            return each[0].T
        return torch.einsum("pck,kp->kc", each, place_weights(places, self.box))


@dataclass(frozen=True)
class Computed:
    """The first of some colour maps without a table: exact, and cheaper if there are fewer pixels than knots."""

    colours: ColourMap

    def __call__(self, rgb: Tensor, places: Tensor) -> Tensor:
        """See `Shades`."""
        first = self.colours.one(0)
        mapped = first.over(lab_of(rgb) / 100, place_weights(places, first.box))[0].T
        return within_srgb(mapped * 100)
