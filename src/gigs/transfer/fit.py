"""The change from a reconstruction to its redesigns, as a warp that cannot fold and a map of colours.

It is the *change* that is fitted, so what the reconstruction got wrong cancels. All redesigns are fitted in one batch,
at the generator's resolution or `FitSettings.side`, whichever is smaller: a photo's size costs nothing here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from gigs.errors import InputError
from gigs.transfer.colour import ColourMap, place_weights
from gigs.transfer.drawn import drawn_alpha, is_told
from gigs.transfer.keep import Keep
from gigs.transfer.lab import lab_of
from gigs.transfer.start import start_of
from gigs.transfer.warp import Warp

REACHED = 0.9  # intersection over union of outlines after the warp; below, the redesign is another kind of product
WARPED = ("scale", "shift", "bend", "stretch")
COLOURED = ("shift", "slope", "light", "tint", "turn")
SLIGHT = 0.004  # a change smaller than this, in the unit of `apart`, is none that could be left undone


@dataclass(frozen=True, kw_only=True)
class FitSettings:
    """How a change is fitted.

    Attributes:
        steps: Of Adam.
        rate: Learning rate at first; it falls to a tenth along a cosine.
        side: Longest side in pixels at which is fitted.
        stiffness: Weight of the warp's roughness.
        plainness: Weight of the colour map's.
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


@dataclass(frozen=True)
class Change:
    """The fitted changes of n redesigns.

    Attributes:
        warp: Where pixels come from.
        colours: What becomes of their colours.
        residual: Share of the change that is left undone, `[n]`: 0 where all of it is done, 1 where nothing is.
        keep: What was to be kept.
    """

    warp: Warp
    colours: ColourMap
    residual: Tensor
    keep: Keep

    def __len__(self) -> int:
        return len(self.residual)

    def one(self, number: int) -> Change:
        """The change of one redesign, n = 1."""
        pick = slice(number, number + 1)
        return Change(self.warp.one(number), self.colours.one(number), self.residual[pick], self.keep)


@dataclass(frozen=True)
class _Pair:
    """What is fitted to what.

    Attributes:
        before: CIELAB over 100, `[1,3,r,r]`.
        before_alpha: `[1,1,r,r]`.
        after: `[n,3,r,r]`.
        after_alpha: `[n,1,r,r]`.
        moves: Whether both outlines are known, so that there is a warp to fit, bool `[n]`.
        centres: Of the pixels in sides of the square, `[r]`.
        symmetry: How far the product is its own mirror image, in `[0,1]`.
    """

    before: Tensor
    before_alpha: Tensor
    after: Tensor
    after_alpha: Tensor
    moves: Tensor
    centres: Tensor
    symmetry: float


def fit_change(
    reconstruction: Tensor,
    redesigns: Tensor,
    *,
    product: Tensor | None = None,
    keep: Keep | None = None,
    settings: FitSettings | None = None,
) -> Change:
    """Fit the change from a reconstruction to its redesigns.

    Args:
        reconstruction: `[1,3,R,R]` in `[0,1]`, sRGB.
        redesigns: `[n,3,R,R]` in `[0,1]`, sRGB.
        product: The photo's own cut-out (`CutOut.in_square`), `[1,1,R,R]` in `[0,1]`. It stands in for a drawn
            product that cannot be told from its backdrop; such a redesign's outline is not fitted, only its colours.
        keep: What must not change; nothing by default.
        settings: Of the fit.

    Raises:
        InputError: The pictures are of other shapes.
    """
    keep, settings = keep or Keep(), settings or FitSettings()
    _check(reconstruction, redesigns)
    pair = _pair(reconstruction.float(), redesigns.float(), product, settings.side)
    start = start_of(pair.before, pair.before_alpha, pair.after, pair.after_alpha)
    warp, colours = _descend(pair, *_limited(*start, pair.moves, keep), keep, settings)
    strange = _strangers(pair, warp, colours)
    if not keep.shape and bool(strange.any()):
        still = replace(_picked(pair, strange), moves=torch.zeros(int(strange.sum()), dtype=torch.bool))
        start = (Warp.none(len(still.after)), start[1].picked(strange))
        warp, colours = _put(warp, colours, strange, *_descend(still, *start, replace(keep, shape=True), settings))
    with torch.no_grad():
        return Change(warp, colours, _residual(pair, warp, colours), keep)


