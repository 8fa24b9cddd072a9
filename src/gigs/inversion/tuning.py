"""Pivotal tuning (Roich et al. 2021): adapt a private copy of the generator until it draws this very photo.

Inversion finds the pivot, the nearest picture that the generator can draw. A small generator cannot draw prints,
buttons and unusual cuts at all. Tuning its weights around the pivot adds them and leaves the rest of the latent space
unchanged, so shifting works as before.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor

from gigs.errors import InputError, require_finite
from gigs.generator.base import Generator
from gigs.progress import Step
from gigs.vision.compute import Compute
from gigs.vision.lpips import PerceptualLoss
from gigs.vision.runtime import Runtime


@dataclass(frozen=True, kw_only=True)
class TuningSettings:
    """Pivotal tuning.

    `locality_*`: the regulariser (section 3.3 of the paper): every `locality_every` steps the copy is held to the
    original's picture at a random vector `locality_distance` away from the pivot (Euclidean; two random vectors of 512
    are 32 apart). `enough`: stop once LPIPS to the photo is below this.
    """

    steps: int = 150
    learning_rate: float = 2e-3
    lpips_weight: float = 1.0
    mse_weight: float = 1.0
    locality_weight: float = 1.0
    locality_every: int = 4
    locality_distance: float = 12.0
    enough: float = 0.02

    def __post_init__(self) -> None:
        require_finite(self, "tuning")
        if not 0 <= self.steps <= 10_000 or self.locality_every < 1:
            raise InputError(f"tuning steps must be from 0 to 10,000, not {self.steps}; locality_every at least 1")
        weights = (self.lpips_weight, self.mse_weight, self.locality_weight, self.locality_distance, self.enough)
        if self.learning_rate <= 0 or min(weights) < 0:
            raise InputError("tuning needs a positive learning rate and no negative weight or distance")


def tune(
    generator: Generator,
    z: Tensor,
    photo: Tensor,
    perceptual: PerceptualLoss,
    settings: TuningSettings,
    runtime: Runtime,
) -> Generator:
    """A frozen copy of the generator that draws `photo` at `z`; the original is not touched. The best weights are kept.

    Args:
        generator: Any family.
        z: The pivot `[1,D]`; not changed.
        photo: `[1,3,R,R]` in `[0,1]`.
        perceptual: LPIPS; the loss is LPIPS + MSE as in the inversion.
        settings: Steps, rate, regulariser.
        runtime: Precision, the regulariser's random vectors, and the progress callback, which receives the losses.

    Raises:
        InputError: z or photo is more than one row.
    """
    if len(z) != 1 or len(photo) != 1:
        raise InputError(f"tuning takes one photo and its latent vector, not {len(photo)} and {len(z)}")
    compute, rng = runtime.compute, runtime.random()
    own = copy.deepcopy(generator).requires_grad_(True)
    optimiser = torch.optim.Adam(own.parameters(), lr=settings.learning_rate, fused=photo.device.type != "mps")
    target = perceptual.target(photo)
    best, kept = float("inf"), _weights(own)
    for step in range(settings.steps + 1):  # the last pass only evaluates the last step
        near = _near(z, generator.sample(1, rng).to(z.device), settings.locality_distance)
        last = step == settings.steps
        regularised = settings.locality_weight > 0 and step % settings.locality_every == 0 and not last
        with compute.autocast():
            drawn = own(torch.cat([z, near]) if regularised else z).float()
            lpips = perceptual.distance_to(target, drawn[:1]).float()[0]
        mse = (drawn[:1] - photo).square().mean()
        loss = settings.lpips_weight * lpips + settings.mse_weight * mse
        if loss.item() < best:
            best, kept = loss.item(), _weights(own)
        done = last or lpips.item() < settings.enough
        values = {"lpips": lpips.item(), "mse": mse.item()}
        runtime.on_step(Step("keeping its details", settings.steps if done else step, settings.steps, values))
        if done:
            break
        if regularised:
            loss = loss + settings.locality_weight * _drift(generator, near, drawn[1:], perceptual, compute)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        for parameter, value in zip(own.parameters(), kept, strict=True):
            parameter.copy_(value)
    return own.freeze()


def _weights(generator: Generator) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in generator.parameters()]


def _near(z: Tensor, other: Tensor, distance: float) -> Tensor:
    """The vector `distance` away from `z` towards `other` (Eq. 4 of the paper)."""
    direction = other - z
    return z + distance * direction / direction.norm().clamp_min(1e-8)


def _drift(original: Generator, z: Tensor, drawn: Tensor, perceptual: PerceptualLoss, compute: Compute) -> Tensor:
    """LPIPS + MSE between the pictures of the copy and of the original (Eq. 5 of the paper)."""
    with torch.no_grad(), compute.autocast():
        wanted = original(z).float()
    with compute.autocast():
        lpips = perceptual.distance_to(perceptual.target(wanted), drawn).float()[0]
    return lpips + (drawn - wanted).square().mean()
