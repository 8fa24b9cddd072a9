"""Redesigns on the seller's own photo: what the generator changed, done to the photo's own pixels.

What is shown is what counts: candidates are transferred first, and only then scored, chosen and judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from gigs.inversion.reconstruction import Reconstruction
from gigs.method.presets import Preset
from gigs.method.product import Product
from gigs.method.redesign import product_of, redesign
from gigs.progress import Step
from gigs.shifting.budget import Budget
from gigs.shifting.optimise import Preference, Shifted
from gigs.shifting.separation import COARSE, Repulsion
from gigs.shifting.supported import LikedItems, supported_candidates
from gigs.transfer import (
    Canvas,
    Change,
    CutOut,
    FitSettings,
    apply_change,
    apply_changes,
    canvas_of,
    colourways,
    fit_change,
    mean_colour,
)
from gigs.transfer.region import region_of
from gigs.verify.objective import liking, target_worth
from gigs.verify.panel import Panel
from gigs.vision.images import fit_square, to_tensor
from gigs.vision.lpips import PerceptualLoss
from gigs.vision.runtime import Runtime

SKETCH = 0.6  # residual above which too much of the change is left undone: the picture is called a sketch
REFUSED, UNDONE = 1e3, 1e2  # less worth, in z: another kind of product; a sketch
MARGINS = (0.16, 0.13, 0.1, 0.08, 0.06, 0.045, 0.03)  # root mean square differences of coarse pictures
ROUGH_FIT = FitSettings(steps=15)  # enough to choose candidates by; the chosen are fitted again
SMALL = 2  # sides of the square: size at which candidates are looked at before the chosen ones are made at full size
HELD = 64_000_000  # pixels of finished pictures that are held; of larger photos they are made again when asked for


@dataclass(frozen=True)
class Rendering:
    """Redesigns as they are shown.

    Attributes:
        images: What scorers, judges and words go by, squares `[n,3,R,R]` in `[0,1]`.
        changes: What was done to the photo, one a redesign; None where the generator's drawings are shown.
        canvas: The photo.
        held: Finished pictures, uint8 `[H,W,3]`.
        cutouts: Where the product is in the squares of the photo and of each redesign, bool `[1+n,R,R]`.
    """

    images: Tensor
    changes: tuple[Change, ...] | None = None
    canvas: Canvas | None = None
    held: tuple[np.ndarray, ...] | None = None
    cutouts: np.ndarray | None = None

    @property
    def on_photo(self) -> bool:
        """Whether the seller's own photo is shown."""
        return self.changes is not None

    def picked(self, order: Sequence[int]) -> Rendering:
        """The same in another order."""
        return Rendering(
            self.images[list(order)],
            None if self.changes is None else tuple(self.changes[row] for row in order),
            self.canvas,
            None if self.held is None else tuple(self.held[row] for row in order),
            None if self.cutouts is None else self.cutouts[[0, *(row + 1 for row in order)]],
        )

    def residual(self, row: int) -> float | None:
        """Share of a redesign's change that is left undone; None where the drawing is shown."""
        return None if self.changes is None else float(self.changes[row].residual[0])

    def picture(self, row: int) -> np.ndarray:
        """A redesign at the photo's own size, uint8 `[H,W,3]`."""
        assert self.changes is not None and self.canvas is not None
        return self.held[row] if self.held is not None else apply_change(self.canvas, self.changes[row])