def _check(reconstruction: Tensor, redesigns: Tensor) -> None:
    if reconstruction.ndim != 4 or redesigns.ndim != 4 or reconstruction.shape[0] != 1:
        raise InputError(f"give pictures [1,3,R,R] and [n,3,R,R], not {_shape(reconstruction)}, {_shape(redesigns)}")
    if reconstruction.shape[1:] != redesigns.shape[1:] or reconstruction.shape[1] != 3 or not len(redesigns):
        raise InputError(f"reconstruction {_shape(reconstruction)} and redesigns {_shape(redesigns)} do not match")


def _shape(images: Tensor) -> list[int]:
    return list(images.shape)


def _pair(before: Tensor, after: Tensor, product: Tensor | None, side: int) -> _Pair:
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
    return _Pair(_lab(before), one, _lab(after), many, moves, centres, symmetry)


def _at_most(images: Tensor, side: int) -> Tensor:
    if images.shape[-1] <= side:
        return images
    return F.interpolate(images, (side, side), mode="bilinear", antialias=True, align_corners=False).clamp(0, 1)


def _lab(images: Tensor) -> Tensor:
    return lab_of(images.permute(0, 2, 3, 1)).permute(0, 3, 1, 2) / 100


@torch.no_grad()
def _strangers(pair: _Pair, warp: Warp, colours: ColourMap) -> Tensor:
    """Redesigns whose outline no stiff warp reaches, bool `[n]`: they are another kind of product."""
    alpha = transferred(pair, warp, colours)[1]
    shared = torch.minimum(alpha, pair.after_alpha).sum((1, 2, 3))
    overlap = shared / torch.maximum(alpha, pair.after_alpha).sum((1, 2, 3)).clamp_min(1e-6)
    return pair.moves & (overlap < REACHED)


def _picked(pair: _Pair, which: Tensor) -> _Pair:
    return replace(pair, after=pair.after[which], after_alpha=pair.after_alpha[which], moves=pair.moves[which])


def _put(
    warp: Warp, colours: ColourMap, which: Tensor, new_warp: Warp, new_colours: ColourMap
) -> tuple[Warp, ColourMap]:
    """All changes, those of some redesigns replaced."""

    def merged(old: Tensor, new: Tensor) -> Tensor:
        return old.clone().index_copy_(0, which.nonzero()[:, 0], new)

    moved = {name: merged(getattr(warp, name), getattr(new_warp, name)) for name in WARPED}
    turned = {name: merged(getattr(colours, name), getattr(new_colours, name)) for name in COLOURED}
    return replace(warp, **moved, identity=False), replace(colours, **turned)


def _limited(warp: Warp, colours: ColourMap, moves: Tensor, keep: Keep) -> tuple[Warp, ColourMap]:
    """Where to descend from: without what is to be kept, and without a warp where nothing moves."""
    n = len(warp)
    warp = _held(warp, moves)
    if keep.shape:
        warp = Warp.none(n)
    if keep.colour:
        colours = ColourMap.none(n, colours.pivot, colours.box)
    return warp, colours


def _held(warp: Warp, moves: Tensor) -> Warp:
    """The warp, of those redesigns only that are to move."""

    parts = {name: getattr(warp, name) for name in WARPED}
    held = {name: part * moves.view(-1, *[1] * (part.ndim - 1)) for name, part in parts.items()}
    return replace(warp, **held)


def _free(warp: Warp, colours: ColourMap, keep: Keep) -> dict[str, Tensor]:
    """The numbers that may change, by name, as leaves that take gradients."""
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
    return replace(warp, **mine), replace(colours, **theirs)


