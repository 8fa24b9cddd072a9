"""Adam on the parameters of warps and colour maps: which may change, the loss, and the best values found."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from gigs.errors import InputError
from gigs.transfer.adam import Adam
from gigs.transfer.colour import ColourMap
from gigs.transfer.keep import Keep
from gigs.transfer.pair import Pair, transferred
from gigs.transfer.warp import Warp

WARPED = ("scale", "shift", "bend", "stretch")
COLOURED = ("shift", "slope", "light", "tint", "turn")


@dataclass(frozen=True, kw_only=True)
class FitSettings:
    """Settings of fitting a change.

    Attributes:
        steps: Number of Adam steps.
        rate: Initial learning rate; it falls to a tenth along a cosine.
        side: Longest side in pixels of the fit.
        stiffness: Weight of the warp's roughness.
        plainness: Weight of the colour map's complexity.
        outline: Weight of the outline against the colours.
    """

    steps: int = 50
    rate: float = 0.06
    side: int = 64
    stiffness: float = 0.03
    plainness: float = 0.004
    outline: float = 0.5

    def __post_init__(self) -> None:
        if self.steps < 0 or self.side < 16 or not self.rate > 0:
            raise InputError(f"a fit needs steps >= 0, side >= 16 and rate > 0, not {self}")


def descend(pair: Pair, warp: Warp, colours: ColourMap, keep: Keep, settings: FitSettings) -> tuple[Warp, ColourMap]:
    """Adam on the parameters that may change; each redesign has its own loss, so they do not affect one another."""
    free = _free(warp, colours, keep)
    if not free or not settings.steps:
        return warp, colours
    pace = {"warp.shift": 0.15, "warp.bend": 0.15, "colours.shift": 0.5, "colours.tint": 0.5, "colours.light": 0.5}
    optimisers = [Adam(value, settings.rate * pace.get(name, 1.0), (0.9, 0.98)) for name, value in free.items()]
    best, least = {name: value.detach().clone() for name, value in free.items()}, torch.full((len(warp),), torch.inf)
    for step in range(settings.steps + 1):
        moved, turned = _with(warp, colours, free)
        moved = held(moved, pair.moves)
        loss = _mismatch(pair, moved, turned, settings.outline)
        loss = loss + settings.stiffness * moved.roughness(pair.symmetry) + settings.plainness * turned.roughness()
        better = loss.detach() < least
        least = torch.where(better, loss.detach(), least)
        best = {name: _chosen(better, value.detach(), best[name]) for name, value in free.items()}
        loss.sum().backward()
        fall = 0.1 + 0.45 * (1 + math.cos(math.pi * step / settings.steps))
        for adam in optimisers:
            adam.step(fall)
    moved, turned = _with(warp, colours, best)
    return held(moved, pair.moves), turned


def limited(warp: Warp, colours: ColourMap, moves: Tensor, keep: Keep) -> tuple[Warp, ColourMap]:
    """The start of the descent: without what is to be kept, and without a warp if nothing moves."""
    n = len(warp)
    warp = held(warp, moves)
    if keep.shape:
        warp = Warp.none(n)
    if keep.colour:
        colours = ColourMap.none(n, colours.pivot, colours.box)
    return warp, colours


def held(warp: Warp, moves: Tensor) -> Warp:
    """The warp of only those redesigns that are to move."""

    parts = {name: getattr(warp, name) for name in WARPED}
    held = {name: part * moves.view(-1, *[1] * (part.ndim - 1)) for name, part in parts.items()}
    return warp_with(warp, held)


def _free(warp: Warp, colours: ColourMap, keep: Keep) -> dict[str, Tensor]:
    """The parameters that may change, by name, as leaves with gradients."""
    names: list[tuple[Warp | ColourMap, str]] = []
    if not keep.shape:
        names += [(warp, name) for name in (WARPED[:2] if keep.print else WARPED)]
    if not keep.colour:
        names += [(colours, name) for name in (COLOURED[:1] if keep.print else COLOURED)]
    prefix = {id(warp): "warp", id(colours): "colours"}
    return {f"{prefix[id(of)]}.{name}": getattr(of, name).clone().requires_grad_() for of, name in names}


def _with(warp: Warp, colours: ColourMap, free: dict[str, Tensor]) -> tuple[Warp, ColourMap]:
    mine = {name.partition(".")[2]: value for name, value in free.items() if name.startswith("warp.")}
    theirs = {name.partition(".")[2]: value for name, value in free.items() if name.startswith("colours.")}
    return warp_with(warp, mine), colours_with(colours, theirs)


def _chosen(better: Tensor, new: Tensor, old: Tensor) -> Tensor:
    """The new values `[n,...]` for the redesigns that improved."""
    return torch.where(better.view(-1, *[1] * (new.ndim - 1)), new, old)


def _mismatch(pair: Pair, warp: Warp, colours: ColourMap, outline: float) -> Tensor:
    """L1 `[n]` of outline and of the colours where both pictures have the product, at three scales."""
    lab, alpha = transferred(pair, warp, colours)
    both = alpha.detach() * pair.after_alpha
    edge, colour = alpha - pair.after_alpha, (lab - pair.after) * both
    area = pair.after_alpha.mean((1, 2, 3)).clamp_min(0.02)
    total = torch.zeros(len(lab))
    for _ in range(3):
        total = total + outline * edge.abs().mean((1, 2, 3)) + colour.abs().sum(1).mean((1, 2))
        edge, colour = F.avg_pool2d(edge, 2), F.avg_pool2d(colour, 2)
    return total / (3 * area)


def warp_with(warp: Warp, parts: dict[str, Tensor]) -> Warp:
    """The warp with some of its tensors replaced."""
    scale, shift, bend, stretch = (parts.get(name, getattr(warp, name)) for name in WARPED)
    return Warp(scale, shift, bend, stretch, warp.identity)


def colours_with(colours: ColourMap, parts: dict[str, Tensor]) -> ColourMap:
    """The colour map with some of its tensors replaced."""
    shift, slope, light, tint, turn = (parts.get(name, getattr(colours, name)) for name in COLOURED)
    return ColourMap(colours.pivot, colours.box, shift, slope, light, tint, turn, colours.identity)
