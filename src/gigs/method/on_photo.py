"""Redesigns on the seller's own photo: the generator's changes, applied to the photo's own pixels.

Candidates are transferred first and only then scored, chosen and judged, because what is shown is what counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from gigs.inversion.reconstruction import Reconstruction
from gigs.method.candidates import Tried, Within, drawn_candidates, nothing_to_show
from gigs.method.choice import distinct_rows
from gigs.method.distinct import apart, grows_out, seen_of
from gigs.method.presets import Preset
from gigs.method.product import Product
from gigs.method.redesign import product_of, redesign
from gigs.method.reduced import reduced, reduced_region
from gigs.method.rendering import SKETCH, Rendering
from gigs.method.undone import allowed_residual, in_square
from gigs.progress import Step
from gigs.shifting.optimise import Preference, Shifted
from gigs.shifting.supported import LikedItems
from gigs.transfer import (
    Canvas,
    Change,
    FitSettings,
    apply_change,
    apply_changes,
    canvas_of,
    colourways,
    fit_change,
    mean_colour,
)
from gigs.transfer.pair import pair_of
from gigs.transfer.region import region_of
from gigs.verify.objective import liking, target_worth
from gigs.verify.panel import Panel
from gigs.vision.images import fit_square, to_tensor
from gigs.vision.lpips import PerceptualLoss
from gigs.vision.runtime import Runtime

ROUGH_FIT = FitSettings(steps=15)  # enough to choose candidates; the chosen ones are fitted again
FAINT = 0.15  # of a cut-out, for a strap that is thinner than the square's pixels
AGAIN = (
    3  # how often candidates are chosen at most, since some extend beyond the photo only once they are fitted closely
)
HELD = 64_000_000  # pixels of finished pictures kept in memory; larger pictures are made again on demand


class OnPhoto:
    """A photo that redesigns are put on.

    Args:
        product: The product with its photo and cut-out.
        side: Side of the generator's square.
    """

    def __init__(self, product: Product, side: int) -> None:
        assert product.pixels is not None and product.cutout is not None and product.fit is not None
        self._pixels, self._cutout, self._fit = product.pixels, product.cutout, product.fit
        region = region_of(product.keep.region, product.cutout)
        still = region is not None and region.touches  # a part that does not move cannot stay joined to one that does
        self._keep, self._side = replace(product.keep, shape=True) if still else product.keep, side

    @cached_property
    def _ahead(self) -> Future[Canvas]:
        """The photo's canvas, computed on its own thread while redesigns are drawn and fitted."""
        pool = ThreadPoolExecutor(1)
        try:
            return pool.submit(canvas_of, self._pixels, self._cutout, self._fit)
        finally:
            pool.shutdown(wait=False)

    @property
    def _canvas(self) -> Canvas:
        return self._ahead.result()

    @cached_property
    def _small(self) -> Canvas:
        """The photo, reduced to the size at which candidates are scored."""
        return reduced(self._pixels, self._cutout, self._side)

    def fitted(self, base: Tensor, drawn: Tensor, settings: FitSettings | None = None) -> Change:
        """The changes from a reconstruction `[1,3,R,R]` to its redesigns `[n,3,R,R]`.

        Their residual counts only what was allowed to change.
        """
        product, keep = self._cutout.in_square(self._fit, self._side), self._keep
        base, drawn, settings = base.cpu().float(), drawn.cpu().float(), settings or FitSettings()
        change = fit_change(base, drawn, product=product, keep=keep, settings=settings)
        if not keep.names:
            return change
        pair = pair_of(base, drawn, product, settings.side)
        region = None if keep.region is None else in_square(keep.region, self._fit, len(pair.centres))
        return replace(change, residual=allowed_residual(pair, change, keep, region))

    def small(self, change: Change) -> list[np.ndarray]:
        """The redesigns on the photo reduced, uint8 `[h,w,3]` each, which is enough to choose among them."""
        keep = replace(self._keep, region=reduced_region(self._keep.region, self._small.cutout))
        return apply_changes(self._small, replace(change, keep=keep))

    def coloured(self, labs: Sequence[np.ndarray], *, small: bool = False) -> list[np.ndarray]:
        """The product in CIELAB colours `[3]`, uint8 `[H,W,3]` each; small: reduced, which is enough for scoring."""
        canvas, keep = (self._small, None) if small else (self._canvas, self._keep)
        return colourways(canvas, labs, keep=keep)

    def colour(self, picture: np.ndarray | None = None) -> np.ndarray:
        """Mean CIELAB `[3]` of the product, in the photo or in a picture of its size."""
        return mean_colour(self._canvas, picture)

    def squares(self, pictures: Sequence[np.ndarray]) -> Tensor:
        """Pictures as they are scored, `[n,3,R,R]`."""
        return self._squares(pictures)

    def rendered(self, change: Change) -> Rendering:
        """Redesigns at the photo's own size."""
        changes = _each(change)
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
        return self._alphas(changes) > 0.5

    def _alphas(self, changes: Sequence[Change]) -> np.ndarray:
        """The cut-out in the squares of the photo and of its redesigns, float `[1+n,R,R]`."""
        alpha = self._cutout.in_square(self._fit, self._side)
        centres = (torch.arange(self._side) + 0.5) / self._side
        places = torch.cat([one.warp.at(centres, centres) for one in changes])
        moved = F.grid_sample(alpha.expand(len(changes), -1, -1, -1), 2 * places - 1, align_corners=False)
        return torch.cat([alpha, moved])[:, 0].numpy()

    def redesigned(
        self,
        base: Reconstruction,
        preset: Preset,
        preference: Preference,
        panel: Panel | None,
        perceptual: PerceptualLoss,
        runtime: Runtime,
    ) -> tuple[Shifted, Rendering, int]:
        """Redesigns of the product on its own photo, and the number of candidates that left its category.

        Args:
            base: The photo's reconstruction.
            preset: How many candidates, how far, and by which objective.
            preference: The target's score, for shifts by gradient.
            panel: For the audience; without one the shifts are by gradient, which has no more of them than are asked
                for, and all of them are shown that are within the budget.
            perceptual: LPIPS, for the budget; it is held by what is shown, against the photo.
            runtime: Precision, random numbers and progress callback.

        Raises:
            NothingToShowError: No redesign differs visibly from the photo, or none is within the budget.
        """
        photo, support = base.photo, preset.support
        assert photo is not None
        within = Within(perceptual, photo, preset.budget)
        _ = self._ahead
        if support is None or panel is None or base.generator.space != panel.gallery.space:
            shifted, dropped = redesign(base, replace(preset, budget=None), preference, panel, perceptual, runtime)
            rendering = self.rendered(self.fitted(base.image, shifted.images))
            rows = torch.nonzero(within.kept(rendering.images)).flatten().tolist()
            if not rows:
                raise nothing_to_show(within.most)
            return _picked(shifted, rows, shifted.distinct), rendering.picked(rows), dropped
        category, family = product_of(panel, photo)
        items = LikedItems(
            panel.gallery.codes[panel.gallery.of_category(category)], liking(panel, category, photo, preset.objective)
        )
        candidates = drawn_candidates(base, items, preset, runtime)
        runtime.on_step(Step("redesigning", 1, 3))
        tried = self._tried(base, candidates.images, panel, family, preset.objective, within)
        chosen, tried, change = self._chosen(base, candidates.images, tried, support.n)
        if change is None:
            raise nothing_to_show(preset.budget)
        runtime.on_step(Step("redesigning", 2, 3, images=tried.looks[chosen]))
        rendering = self.rendered(change)
        kept, rendering = self._shown(replace(rendering, candidates=tuple(chosen)), within)
        runtime.on_step(Step("redesigning", 3, 3, images=rendering.images))
        rows = [chosen[row] for row in kept]
        shown = replace(rendering, choice=tried.choice(support.n))
        return _picked(candidates, rows), shown, int(tried.strange.sum())

    def _tried(
        self, base: Reconstruction, drawn: Tensor, panel: Panel, family: int, objective: str, within: Within
    ) -> Tried:
        """The candidates' drawings `[N,3,R,R]` on the reduced photo, and their worth."""
        photo = within.photo
        change = self.fitted(base.image, drawn, ROUGH_FIT)
        pictures = self.small(change)
        looks = self.squares(pictures).to(photo.device)
        with torch.no_grad():
            strange = (panel.family_of(looks) != family).cpu().numpy()
        gain = target_worth(panel, looks, photo, objective).cpu().numpy()
        sketched = (change.residual > SKETCH).numpy()
        alphas = self._alphas(_each(change))
        cropped = grows_out(alphas > FAINT, self._fit)
        distance = within.needed(looks, ~strange & ~sketched & ~cropped & (gain > 0))
        return Tried(
            looks=looks,
            pictures=pictures,
            away=_away(photo, looks, alphas > 0.5),
            gain=gain,
            change=distance,
            within=np.full(len(looks), True) if within.most is None else distance <= within.most,
            strange=strange,
            sketched=sketched,
            cropped=cropped,
        )

    def _chosen(
        self, base: Reconstruction, drawn: Tensor, tried: Tried, n: int
    ) -> tuple[list[int], Tried, Change | None]:
        """Rows of at most n candidates, what is known of all by then, and the chosen ones' close fit; None for none.

        A close fit is larger than the rough one where a redesign outgrows the photo, so others take such ones' places.
        """
        for _ in range(AGAIN):
            chosen = tried.chosen(n)
            if not chosen:
                return chosen, tried, None
            change = self.fitted(base.image, drawn[chosen])
            out = self._cropped(_each(change)) & ~tried.cropped[chosen]
            if not out.any():
                break
            tried = tried.without(np.array(chosen)[out])
        return chosen, tried, change

    def _cropped(self, changes: Sequence[Change]) -> np.ndarray:
        """Which redesigns extend beyond the photo, bool `[n]`."""
        return grows_out(self._alphas(changes) > FAINT, self._fit)

    def _shown(self, rendering: Rendering, within: Within) -> tuple[list[int], Rendering]:
        """Rows of redesigns that, when finished, keep the budget and differ from the photo and one another; and these.

        Raises:
            NothingToShowError: There are none.
        """
        rows = torch.nonzero(within.kept(rendering.images)).flatten().tolist()
        allowed = rendering.picked(rows)
        away = _away(within.photo, allowed.images, allowed.cutouts)
        kept = [rows[row] for row in distinct_rows(away)]
        if not kept:
            raise nothing_to_show(within.most)
        return kept, rendering.picked(kept)

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


def _away(photo: Tensor, images: Tensor, cutouts: np.ndarray | None) -> np.ndarray:
    """How far pictures are apart, the photo first, `[1+N,1+N]`."""
    return apart(seen_of(torch.cat([photo.cpu(), images.cpu()]), cutouts))


def _each(change: Change) -> tuple[Change, ...]:
    return tuple(change.one(row) for row in range(len(change)))


def _picked(found: Shifted, rows: list[int], distinct: float = 1.0) -> Shifted:
    """A subset of the redesigns; `distinct`: the share of them that differ."""
    return Shifted(found.shifts[rows], found.images[rows], distinct)