def _descend(pair: _Pair, warp: Warp, colours: ColourMap, keep: Keep, settings: FitSettings) -> tuple[Warp, ColourMap]:
    """Adam on whatever may change; each redesign's loss is its own, so that they do not touch one another."""
    free = _free(warp, colours, keep)
    if not free or not settings.steps:
        return warp, colours
    pace = {"warp.shift": 0.15, "warp.bend": 0.15, "colours.shift": 0.5, "colours.tint": 0.5, "colours.light": 0.5}
    groups = [{"params": [value], "lr": settings.rate * pace.get(name, 1.0)} for name, value in free.items()]
    adam = torch.optim.Adam(groups, betas=(0.9, 0.98))
    fall = torch.optim.lr_scheduler.LambdaLR(
        adam, lambda step: 0.1 + 0.45 * (1 + math.cos(math.pi * step / settings.steps))
    )
    best, least = {name: value.detach().clone() for name, value in free.items()}, torch.full((len(warp),), torch.inf)
    for _ in range(settings.steps + 1):
        moved, turned = _with(warp, colours, free)
        moved = _held(moved, pair.moves)
        loss = _mismatch(pair, moved, turned, settings.outline)
        loss = loss + settings.stiffness * moved.roughness(pair.symmetry) + settings.plainness * turned.roughness()
        better = loss.detach() < least
        least = torch.where(better, loss.detach(), least)
        best = {name: _chosen(better, value.detach(), best[name]) for name, value in free.items()}
        adam.zero_grad()
        loss.sum().backward()
        adam.step()
        fall.step()
    moved, turned = _with(warp, colours, best)
    return _held(moved, pair.moves), turned


def _chosen(better: Tensor, new: Tensor, old: Tensor) -> Tensor:
    """The new values `[n,...]` of those redesigns that are better."""
    return torch.where(better.view(-1, *[1] * (new.ndim - 1)), new, old)


def transferred(pair: _Pair, warp: Warp, colours: ColourMap) -> tuple[Tensor, Tensor]:
    """The reconstruction after the change: CIELAB over 100 `[n,3,r,r]`, and its alpha `[n,1,r,r]`."""
    places = warp.at(pair.centres, pair.centres)
    n, r = places.shape[:2]
    source = torch.cat([pair.before, pair.before_alpha], dim=1).expand(n, -1, -1, -1)
    found = F.grid_sample(source, places * 2 - 1, mode="bilinear", padding_mode="border", align_corners=False)
    lab = found[:, :3].flatten(2).transpose(1, 2)
    mapped = colours(lab, place_weights(places.flatten(1, 2), colours.box))
    return mapped.transpose(1, 2).view(n, 3, r, r), found[:, 3:]


def _mismatch(pair: _Pair, warp: Warp, colours: ColourMap, outline: float) -> Tensor:
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


def _residual(pair: _Pair, warp: Warp, colours: ColourMap) -> Tensor:
    """How far what was done is from the redesign, over how far the reconstruction was, `[n]` in `[0,1]`."""
    lab, alpha = transferred(pair, warp, colours)
    left = apart(lab, alpha, pair.after, pair.after_alpha)
    whole = apart(pair.before, pair.before_alpha, pair.after, pair.after_alpha)
    return torch.where(whole > SLIGHT, (left / whole.clamp_min(SLIGHT)).clamp(0, 1), torch.zeros_like(whole))


def apart(lab: Tensor, alpha: Tensor, other: Tensor, other_alpha: Tensor) -> Tensor:
    """Distance `[n]` of two products, backdrops aside: L1 of alpha and colours (CIELAB over 100) at three scales."""
    difference = torch.cat([lab * alpha - other * other_alpha, alpha - other_alpha], dim=1)
    total = torch.zeros(len(difference))
    for _ in range(3):
        total = total + difference.abs().sum(1).mean((1, 2)) / 3
        difference = F.avg_pool2d(difference, 2)
    return total
