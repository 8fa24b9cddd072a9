"""Candidates for a photo: which are drawn, and how they look and score once they are on the photo."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from gigs.inversion.reconstruction import Reconstruction
from gigs.method.choice import FLOOR, Choice, FrontPoint, NothingToShowError, choose, front_of
from gigs.method.presets import Preset
from gigs.shifting.optimise import Shifted
from gigs.shifting.supported import LikedItems, supported_candidates
from gigs.vision.lpips import PerceptualLoss
from gigs.vision.runtime import Runtime

REFUSED, UNDONE = 1e3, 1e2  # subtracted from the worth, in z: another kind of product; a sketch
NEARER = (1.0, 0.6, 0.35)  # shares of the reach at which candidates are drawn if a budget limits the change
HANDFUL = 4  # what looks like another kind of product only fills up to this many redesigns
UNSEEN = (
    "no redesign of this photo shows a visible change; allow more (`change` 0.8), keep less as it is, or "
    "choose another audience"
)
OVER_BUDGET = (
    "no redesign of this photo changes visibly within the budget of {budget:g}; allow more (`budget` {more:g})"
)


@dataclass(frozen=True)
class Within:
    """The similarity budget of what is shown: at most `most` LPIPS from the photo `[1,3,R,R]`; None allows all."""

    perceptual: PerceptualLoss
    photo: Tensor
    most: float | None

    @torch.no_grad()
    def distance(self, images: Tensor) -> Tensor:
        """LPIPS of pictures `[N,3,R,R]` to the photo, `[N]`."""
        return self.perceptual(self.photo, images.to(self.photo.device)).cpu()

    def needed(self, images: Tensor, front: np.ndarray) -> np.ndarray:
        """The same as an array; without a budget, infinite except for those that can be on the front (bool `[N]`)."""
        rows = np.arange(len(images)) if self.most is not None else np.flatnonzero(front)
        found = np.full(len(images), np.inf, dtype=np.float32)
        if len(rows):
            found[rows] = self.distance(images[torch.from_numpy(rows)]).numpy()
        return found

    def kept(self, images: Tensor) -> Tensor:
        """Which pictures `[N,3,R,R]` are within it, bool `[N]`."""
        return torch.ones(len(images), dtype=torch.bool) if self.most is None else self.distance(images) <= self.most


@dataclass(frozen=True)
class Tried:
    """Candidates on the photo, reduced.

    Attributes:
        looks: Squares `[N,3,R,R]`.
        pictures: The same in the photo's shape, uint8 `[h,w,3]` each.
        away: Distances between them (`distinct.apart`), the photo first, `[1+N,1+N]`.
        gain: Their gain over the photo by the targets, `[N]`.
        change: LPIPS to the photo, `[N]`; infinite if neither budget nor front needs it.
        within: Which are within the budget, bool `[N]`.
        strange: Which look like another kind of product, bool `[N]`.
        sketched: Which leave much of the change undone, bool `[N]`.
        cropped: Which extend beyond the photo, bool `[N]`.
    """

    looks: Tensor
    pictures: list[np.ndarray]
    away: np.ndarray
    gain: np.ndarray
    change: np.ndarray
    within: np.ndarray
    strange: np.ndarray
    sketched: np.ndarray
    cropped: np.ndarray

    def chosen(self, n: int) -> list[int]:
        """Rows of at most n that are shown.

        Sketches only fill the remaining places. Candidates that look like another kind of product only fill up to
        `HANDFUL`, and those that extend beyond the photo are shown only if there is nothing else.
        """
        worth, whole = self.gain - REFUSED * self.strange - UNDONE * self.sketched, self.within & ~self.cropped
        same = choose(self.away, worth, n, whole & ~self.strange)
        if len(same) >= min(n, HANDFUL):
            return same
        return choose(self.away, worth, min(n, HANDFUL), whole) or choose(self.away, worth, n, self.within)

    def without(self, rows: np.ndarray) -> Tried:
        """The same, with these rows known to extend beyond the photo."""
        cropped = self.cropped.copy()
        cropped[rows] = True
        return replace(self, cropped=cropped)

    def choice(self, asked: int) -> Choice:
        """How the shown ones were chosen."""
        eligible = ~self.strange & ~self.sketched & ~self.cropped
        rows = front_of(self.change, self.gain, self.away, eligible)
        unseen = int((self.away[0, 1:] < FLOOR).sum())
        points = (FrontPoint(row, float(self.change[row]), float(self.gain[row]), self.pictures[row]) for row in rows)
        return Choice(asked, len(self.gain), int((~self.within).sum()), unseen, tuple(points))


def nothing_to_show(budget: float | None) -> NothingToShowError:
    """The error that says why nothing can be shown."""
    if budget is None:
        return NothingToShowError(UNSEEN)
    return NothingToShowError(OVER_BUDGET.format(budget=budget, more=2 * budget))


def drawn_candidates(base: Reconstruction, items: LikedItems, preset: Preset, runtime: Runtime) -> Shifted:
    """Redesigns to put on the photo, towards real items; with a budget, some go less far than others."""
    support, generator = preset.support, base.generator
    assert support is not None
    if preset.budget is None:
        return supported_candidates(generator, base.z, items, support, preset.candidates, runtime)
    each = -(-preset.candidates // len(NEARER))
    found = [
        supported_candidates(generator, base.z, items, replace(support, reach=share * support.reach), each, runtime)
        for share in NEARER
    ]
    return Shifted(torch.cat([one.shifts for one in found]), torch.cat([one.images for one in found]), 1.0)
