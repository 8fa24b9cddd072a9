"""Redesigns of a reconstruction: shifted as the preset says, then ordered by the judges' gain."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from gigs.inversion.reconstruction import Reconstruction
from gigs.method.presets import Preset
from gigs.shifting.budget import Budget
from gigs.shifting.optimise import Preference, Shifted, shift
from gigs.shifting.supported import GOOD, OF_THE_KIND, REFUSED, Grade, LikedItems, supported_shift
from gigs.verify.objective import granted_worth, liking
from gigs.verify.panel import Panel
from gigs.vision.lpips import PerceptualLoss
from gigs.vision.runtime import Runtime

BACKGROUND = 0.05  # largest mean change of the frame's pixels, values in [0,1]: the backdrop must stay


def background_change(images: Tensor, base: Tensor) -> Tensor:
    """Mean absolute difference `[N]` to `base` `[1,3,R,R]` in a frame a twelfth of the side wide."""
    width = max(1, images.shape[-1] // 12)
    frame = torch.ones(images.shape[-2:], dtype=torch.bool, device=images.device)
    frame[width:-width, width:-width] = False
    return (images - base)[..., frame].abs().mean((1, 2))


def redesign(
    reconstruction: Reconstruction,
    preset: Preset,
    preference: Preference,
    panel: Panel | None,
    perceptual: PerceptualLoss,
    runtime: Runtime,
) -> tuple[Shifted, int]:
    """Redesigns of one product, not yet ordered, and how many candidates were dropped.

    Supported by real items (`shifting.supported`) if the preset asks for it and the panel knows some; otherwise by
    gradient (Algorithm 1).

    Args:
        reconstruction: What is redesigned.
        preset: Method and reach, and the objective by which real items are compared.
        preference: The target's score, for the gradient; it includes the objective.
        panel: For the audience.
        perceptual: LPIPS, for a preset with a budget.
        runtime: Precision, random numbers of the gradient's first shifts, and progress callback.
    """
    generator, photo, z = reconstruction.generator, reconstruction.photo, reconstruction.z
    with torch.no_grad():
        base = generator(z).float()
    budget = None if preset.budget is None else Budget(perceptual, base, preset.budget)
    if preset.support is None or panel is None or photo is None or generator.space != panel.gallery.space:
        shifted = shift(generator, z, preference, preset.shifting, runtime=runtime)
        return (shifted if budget is None else budget.hold(generator, z, shifted)), 0
    category, _ = product_of(panel, photo)
    items = LikedItems(
        panel.gallery.codes[panel.gallery.of_category(category)], liking(panel, category, photo, preset.objective)
    )
    grade = _grade(panel, photo, base, budget)
    found = supported_shift(generator, z, items, preset.support, grade=grade, runtime=runtime)
    return (found.shifted if budget is None else budget.hold(generator, z, found.shifted)), found.dropped


@torch.no_grad()
def product_of(panel: Panel, photo: Tensor) -> tuple[int, int]:
    """Category and family of the product on a photo `[1,3,R,R]`."""
    return panel.product(panel.category_of(photo)[1][0])


def _grade(panel: Panel, photo: Tensor, base: Tensor, budget: Budget | None) -> Grade:
    """Whether a candidate qualifies: same family, backdrop kept, and liked better."""
    _, family = product_of(panel, photo)
    with torch.no_grad():
        goal = panel.preference(photo)

    def grade(images: Tensor) -> Tensor:
        kept = (panel.family_of(images) == family) & (background_change(images, base) < BACKGROUND)
        if budget is not None:
            kept &= budget.kept(images)
        good = kept & (panel.preference(images) > goal)
        return torch.where(good, GOOD, torch.where(kept, OF_THE_KIND, REFUSED))

    return grade


@torch.no_grad()
def ranking(images: Tensor, scores: Tensor, panel: Panel | None, photo: Tensor | None, objective: str) -> Tensor:
    """Rows of redesigns `[n,3,R,R]`, best first, `[n]`.

    By the judges' gain in the objective or, without judges, by the target's scores `[n]`.
    """
    worth = scores if panel is None or photo is None else granted_worth(panel, images, photo, objective)
    return torch.argsort(worth, descending=True, stable=True)


def picked(shifted: Shifted, order: Tensor) -> Shifted:
    """The same redesigns in another order."""
    return replace(shifted, shifts=shifted.shifts[order], images=shifted.images[order])
