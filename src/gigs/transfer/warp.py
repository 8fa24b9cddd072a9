"""A warp that cannot fold: two monotone steps, one along each axis.

Position (x, y) of the redesign shows position (u, v) of the photo, with u = f(x, y) and then v = g(u, y). For
each y, f is a cubic B-spline in x with increasing coefficients, and blending over y with weights that are at least 0
keeps them increasing; the same holds of g in y. Both steps have a triangular Jacobian, so the warp's determinant is
df/dx times dg/dy, and both are positive everywhere (`splines`). This needs no penalty, because coefficients are
sums of exponentials. Rotations become shears, which is acceptable for garments that lie flat.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from gigs.transfer.splines import COEFFICIENTS, INTERVALS, dense_weights, greville, local_weights, slope_weights

STRETCH = 1.7  # most that a part of the photo is stretched or squeezed along an axis
LOCAL = 1.25  # most that it is beyond what the whole garment is
HEMS = 10.0  # extra cost of bending horizontal lines: a side may curve, but an arched hem is seen at once
CENTRE = COEFFICIENTS // 2  # coefficient about which a step stretches


@dataclass(frozen=True)
class Warp:
    """Warps of n redesigns over the unit square, x to the right and y down.

    Attributes:
        scale: Logarithm of the stretch of the whole along x and y, before bounding, `[n,2]`.
        shift: Shift of the whole, `[n,2]` in sides of the square.
        bend: How lines across the axis bend, `[n,2,COEFFICIENTS]` in sides of the square.
        stretch: Local stretch of the intervals along the axis, before bounding,
            `[n,2,COEFFICIENTS-1,COEFFICIENTS]`: (redesign, axis, along, across).
        identity: Whether nothing moves at all.
    """

    scale: Tensor
    shift: Tensor
    bend: Tensor
    stretch: Tensor
    identity: bool = False

    @classmethod
    def none(cls, n: int) -> Warp:
        """Warps that move nothing."""
        return cls(
            torch.zeros(n, 2), torch.zeros(n, 2), torch.zeros(n, 2, COEFFICIENTS),
            torch.zeros(n, 2, COEFFICIENTS - 1, COEFFICIENTS), True,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.scale)

    def one(self, number: int) -> Warp:
        """The warp of one redesign, n = 1; the identity if all its numbers are 0."""
        pick = slice(number, number + 1)
        parts = (self.scale[pick], self.shift[pick], self.bend[pick], self.stretch[pick])
        return Warp(*parts, self.identity or not any(bool(part.any()) for part in parts))

    def steps(self) -> Tensor:
        """Differences of neighbouring coefficients `[n,2,COEFFICIENTS-1,COEFFICIENTS]`, all positive."""
        whole = math.log(STRETCH / LOCAL) * torch.tanh(self.scale)
        part = math.log(LOCAL) * torch.tanh(self.stretch)
        return torch.exp(whole[:, :, None, None] + part) / INTERVALS

    def coefficients(self) -> Tensor:
        """Of both splines, `[n,2,COEFFICIENTS,COEFFICIENTS]`: (redesign, axis, along, across)."""
        sums = torch.nn.functional.pad(self.steps().cumsum(2), (0, 0, 1, 0))
        across = self.shift[:, :, None] + self.bend + greville()[CENTRE]
        return sums - sums[:, :, CENTRE : CENTRE + 1] + across[:, :, None]

    def at(self, x: Tensor, y: Tensor) -> Tensor:
        """Places of the photo that a grid of places of the redesign shows.

        Args:
            x: `[w]` in sides of the square.
            y: `[h]`.

        Returns:
            `[n,h,w,2]`: u and v.
        """
        n, h, w = len(self), len(y), len(x)
        if self.identity:
            places = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)
            return places.expand(n, h, w, 2)
        first, second = self.coefficients().unbind(1)
        along_x, along_y = dense_weights(x), dense_weights(y)
        u = torch.einsum("wi,nij,hj->nhw", along_x, first, along_y)
        rows = torch.einsum("hi,nij->nhj", along_y, second)
        index, four = local_weights(u)
        taps = torch.stack([rows.gather(2, index + k) for k in range(4)], dim=-1)
        return torch.stack([u, (taps * four).sum(-1)], dim=-1)

    def determinant(self, x: Tensor, y: Tensor) -> Tensor:
        """The Jacobian's determinant `[n,h,w]` on a grid, from the splines themselves; always positive."""
        first, second = self.steps().unbind(1)
        fx = torch.einsum("wi,nij,hj->nhw", slope_weights(x), first, dense_weights(y))
        rows = torch.einsum("hi,nij->nhj", slope_weights(y), second)
        index, four = local_weights(self.at(x, y)[..., 0])
        gy = torch.stack([rows.gather(2, index + k) for k in range(4)], dim=-1)
        return fx * (gy * four).sum(-1) * INTERVALS**2

    def roughness(self, symmetry: Tensor | float = 0.0) -> Tensor:
        """Penalty `[n]` on bending and on uneven stretching; `symmetry` in [0,1] asks for a mirrored warp."""
        along = self.stretch.diff(dim=2).square().mean((1, 2, 3)) + 0.1 * self.stretch.square().mean((1, 2, 3))
        weight = torch.tensor([1.0, HEMS])[:, None]  # for bending vertical lines, and horizontal lines
        across = (self.stretch.diff(dim=3).square().mean((2, 3)) * weight[:, 0]).mean(1)
        bent = (self.bend.diff(n=2, dim=2).square() * weight).sum((1, 2))
        leaning = (self.bend.diff(dim=2).square() * weight).sum((1, 2))
        lopsided = (self.stretch[:, 0] - self.stretch[:, 0].flip(1)).square().mean((1, 2))
        lopsided = lopsided + (self.stretch[:, 1] - self.stretch[:, 1].flip(2)).square().mean((1, 2))
        bow = (self.bend[:, 1] - self.bend[:, 1].flip(1)).square().sum(1)
        return along + across + 300 * (bent + leaning) + symmetry * (4 * lopsided + 300 * bow)
