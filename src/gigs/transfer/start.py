"""A first guess of a change, in closed form: the product's box and its mean colour, before and after."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gigs.transfer.colour import ColourMap
from gigs.transfer.splines import greville
from gigs.transfer.warp import CENTRE, LOCAL, STRETCH, Warp

RIM = 0.02  # share of the product's mass beyond either edge of its box, so that a strap or a speck does not count


def box_of(alpha: Tensor) -> Tensor:
    """Boxes `[n,4]` of masks `[n,1,r,r]` in sides of the square: left, top, right, bottom."""
    sides = []
    for axis in (2, 3):  # sums over rows give columns
        mass = alpha.sum((1, axis))
        share = mass.cumsum(1) / mass.sum(1, keepdim=True).clamp_min(1e-6)
        last = alpha.shape[-1] - 1
        low = (share < RIM).sum(1).clamp_max(last)
        high = (share < 1 - RIM).sum(1).clamp_max(last)
        sides.append((low / (last + 1), torch.maximum(high, low + 1) / (last + 1)))
    (left, right), (top, bottom) = sides
    return torch.stack([left, top, right, bottom], dim=1)


def mean_of(lab: Tensor, alpha: Tensor) -> Tensor:
    """Mean colour `[n,3]` of products, pictures `[n,3,r,r]`, masks `[n,1,r,r]`."""
    sure = alpha.square()
    return (lab * sure).sum((2, 3)) / sure.sum((2, 3)).clamp_min(1e-6)


def start_of(before: Tensor, before_alpha: Tensor, after: Tensor, after_alpha: Tensor) -> tuple[Warp, ColourMap]:
    """Warps and colour maps to begin with; see `fit._Pair` for the arguments."""
    old, new = box_of(before_alpha), box_of(after_alpha)
    limit = 0.95 * math.log(STRETCH / LOCAL)
    ratio = ((old[:, 2:] - old[:, :2]) / (new[:, 2:] - new[:, :2])).log().clamp(-limit, limit)
    middle_old, middle_new = (old[:, :2] + old[:, 2:]) / 2, (new[:, :2] + new[:, 2:]) / 2
    warp = Warp.none(len(after))
    # A spline's step stretches about its central coefficient, so the shift of the middle is measured from there.
    shift = middle_old - greville()[CENTRE] - ratio.exp() * (middle_new - greville()[CENTRE])
    warp = Warp(torch.atanh(ratio / math.log(STRETCH / LOCAL)), shift, warp.bend, warp.stretch)
    pivot = mean_of(before, before_alpha)[0]
    colours = ColourMap.none(len(after), pivot, old[0])
    shift_of_colour = mean_of(after, after_alpha) - pivot
    return warp, ColourMap(pivot, old[0], shift_of_colour, colours.slope, colours.light, colours.tint, colours.turn)