class OnPhoto:
    """A photo that redesigns are put on.

    Args:
        product: With its photo and cut-out.
        side: Of the generator's square.
    """

    def __init__(self, product: Product, side: int) -> None:
        assert product.pixels is not None and product.cutout is not None and product.fit is not None
        self._pixels, self._cutout, self._fit = product.pixels, product.cutout, product.fit
        region = region_of(product.keep.region, product.cutout)
        still = region is not None and region.touches  # what does not move cannot stay joined to what does
        self._keep, self._side = replace(product.keep, shape=True) if still else product.keep, side

    @cached_property
    def _canvas(self) -> Canvas:
        return canvas_of(self._pixels, self._cutout, self._fit)

    @cached_property
    def _small(self) -> Canvas:
        """The photo reduced: enough to score a candidate by."""
        picture = Image.fromarray(self._pixels)
        picture.thumbnail((SMALL * self._side, SMALL * self._side), Image.Resampling.BICUBIC)
        width, height = picture.size
        cutout = replace(
            self._cutout,
            alpha=_resized(self._cutout.alpha, width, height),
            person=None if self._cutout.person is None else _resized(self._cutout.person, width, height),
            width=width,
            height=height,
        )
        return canvas_of(np.asarray(picture), cutout, fit_square(picture, self._side)[1])

    def fitted(self, base: Tensor, drawn: Tensor, settings: FitSettings | None = None) -> Change:
        """The changes from a reconstruction `[1,3,R,R]` to its redesigns `[n,3,R,R]`."""
        product = self._cutout.in_square(self._fit, self._side)
        return fit_change(base.cpu(), drawn.cpu(), product=product, keep=self._keep, settings=settings)

    def looks(self, change: Change) -> Tensor:
        """How the redesigns would look, as squares `[n,3,R,R]`."""
        keep = replace(self._keep, region=_reduced(self._keep.region, self._small.cutout))
        return self._squares(apply_changes(self._small, replace(change, keep=keep)))

    def coloured(self, lab: np.ndarray, *, small: bool = False) -> np.ndarray:
        """The product in one CIELAB colour `[3]`, uint8 `[H,W,3]`; small: reduced, enough to score it by."""
        canvas, keep = (self._small, None) if small else (self._canvas, self._keep)
        return colourways(canvas, [lab], keep=keep)[0]

    def colour(self, picture: np.ndarray | None = None) -> np.ndarray:
        """Mean CIELAB `[3]` of the product, in the photo or in a picture of its size."""
        return mean_colour(self._canvas, picture)

    def squares(self, pictures: Sequence[np.ndarray]) -> Tensor:
        """Pictures as they are scored, `[n,3,R,R]`."""
        return self._squares(pictures)

    def rendered(self, change: Change) -> Rendering:
        """Redesigns at the photo's own size."""
        changes = tuple(change.one(row) for row in range(len(change)))
        hold = self._pixels.shape[0] * self._pixels.shape[1] * len(changes) <= HELD
        if hold:
            held = tuple(apply_changes(self._canvas, change))
            squares = self._squares(held)
        else:
            held = None
            squares = torch.cat([self._squares([apply_change(self._canvas, one)]) for one in changes])
        return Rendering(squares, changes, self._canvas, held, self._cutouts(changes))

    def _cutouts(self, changes: Sequence[Change]) -> np.ndarray:
        """Where the product is in the squares of the photo and of its redesigns, bool `[1+n,R,R]`."""
        alpha = self._cutout.in_square(self._fit, self._side)
        centres = (torch.arange(self._side) + 0.5) / self._side
        places = torch.cat([one.warp.at(centres, centres) for one in changes])
        moved = F.grid_sample(alpha.expand(len(changes), -1, -1, -1), 2 * places - 1, align_corners=False)
        return (torch.cat([alpha, moved])[:, 0] > 0.5).numpy()

    def redesigned(
        self,
        base: Reconstruction,
        preset: Preset,
        preference: Preference,
        panel: Panel | None,
        perceptual: PerceptualLoss,
        runtime: Runtime,
    ) -> tuple[Shifted, Rendering, int]:
        """Redesigns of the product on its own photo, and how many candidates left its category.

        Args:
            base: The photo's reconstruction.
            preset: How many candidates, how far, and by which objective.
            preference: The target's score, for shifts by gradient.
            panel: For the audience; without one the shifts are by gradient and all of them are shown.
            perceptual: LPIPS, for a preset with a budget; it is held by what is shown, against the photo.
            runtime: Precision, random numbers, and who is told of the steps.
        """
        photo, support = base.photo, preset.support
        assert photo is not None
        if support is None or panel is None or base.generator.space != "z":
            shifted, dropped = redesign(base, replace(preset, budget=None), preference, panel, perceptual, runtime)
            change = self.fitted(base.image, shifted.images)
            return shifted, self.rendered(change), dropped
        category, family = product_of(panel, photo)
        items = LikedItems(
            panel.gallery.codes[panel.gallery.of_category(category)], liking(panel, category, photo, preset.objective)
        )
        candidates = supported_candidates(base.generator, base.z, items, support, preset.candidates, runtime)
        runtime.on_step(Step("redesigning", 1, 3))
        change = self.fitted(base.image, candidates.images, ROUGH_FIT)
        looks = self.looks(change).to(photo.device)
        with torch.no_grad():
            allowed = panel.family_of(looks) == family
            dropped = int((~allowed).sum())
            if preset.budget is not None:
                allowed &= Budget(perceptual, photo, preset.budget).kept(looks)
            worth = target_worth(panel, looks, photo, preset.objective)
            worth -= REFUSED * (~allowed).to(worth) + UNDONE * (change.residual.to(worth) > SKETCH).to(worth)
        chosen = choose(looks, worth, support.n)
        runtime.on_step(Step("redesigning", 2, 3, images=looks[chosen]))
        rendering = self.rendered(self.fitted(base.image, candidates.images[chosen]))
        runtime.on_step(Step("redesigning", 3, 3, images=rendering.images))
        shifts, images = candidates.shifts[chosen], candidates.images[chosen]
        distinct = Repulsion(support.margin).distinct(rendering.images)
        return Shifted(shifts, images, distinct), rendering, dropped

    def _squares(self, pictures: Sequence[np.ndarray]) -> Tensor:
        squares = [fit_square(Image.fromarray(picture), self._side)[0] for picture in pictures]
        return to_tensor(np.stack(squares))


