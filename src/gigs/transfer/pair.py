"""What a fit compares: a reconstruction and its redesigns in CIELAB, with the masks of the product in them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from gigs.transfer.colour import ColourMap, place_weights
from gigs.transfer.drawn import drawn_alpha, is_told
from gigs.transfer.lab import lab_of
from gigs.transfer.warp import Warp


@dataclass(frozen=True)
class Pair:
    """Both sides of a fit.

    Attributes:
        before: CIELAB over 100, `[1,3,r,r]`.
        before_alpha: `[1,1,r,r]`.
        after: `[n,3,r,r]`.
        after_alpha: `[n,1,r,r]`.
        moves: Whether both outlines are known, so that a warp can be fitted, bool `[n]`.
        centres: Centres of the pixels in sides of the square, `[r]`.
        symmetry: How far the product is its own mirror image, in `[0,1]`.
    """

    before: Tensor
    before_alpha: Tensor
    after: Tensor
    after_alpha: Tensor
    moves: Tensor
    centres: Tensor
    symmetry: float


def pair_of(before: Tensor, after: Tensor, product: Tensor | None, side: int) -> Pair:
    """Both sides of the fit at its own resolution."""
    one, many = drawn_alpha(before), drawn_alpha(after)
    told, told_after = is_told(before, one), is_told(after, many)
    if not told and product is not None:
        one = product.float()
    moves = told & told_after
    many = torch.where(moves[:, None, None, None], many, one)
    side = min(side, before.shape[-1])
    before, after, one, many = (_at_most(images, side) for images in (before, after, one, many))
    centres = (torch.arange(side) + 0.5) / side
    mirrored = torch.minimum(one, one.flip(3)).sum() / torch.maximum(one, one.flip(3)).sum().clamp_min(1e-6)
    symmetry = float(((mirrored - 0.8) / 0.15).clamp(0, 1))
    return Pair(_lab(before), one, _lab(after), many, moves, centres, symmetry)


def transferred(pair: Pair, warp: Warp, colours: ColourMap) -> tuple[Tensor, Tensor]:
    """The reconstruction after the change: CIELAB over 100 `[n,3,r,r]`, and its alpha `[n,1,r,r]`.

    Unlike on a photo, colours are mapped first and then moved. At the fit's size this makes no visible difference, and
    the maps are one matrix product over the one reconstruction.
    """
    n, r = len(warp), pair.before.shape[-1]
    own = torch.stack(torch.meshgrid(pair.centres, pair.centres, indexing="xy"), dim=-1).flatten(0, 1)
    mapped = colours.over(pair.before[0].flatten(1).T, place_weights(own, colours.box)).view(n, 3, r, r)
    alpha = pair.before_alpha.expand(n, -1, -1, -1)
    if warp.identity:
        return mapped, alpha
    places = warp.at(pair.centres, pair.centres)
    source = torch.cat([mapped, alpha], dim=1)
    found = F.grid_sample(source, places * 2 - 1, mode="bilinear", padding_mode="border", align_corners=False)
    return found[:, :3], found[:, 3:]


def apart(lab: Tensor, alpha: Tensor, other: Tensor, other_alpha: Tensor) -> Tensor:
    """Distance `[n]` of two products, backdrops aside: L1 of alpha and colours (CIELAB over 100) at three scales."""
    difference = torch.cat([lab * alpha - other * other_alpha, alpha - other_alpha], dim=1)
    total = torch.zeros(len(difference))
    for _ in range(3):
        total = total + difference.abs().sum(1).mean((1, 2)) / 3
        difference = F.avg_pool2d(difference, 2)
    return total


def _at_most(images: Tensor, side: int) -> Tensor:
    if images.shape[-1] <= side:
        return images
    return F.interpolate(images, (side, side), mode="bilinear", antialias=True, align_corners=False).clamp(0, 1)


def _lab(images: Tensor) -> Tensor:
    return lab_of(images.permute(0, 2, 3, 1)).permute(0, 3, 1, 2) / 100
