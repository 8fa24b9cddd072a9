"""A colour map that depends on lightness and slightly on position: few coefficients, so it adds no detail of its own.

In CIELAB, after the bilateral grid of Chen, Paris and Durand (2007) and HDRNet (Gharbi et al. 2017): coefficients on a
small grid over lightness (`BINS` knots) and position (`PLACES` corners of the garment's box), blended linearly.
Lightness goes through a curve that always rises, its slope between `LOSS` and `GAIN`: folds and prints keep their
contrast, light stays lighter than dark, and the noise of black cloth is not amplified. Chroma goes through a 2 x 2
matrix and a shift.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import torch
from torch import Tensor

from gigs.transfer.lab import is_shown, lab_of, within_srgb

BINS = 6
PLACES = 4  # upper left, upper right, lower left, lower right
GAIN = 2.0
LOSS = 0.85
TURN = 0.9  # most that the chroma matrix's entries differ from the identity's
TABLE = 33  # knots of the tabulated map along each of red, green and blue


@dataclass(frozen=True)
class ColourMap:
    """Colour maps of n redesigns.

    Attributes:
        pivot: Mean CIELAB of the product before, over 100, `[3]`; the centre of all gains.
        box: Box of the product in sides of the square: left, top, right, bottom, `[4]`.
        shift: Shift of all colours, CIELAB over 100, `[n,3]`.
        slope: Logarithm of the lightness curve's slope between knots, before bounding, `[n,PLACES,BINS-1]`.
        light: Further shift of lightness by position, `[n,PLACES]`.
        tint: Further shift of a* and b* by position and lightness, `[n,PLACES,BINS,2]`.
        turn: Chroma matrix minus the identity, before bounding, `[n,PLACES,2,2]`.
        identity: Whether no colour changes at all.
    """

    pivot: Tensor
    box: Tensor
    shift: Tensor
    slope: Tensor
    light: Tensor
    tint: Tensor
    turn: Tensor
    identity: bool = False

    @classmethod
    def none(cls, n: int, pivot: Tensor, box: Tensor) -> ColourMap:
        """Maps that change no colour."""
        return cls(
            pivot, box, torch.zeros(n, 3), torch.zeros(n, PLACES, BINS - 1), torch.zeros(n, PLACES),
            torch.zeros(n, PLACES, BINS, 2), torch.zeros(n, PLACES, 2, 2), True,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.shift)

    def one(self, number: int) -> ColourMap:
        """The map of one redesign, n = 1."""
        return self.picked(slice(number, number + 1))

    def picked(self, pick: slice | Tensor) -> ColourMap:
        """The maps of some redesigns."""
        parts = (self.shift[pick], self.slope[pick], self.light[pick], self.tint[pick], self.turn[pick])
        return ColourMap(self.pivot, self.box, *parts, self.identity)

    def curves(self) -> Tensor:
        """Lightness at the knots, `[n,PLACES,BINS]`, over 100; strictly increasing."""
        bound = torch.where(self.slope > 0, math.log(GAIN), -math.log(LOSS))
        rises = torch.exp(bound * torch.tanh(self.slope)) / (BINS - 1)
        sums = torch.nn.functional.pad(rises.cumsum(2), (1, 0))
        at_pivot = (sums * knot_weights(self.pivot[:1])).sum(-1, keepdim=True)
        return sums - at_pivot + self.pivot[0] + (self.shift[:, :1] + self.light)[:, :, None]

    def __call__(self, lab: Tensor, corners: Tensor) -> Tensor:
        """Map colours.

        Args:
            lab: CIELAB over 100, `[n,k,3]`.
            corners: `place_weights` of their places, `[n,k,PLACES]`.

        Returns:
            CIELAB over 100, `[n,k,3]`; sRGB need not have them.
        """
        n, count = lab.shape[:2]
        grid = torch.cat([self.curves()[..., None], self.tint], dim=-1).flatten(1, 2)
        both = (corners[..., :, None] * knot_weights(lab[..., 0])[..., None, :]).flatten(2)
        mapped = both @ grid
        matrix = (corners @ (TURN * torch.tanh(self.turn)).flatten(2)).view(n, count, 2, 2)
        away = lab[..., 1:] - self.pivot[1:]
        turned = away + (matrix @ away[..., None])[..., 0]
        chroma = turned + self.pivot[1:] + self.shift[:, None, 1:] + mapped[..., 1:]
        return torch.cat([mapped[..., :1], chroma], dim=-1)

    def over(self, lab: Tensor, corners: Tensor) -> Tensor:
        """The same for colours that all n maps share; the rest is linear, so one matrix product suffices.

        Args:
            lab: CIELAB over 100, `[k,3]`.
            corners: `place_weights` of their places, `[k,PLACES]`, or `[1,PLACES]` of the one place of all.

        Returns:
            CIELAB over 100, `[n,3,k]`, differentiable in the maps' numbers.
        """
        away = (lab[:, 1:] - self.pivot[1:]).T
        knots = (corners.T[:, None] * knot_weights(lab[:, 0]).T[None]).flatten(0, 1)
        turned = (corners.T[:, None] * away[None]).flatten(0, 1)
        grid = torch.cat([self.curves()[..., None], self.tint], dim=-1).flatten(1, 2)  # [n,PLACES*BINS,3]
        matrix = (TURN * torch.tanh(self.turn)).transpose(2, 3).flatten(1, 2)  # [n,PLACES*2,2]
        numbers = torch.cat([grid, torch.nn.functional.pad(matrix, (1, 0))], dim=1).transpose(1, 2)
        mapped = (numbers.flatten(0, 1) @ torch.cat([knots, turned])).view(len(self), 3, -1)
        plain = torch.cat([torch.zeros_like(away[:1]), away + self.pivot[1:, None]])
        shift = torch.nn.functional.pad(self.shift[:, 1:], (1, 0))
        return mapped + plain + shift[..., None]

    def roughness(self) -> Tensor:
        """Penalty `[n]` on needless complexity of the map."""
        slope = self.slope.square().mean((1, 2)) + self.slope.diff(dim=2).square().mean((1, 2))
        tint = self.tint.diff(dim=2).square().mean((1, 2, 3)) * 20 + self.tint.square().mean((1, 2, 3)) * 2
        place = self.light.var(1) * 240 + self.tint.var(1).mean((1, 2)) * 240 + self.slope.var(1).mean(1) * 12
        turn = self.turn.square().mean((1, 2, 3)) + self.turn.var(1).mean((1, 2)) * 60
        return slope + tint + place + turn

    @torch.no_grad()
    def shown(self, rgb: Tensor, lost: float = 0.01, halvings: int = 8) -> ColourMap:
        """The first map with its shift shortened until its colours lie within sRGB.

        Args:
            rgb: The product's colours `[k,3]` in `[0,1]`.
            lost: Share of them that may lie outside sRGB.
            halvings: Steps of bisection.
        """
        lab = lab_of(rgb)[None] / 100
        corners = torch.full((1, len(rgb), PLACES), 1 / PLACES)

        def fits(share: float) -> bool:
            mapped = replace(self.one(0), shift=self.shift[:1] * share)(lab, corners)
            return float(is_shown(mapped * 100).float().mean()) >= 1 - lost

        low, high = (1.0, 1.0) if fits(1.0) else (0.0, 1.0)
        for _ in range(halvings if low < high else 0):
            middle = (low + high) / 2
            low, high = (middle, high) if fits(middle) else (low, middle)
        return replace(self.one(0), shift=self.shift[:1] * low)

    @torch.no_grad()
    def table(self, knots: int = TABLE) -> Tensor:
        """The map of the first redesign over all of sRGB, `[1,PLACES*3,knots,knots,knots]`; see `tabulated`."""
        first = self.one(0)

        def at_corner(corner: Tensor) -> Tensor:
            return tabulated(lambda lab: first.over(lab / 100, corner)[0].T * 100, knots)

        return torch.cat([at_corner(corner) for corner in _corners()], dim=1)


def _corners() -> list[Tensor]:
    """Weights `[1,PLACES]` at each corner."""
    return list(torch.eye(PLACES)[:, None])


def tabulated(shade: Callable[[Tensor], Tensor], knots: int = TABLE) -> Tensor:
    """A map of colours over all of sRGB.

    Args:
        shade: CIELAB `[k,3]` to CIELAB `[k,3]`; colours outside sRGB are made greyer (`lab.within_srgb`).
        knots: Along each of red, green and blue; half as many take an eighth of the time.

    Returns:
        `[1,3,knots,knots,knots]` in `[0,1]`. Axes are blue, green and red, as `grid_sample` wants them for coordinates
        (red, green, blue).
    """
    mapped = within_srgb(shade(_lattice(knots)))
    return mapped.view(knots, knots, knots, 3).permute(3, 0, 1, 2)[None].contiguous()


@lru_cache(maxsize=4)
def _lattice(knots: int) -> Tensor:
    """CIELAB `[knots^3,3]` of evenly spaced sRGB colours."""
    axis = torch.linspace(0, 1, knots)
    blue, green, red = torch.meshgrid(axis, axis, axis, indexing="ij")
    return lab_of(torch.stack([red, green, blue], -1)).view(-1, 3)


def place_weights(places: Tensor, box: Tensor) -> Tensor:
    """Weights `[...,PLACES]` of a box's corners at places of the photo `[...,2]`, in sides of the square."""
    x, y = ((places - box[:2]) / (box[2:] - box[:2])).clamp(0, 1).unbind(-1)
    return torch.stack([(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y], dim=-1)


def knot_weights(lightness: Tensor) -> Tensor:
    """Weights `[...,BINS]` of the lightness knots at L*/100 `[...]`: two neighbours share each value."""
    scaled = lightness.clamp(0, 1) * (BINS - 1)
    knots = torch.arange(BINS, dtype=scaled.dtype, device=scaled.device)
    return (1 - (scaled[..., None] - knots).abs()).clamp_min(0)
