"""Controls: pictures that must not be believed, and the judges' scores of them.

A judge that sees a gain in an invisible pixel attack on the target is not independent of the target. A gain that
random shifts reach as well is not a gain.
"""

from __future__ import annotations

import torch
from torch import Tensor

from gigs.generator.latent import standardise
from gigs.verify.scorer import Scorer

ATTACK_STEP = 1 / 2550  # a tenth of an 8-bit level
ATTACK_STEPS = 200
ATTACK_BUDGET = 8 / 255  # largest change of a pixel: hardly visible


def pixel_attack(photo: Tensor, target: Scorer, gain: float, *, steps: int = ATTACK_STEPS) -> Tensor:
    """Projected gradient ascent on the photo's pixels until the target sees `gain`.

    It makes the least change that suffices: signed gradient steps of a tenth of an 8-bit level, within 8 levels, stop
    when the gain is reached (Madry et al. 2018; Liu & Larson's AIP attacks DVBPR this way).

    Args:
        photo: `[1,3,H,W]` in `[0,1]`.
        target: The scorer to fool.
        gain: The redesigns' gain, in z.
        steps: Largest number of steps.

    Returns:
        The attacked photo, `[1,3,H,W]` in `[0,1]`; with less gain if the budget does not suffice.
    """
    with torch.no_grad():
        goal = target.z(photo).item() + gain
    attacked = photo.clone()
    for _ in range(steps):
        pixels = attacked.detach().requires_grad_()
        score = target.z(pixels)
        if score.item() >= goal:
            break
        (gradient,) = torch.autograd.grad(score.sum(), pixels)
        moved = attacked + ATTACK_STEP * gradient.sign()
        attacked = torch.minimum(torch.maximum(moved, photo - ATTACK_BUDGET), photo + ATTACK_BUDGET).clamp(0, 1)
    return attacked.detach()


def random_shifts(z: Tensor, shifts: Tensor, rng: torch.Generator) -> Tensor:
    """Latent vectors `[n,D]` as far from z `[1,D]` as the redesigns' shifts `[n,D]`, in random directions."""
    directions = torch.randn(shifts.shape, generator=rng).to(z.device)
    directions = directions * (shifts.norm(dim=1) / directions.norm(dim=1))[:, None]
    return standardise(z + directions)
