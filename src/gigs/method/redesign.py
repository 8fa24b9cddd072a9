"""The second half of a suggestion: shift in the way the preset says, and put in order by what can be believed."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from gigs.generator.base import Generator
from gigs.method.presets import Preset
from gigs.progress import OnStep, Step, silent
from gigs.shifting.budget import Budget
from gigs.shifting.optimise import Preference, Shifted, shift
from gigs.shifting.supported import GOOD, OF_THE_KIND, REFUSED, supported_shift
from gigs.verify.objective import MEAN, granted_worth, liking
from gigs.verify.panel import Panel
from gigs.verify.verification import Verification, verify
from gigs.vision.compute import Compute
from gigs.vision.lpips import PerceptualLoss

BACKGROUND = 0.05  # largest mean change of the frame's pixels, values in [0,1]: a backdrop is no part of the product


def background_change(images: Tensor, base: Tensor) -> Tensor:
    """Mean absolute difference `[N]` to `base` `[1,3,R,R]` in a frame a twelfth of the side wide."""
    width = max(1, images.shape[-1] // 12)
    frame = torch.ones(images.shape[-2:], dtype=torch.bool, device=images.device)
    frame[width:-width, width:-width] = False
    return (images - base)[..., frame].abs().mean((1, 2))


def redesign(
    generator: Generator,
    photo: Tensor | None,
    z: Tensor,
    preset: Preset,
    preference: Preference,
    panel: Panel | None,
    *,
    rng: torch.Generator,
    compute: Compute,
    on_step: OnStep,
    perceptual: PerceptualLoss | None = None,
    objective: str = MEAN,
) -> tuple[Shifted, int]:
    """Redesigns of one product, and how many candidates were dropped on the way.

    Supported by real items (`shifting.supported`) where the preset asks for it and there is a panel that knows some;
    by gradient (Algorithm 1) otherwise.

    Args:
        generator: Tuned to the photo or not.
        photo: `[1,3,R,R]` in `[0,1]`, or None for a sampled base.
        z: Of the reconstruction, `[1,D]`.
        preset: Which way, and how far.
        preference: The target's score, for the gradient.
        panel: For the audience.
        rng: Draws the gradient's first shifts.
        compute: Precision of drawing.
        on_step: Progress.
        perceptual: LPIPS, for a preset with a budget.
        objective: By which real items are liked better than others; `preference` has its own.
    """
    with torch.no_grad():
        base = generator(z).float()
    budget = None if preset.budget is None or perceptual is None else Budget(perceptual, base, preset.budget)
    if preset.support is None or panel is None or photo is None or generator.space != "z":
        shifted = shift(generator, z, preference, preset.shifting, rng=rng, compute=compute, on_step=on_step)
        return (shifted if budget is None else budget.hold(generator, z, shifted)), 0
    with torch.no_grad():
        own, family = panel.product(panel.category_of(photo)[1][0])
        goal = panel.preference(photo)

    def grade(images: Tensor) -> Tensor:
        kept = (panel.family_of(images) == family) & (background_change(images, base) < BACKGROUND)
        if budget is not None:
            kept &= budget.kept(images)
        good = kept & (panel.preference(images) > goal)
        return torch.where(good, GOOD, torch.where(kept, OF_THE_KIND, REFUSED))

    found = supported_shift(
        generator,
        z,
        panel.gallery.codes[panel.gallery.of_category(own)],
        liking(panel, own, photo, objective),
        preset.support,
        grade=grade,
        compute=compute,
        on_step=on_step,
    )
    return (found.shifted if budget is None else budget.hold(generator, z, found.shifted)), found.dropped


def checked(
    generator: Generator,
    perceptual: PerceptualLoss,
    photo: Tensor | None,
    base: Tensor,
    z: Tensor,
    found: Shifted,
    scores: Tensor,
    panel: Panel | None,
    dropped: int,
    seed: int,
    on_step: OnStep = silent,
    objective: str = MEAN,
) -> tuple[Shifted, Tensor, Verification | None]:
    """Redesigns in order, with their scores, and what the panel says of them.

    Best first: by the gain that the judges grant on the whole (in the objective), or by the target's score where there
    are none.
    """
    if panel is None or photo is None:
        order = torch.argsort(scores, descending=True, stable=True)
    else:
        granted = granted_worth(panel, found.images, photo, objective)
        order = torch.argsort(granted, descending=True, stable=True)
    found = replace(found, shifts=found.shifts[order], images=found.images[order])
    if panel is None or photo is None:
        return found, scores[order], None
    on_step(Step("checking the redesigns", 1, 2, images=found.images))
    said = verify(
        panel, generator, perceptual, photo, base, z + found.shifts, found.images, replaced=dropped, seed=seed
    )
    on_step(Step("checking the redesigns", 2, 2, images=found.images))
    return found, scores[order], said
