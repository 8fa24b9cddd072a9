"""One photo, end to end: invert it, shift it, score what came out. No files, no network, no printing."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gigs.audience import Audience
from gigs.compute import Compute
from gigs.errors import InputError, ModelError
from gigs.generator.base import Generator
from gigs.inversion.optimise import Inversion, describe, invert
from gigs.perceptual import PerceptualLoss
from gigs.presets import Preset
from gigs.progress import OnStep, silent
from gigs.recommender import Recommender
from gigs.shifting.optimise import Shifted, shift


@dataclass(frozen=True)
class Models:
    """The frozen networks of a run, on one device."""

    generator: Generator
    recommender: Recommender
    perceptual: PerceptualLoss

    def to(self, device: str) -> Models:
        """The same models, moved."""
        return Models(self.generator.to(device), self.recommender.to(device), self.perceptual.to(device))


@dataclass(frozen=True)
class Suggestions:
    """What `suggest` found for one product.

    `photo` is `[1,3,R,R]`, the photo at the generator's resolution, or None where the base was sampled; `scores` are
    theta^T phi (Eq. 1); `lpips_to_base` compares each suggestion with the reconstruction. Suggestions are in order of
    their score, best first.
    """

    photo: Tensor | None
    photo_score: float | None
    base: Inversion
    base_score: float
    shifted: Shifted
    scores: Tensor
    lpips_to_base: Tensor
    seconds: dict[str, float]


def suggest(
    models: Models,
    photo: Tensor | None,
    audience: Audience,
    preset: Preset,
    *,
    seed: int = 0,
    compute: Compute | None = None,
    on_step: OnStep = silent,
) -> Suggestions:
    """Redesigns of one product that an audience would prefer (Algorithm 1).

    Args:
        models: Generator, recommender and LPIPS, frozen.
        photo: `[1,3,R,R]` in `[0,1]` at the generator's resolution; None samples a base latent vector instead (the
            paper's global mode).
        audience: Whom to please; its mean taste vector costs what one user's costs.
        preset: Settings of both loops.
        seed: Same seed, same bytes on the CPU, whatever else ran before.
        compute: Precision and layout of both loops; scores are always computed in fp32.
        on_step: Progress.

    Raises:
        InputError: The audience's vector does not belong to this recommender.
    """
    compute = compute or Compute()
    if audience.theta.shape != (models.recommender.feature_count,):
        raise InputError(
            f"audience {audience.name!r} has a taste vector of {tuple(audience.theta.shape)}, the recommender works "
            f"with {models.recommender.feature_count} factors: they are not from the same training"
        )
    rng = torch.Generator().manual_seed(seed)
    theta = audience.theta.to(device=compute.device, dtype=torch.float32)
    started = time.perf_counter()
    base = _base(models, photo, preset, rng, compute, on_step)
    inverted = time.perf_counter()

    def preference(images: Tensor) -> Tensor:
        return models.recommender.score(images, theta)

    found = shift(models.generator, base.z, preference, preset.shifting, rng=rng, compute=compute, on_step=on_step)
    with torch.no_grad():
        scores = preference(found.images)
        order = torch.argsort(scores, descending=True, stable=True)
        found = replace(found, shifts=found.shifts[order], images=found.images[order])
        near = models.perceptual.distance_to(models.perceptual.target(base.images), found.images)
        photo_score = None if photo is None else preference(photo.to(compute.device)).item()
        base_score = preference(base.images).item()
    if not torch.isfinite(scores).all():
        raise ModelError("a score is not finite: generator or recommender holds damaged weights; load them again")
    finished = time.perf_counter()
    seconds = {"inversion": inverted - started, "shifting": finished - inverted, "total": finished - started}
    return Suggestions(photo, photo_score, base, base_score, found, scores[order], near, seconds)


def _base(
    models: Models,
    photo: Tensor | None,
    preset: Preset,
    rng: torch.Generator,
    compute: Compute,
    on_step: OnStep,
) -> Inversion:
    """The base latent vector: inverted from the photo, or sampled."""
    if photo is not None:
        return invert(
            models.generator,
            photo.to(compute.device),
            models.perceptual,
            preset.inversion,
            rng=rng,
            compute=compute,
            on_step=on_step,
        )
    z = models.generator.sample(1, rng).to(compute.device)
    with torch.no_grad():
        return describe(models.generator, models.generator(z), models.perceptual, z)