def drawn(
    base: Reconstruction,
    preset: Preset,
    preference: Preference,
    panel: Panel | None,
    perceptual: PerceptualLoss,
    runtime: Runtime,
) -> tuple[Shifted, Rendering, int]:
    """Redesigns as the generator draws them; arguments and returns as `OnPhoto.redesigned`."""
    shifted, dropped = redesign(base, preset, preference, panel, perceptual, runtime)
    return shifted, Rendering(shifted.images), dropped


def choose(images: Tensor, worth: Tensor, n: int) -> list[int]:
    """Rows of n worthy pictures `[N,3,R,R]`, the worthiest first, as different from one another as can be had.

    Those that are worth more than nothing are gone through with ever smaller margins, until n of them are apart by one;
    only where they are too few do others fill the number.

    Args:
        images: In `[0,1]`.
        worth: `[N]`, above 0 where a picture is liked better than the photo.
        n: How many.
    """
    coarse = F.adaptive_avg_pool2d(images, COARSE).flatten(1)
    away = (coarse[:, None] - coarse[None]).square().mean(2).sqrt()
    ranked = torch.argsort(worth, descending=True, stable=True).tolist()
    worthy = [row for row in ranked if worth[row] > 0]
    worthy += [row for row in ranked if row not in worthy][: max(0, n - len(worthy))]
    for margin in (*MARGINS, 0.0):
        chosen: list[int] = []
        for row in worthy:
            if len(chosen) < n and all(away[row, other] >= margin for other in chosen):
                chosen.append(row)
        if len(chosen) == n:
            break
    return chosen


def _reduced(region: np.ndarray | None, cutout: CutOut) -> np.ndarray | None:
    """A region at the size of a reduced photo."""
    if region is None:
        return None
    return np.asarray(Image.fromarray(region).resize((cutout.width, cutout.height), Image.Resampling.NEAREST))


def _resized(alpha: np.ndarray, width: int, height: int) -> np.ndarray:
    return np.asarray(Image.fromarray(alpha).resize((width, height), Image.Resampling.BOX))
