"""How much of the allowed change is left undone; what the seller keeps does not count.

The residual of a fit (`transfer.fit`) counts everything that the generator drew. If colours are to be kept, for
example, the drawn colour is not part of the requested redesign.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from gigs.transfer import Change, CutOut, Keep
from gigs.transfer.fit import SLIGHT
from gigs.transfer.pair import Pair, apart, transferred
from gigs.vision.images import Fit

LEAST = 1e-6
SLIGHT_OUTLINE = 0.01  # the same for outlines alone, whose soft edges depend on colour


@torch.no_grad()
def allowed_residual(pair: Pair, change: Change, keep: Keep, region: Tensor | None = None) -> Tensor:
    """Share of the allowed change that is left undone, `[n]` in `[0,1]`.

    With colours kept, outlines alone are compared; with the shape kept, colours alone, where both products are; with
    the print kept, the product's mean colour, and its outline as far as moving and scaling it as a whole reaches.

    Args:
        pair: Reconstruction and redesigns of the fit.
        change: The changes as fitted, `n` of them.
        keep: What must not change.
        region: Where nothing may change, `[1,1,r,r]` in `[0,1]`; it is excluded.
    """
    lab, alpha = transferred(pair, change.warp, change.colours)
    before, before_alpha = pair.before.expand_as(lab), pair.before_alpha.expand_as(alpha)
    after, wanted = pair.after, pair.after_alpha
    if keep.shape:
        alpha = before_alpha = wanted = torch.minimum(before_alpha, wanted)
    elif keep.print:
        wanted = _moved(before_alpha, wanted)
    if keep.colour:
        lab = before = after = torch.zeros_like(lab)
    elif keep.print:
        lab, before = _mean(lab, alpha), _mean(before, before_alpha)
        after = _mean(after, pair.after_alpha)
    free = 1.0 if region is None else 1 - region
    whole = apart(before, before_alpha * free, after, wanted * free)
    left = apart(lab, alpha * free, after, wanted * free)
    least = SLIGHT_OUTLINE if keep.colour else SLIGHT
    return torch.where(whole > least, (left / whole.clamp_min(least)).clamp(0, 1), torch.zeros_like(whole))


def in_square(region: np.ndarray, fit: Fit, side: int) -> Tensor:
    """A region of the photo, bool `[H,W]`, as it lies in the square, `[1,1,side,side]` in `[0,1]`."""
    return CutOut(region.astype(np.float32), fit.width, fit.height).in_square(fit, side)


def _mean(lab: Tensor, alpha: Tensor) -> Tensor:
    """Pictures `[n,3,r,r]` of their product's mean colour."""
    mean = (lab * alpha).sum((2, 3), keepdim=True) / alpha.sum((2, 3), keepdim=True).clamp_min(LEAST)
    return mean.expand_as(lab)


def _moved(alpha: Tensor, wanted: Tensor) -> Tensor:
    """Masks `[n,1,r,r]` moved and scaled as a whole until centre and spread are those of others."""
    (centre, spread), (new_centre, new_spread) = _moments(alpha), _moments(wanted)
    scale = spread / new_spread.clamp_min(LEAST)
    matrix = torch.diag_embed(scale)
    shift = centre - scale * new_centre
    grid = F.affine_grid(torch.cat([matrix, shift[..., None]], dim=2), list(alpha.shape), align_corners=False)
    return F.grid_sample(alpha, grid, align_corners=False)


def _moments(alpha: Tensor) -> tuple[Tensor, Tensor]:
    """Centre and standard deviation of masks along x and y, `[n,2]` each, in `[-1,1]` over the square."""
    side = alpha.shape[-1]
    at = (torch.arange(side) + 0.5) / side * 2 - 1
    found = []
    for weights in (alpha.sum((1, 2)), alpha.sum((1, 3))):  # by column, by row
        weights = weights / weights.sum(1, keepdim=True).clamp_min(LEAST)
        mean = (weights * at).sum(1)
        spread = (weights * (at[None] - mean[:, None]).square()).sum(1).sqrt()
        found.append((mean, spread))
    (x, wide), (y, high) = found
    return torch.stack([x, y], dim=1), torch.stack([wide, high], dim=1)
