"""The change from a reconstruction to its redesigns, as a warp that cannot fold and a map of colours.

The *change* is fitted, so errors of the reconstruction cancel. All redesigns are fitted in one batch, at the
generator's resolution or `FitSettings.side`, whichever is smaller, so a photo's size costs nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from gigs.errors import InputError
from gigs.transfer.colour import ColourMap
from gigs.transfer.descent import COLOURED, WARPED, FitSettings, colours_with, descend, limited, warp_with
from gigs.transfer.keep import Keep
from gigs.transfer.pair import Pair, apart, pair_of, transferred
from gigs.transfer.start import start_of
from gigs.transfer.warp import Warp

REACHED = 0.9  # intersection over union of outlines after the warp below which the redesign is another kind of product
SLIGHT = 0.004  # a change smaller than this, in the unit of `apart`, is none that could be left undone


@dataclass(frozen=True)
class Change:
    """The fitted changes of n redesigns.

    Attributes:
        warp: Where pixels come from.
        colours: The map of their colours.
        residual: Share of the change that is left undone, `[n]`: 0 if all of it is done, 1 if nothing is.
        keep: What is kept.
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
        product: The photo's own cut-out (`CutOut.in_square`), `[1,1,R,R]` in `[0,1]`. It replaces a drawn
            product that cannot be told from its backdrop; of such a redesign, only colours are fitted.
        keep: What must not change; nothing by default.
        settings: Settings of the fit.

    Raises:
        InputError: The pictures have other shapes.
    """
    keep, settings = keep or Keep(), settings or FitSettings()
    _check(reconstruction, redesigns)
    pair = pair_of(reconstruction.float(), redesigns.float(), product, settings.side)
    start = start_of(pair.before, pair.before_alpha, pair.after, pair.after_alpha)
    warp, colours = descend(pair, *limited(*start, pair.moves, keep), keep, settings)
    strange = _strangers(pair, warp, colours)
    if not keep.shape and bool(strange.any()):
        still = replace(_picked(pair, strange), moves=torch.zeros(int(strange.sum()), dtype=torch.bool))
        start = (Warp.none(len(still.after)), start[1].picked(strange))
        warp, colours = _put(warp, colours, strange, *descend(still, *start, replace(keep, shape=True), settings))
    with torch.no_grad():
        return Change(warp, colours, _residual(pair, warp, colours), keep)


def _check(reconstruction: Tensor, redesigns: Tensor) -> None:
    if reconstruction.ndim != 4 or redesigns.ndim != 4 or reconstruction.shape[0] != 1:
        raise InputError(f"give pictures [1,3,R,R] and [n,3,R,R], not {_shape(reconstruction)}, {_shape(redesigns)}")
    if reconstruction.shape[1:] != redesigns.shape[1:] or reconstruction.shape[1] != 3 or not len(redesigns):
        raise InputError(f"reconstruction {_shape(reconstruction)} and redesigns {_shape(redesigns)} do not match")


def _shape(images: Tensor) -> list[int]:
    return list(images.shape)


@torch.no_grad()
def _strangers(pair: Pair, warp: Warp, colours: ColourMap) -> Tensor:
    """Redesigns whose outline no stiff warp reaches, bool `[n]`, and which are therefore another kind of product."""
    alpha = transferred(pair, warp, colours)[1]
    shared = torch.minimum(alpha, pair.after_alpha).sum((1, 2, 3))
    overlap = shared / torch.maximum(alpha, pair.after_alpha).sum((1, 2, 3)).clamp_min(1e-6)
    return pair.moves & (overlap < REACHED)


def _picked(pair: Pair, which: Tensor) -> Pair:
    return replace(pair, after=pair.after[which], after_alpha=pair.after_alpha[which], moves=pair.moves[which])


def _put(
    warp: Warp, colours: ColourMap, which: Tensor, new_warp: Warp, new_colours: ColourMap
) -> tuple[Warp, ColourMap]:
    """All changes, those of some redesigns replaced."""

    def merged(old: Tensor, new: Tensor) -> Tensor:
        return old.clone().index_copy_(0, which.nonzero()[:, 0], new)

    moved: dict[str, Any] = {name: merged(getattr(warp, name), getattr(new_warp, name)) for name in WARPED}
    turned: dict[str, Any] = {name: merged(getattr(colours, name), getattr(new_colours, name)) for name in COLOURED}
    return replace(warp_with(warp, moved), identity=False), colours_with(colours, turned)


def _residual(pair: Pair, warp: Warp, colours: ColourMap) -> Tensor:
    """Distance of the result to the redesign, divided by the reconstruction's, `[n]` in `[0,1]`."""
    lab, alpha = transferred(pair, warp, colours)
    left = apart(lab, alpha, pair.after, pair.after_alpha)
    whole = apart(pair.before, pair.before_alpha, pair.after, pair.after_alpha)
    return torch.where(whole > SLIGHT, (left / whole.clamp_min(SLIGHT)).clamp(0, 1), torch.zeros_like(whole))
