"""One photo, end to end: invert it, tune to it, shift it, score what came out. No files, no network, no printing."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gigs.audience import Audience
from gigs.errors import InputError, ModelError
from gigs.generator.base import Generator
from gigs.inversion.encoder import Encoder, check_pair
from gigs.inversion.gate import Gate, RefusedError, Verdict
from gigs.inversion.optimise import Inversion, InversionSettings, describe, invert
from gigs.inversion.starts import choose_start
from gigs.inversion.tuning import tune
from gigs.method.presets import Preset
from gigs.method.redesign import checked, redesign
from gigs.progress import OnStep, silent
from gigs.recommender import Recommender
from gigs.shifting.optimise import Preference, Shifted
from gigs.verify.objective import MEAN, preference_for
from gigs.verify.panel import Panel
from gigs.verify.verification import Verification
from gigs.vision.compute import Compute
from gigs.vision.lpips import PerceptualLoss


@dataclass(frozen=True)
class Models:
    """The frozen networks of a run, on one device."""

    generator: Generator
    recommender: Recommender
    perceptual: PerceptualLoss
    encoder: Encoder | None = None

    def __post_init__(self) -> None:
        if self.encoder is not None:
            check_pair(self.encoder, self.generator)

    def placed(self, compute: Compute) -> Models:
        """The same models on a device; generator and encoder in the chosen layout."""
        encoder = None if self.encoder is None else compute.place(self.encoder)
        return Models(
            compute.place(self.generator),  # type: ignore[arg-type]
            self.recommender.to(compute.device),
            self.perceptual.to(compute.device),
            encoder,  # type: ignore[arg-type]
        )


@dataclass(frozen=True)
class Suggestions:
    """What `suggest` found for one product.

    `photo` is `[1,3,R,R]`, the photo at the generator's resolution, or None where the base was sampled; `scores` are
    theta^T phi (Eq. 1); `lpips_to_base` compares each suggestion with the reconstruction. `pivot` is what inversion
    found before the generator was tuned to the photo, and `base` itself where it was not. `verdict` is the gate's, None
    where there is no gate or no photo; `verification` is the panel's, with the same exceptions. Suggestions are in the
    order of what the judges grant, or of their score where there are none, best first.
    """

    photo: Tensor | None
    photo_score: float | None
    pivot: Inversion
    verdict: Verdict | None
    base: Inversion
    base_score: float
    shifted: Shifted
    scores: Tensor
    lpips_to_base: Tensor
    seconds: dict[str, float]
    verification: Verification | None = None
    objective: str = MEAN


def suggest(
    models: Models,
    photo: Tensor | None,
    audience: Audience,
    preset: Preset,
    *,
    seed: int = 0,
    compute: Compute | None = None,
    gate: Gate | None = None,
    panel: Panel | None = None,
    force: bool = False,
    objective: str = MEAN,
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
        gate: Judges the reconstruction before anything is built on it.
        panel: Checks the redesigns, and knows real items that support them.
        force: Go on with a photo that the gate refuses.
        objective: What to raise for the audience (`verify.objective`); scores that are reported are the mean's.
        on_step: Progress.

    Raises:
        InputError: The audience's vector does not belong to this recommender, or the preset starts from an encoder
            and there is none.
        RefusedError: The gate refuses the photo.
    """
    compute = compute or Compute()
    if audience.theta.shape != (models.recommender.feature_count,):
        raise InputError(
            f"audience {audience.name!r} has a taste vector of {tuple(audience.theta.shape)}, the recommender works "
            f"with {models.recommender.feature_count} factors: they are not from the same training"
        )
    rng = torch.Generator().manual_seed(seed)
    if audience.sample is None and not models.recommender.is_linear:
        raise InputError(
            f"audience {audience.name!r} is a mean, and this recommender's score is not linear: sample users"
        )
    theta = audience.theta if audience.sample is None else audience.sample
    theta = theta.to(device=compute.device, dtype=torch.float32)
    started = time.perf_counter()
    pivot = reconstruct(models, photo, preset, rng=rng, compute=compute, on_step=on_step)
    verdict = None if gate is None or photo is None else graded(models, gate, photo, pivot, preset)
    if verdict is not None and verdict.grade == "refused" and not force:
        raise RefusedError(verdict.words)
    inverted = time.perf_counter()
    generator, base = _tuned(models, photo, pivot, preset, rng, compute, on_step)
    tuned = time.perf_counter()

    def preference(images: Tensor) -> Tensor:
        scores = models.recommender.score(images, theta)
        return scores if theta.ndim == 1 else scores.mean(dim=1)

    photo = None if photo is None else photo.to(compute.device)
    raised: Preference = preference
    if objective != MEAN:
        before, unit = (base.images if photo is None else photo), (1.0 if panel is None else panel.target.taste.spread)
        raised = preference_for(objective, models.recommender, theta, audience.covariance, before, unit)
    found, dropped = redesign(
        generator, photo, base.z, preset, raised, panel, rng=rng, compute=compute, on_step=on_step,
        perceptual=models.perceptual, objective=objective,
    )  # fmt: skip
    shifted = time.perf_counter()
    with torch.no_grad():
        scores = preference(found.images)
        if not torch.isfinite(scores).all():
            raise ModelError("a score is not finite: generator or recommender holds damaged weights; load them again")
        found, scores, verification = checked(
            generator, models.perceptual, photo, base.images, base.z, found, scores, panel if preset.check else None,
            dropped, seed, on_step, objective,
        )  # fmt: skip
        near = models.perceptual.distance_to(models.perceptual.target(base.images), found.images)
        photo_score = None if photo is None else preference(photo).item()
        base_score = preference(base.images).item()
    seconds = {
        "inversion": inverted - started,
        "tuning": tuned - inverted,
        "shifting": shifted - tuned,
        "verification": time.perf_counter() - shifted,
    }
    seconds["total"] = sum(seconds.values())
    return Suggestions(
        photo, photo_score, pivot, verdict, base, base_score, found, scores, near, seconds, verification, objective
    )


@torch.no_grad()
def graded(models: Models, gate: Gate, photo: Tensor, pivot: Inversion, preset: Preset) -> Verdict:
    """The gate's verdict on a reconstruction, before any tuning: a tuned copy can draw a cat."""
    phi = models.recommender.features(torch.cat([photo.to(pivot.images.device), pivot.images]))
    drift = gate.drift(phi[:1], phi[1:]).item()
    return gate.judge(pivot.lpips[0].item(), drift, draft=preset.inversion.steps == 0)


def _tuned(
    models: Models,
    photo: Tensor | None,
    pivot: Inversion,
    preset: Preset,
    rng: torch.Generator,
    compute: Compute,
    on_step: OnStep,
) -> tuple[Generator, Inversion]:
    """The generator to shift with, tuned to the photo if the preset says so, and what it draws at the pivot."""
    if preset.tuning is None or photo is None:
        return models.generator, pivot
    photo = photo.to(compute.device)
    own = tune(
        models.generator, pivot.z, photo, models.perceptual, preset.tuning, rng=rng, compute=compute, on_step=on_step
    )
    return own, describe(own, photo, models.perceptual, pivot.z, pivot.found_at)


def reconstruct(
    models: Models,
    photo: Tensor | None,
    preset: Preset,
    *,
    rng: torch.Generator,
    compute: Compute,
    on_step: OnStep = silent,
) -> Inversion:
    """The base latent vector: inverted from the photo `[1,3,R,R]`, or sampled where there is none."""
    if photo is not None:
        photo, start, settings = photo.to(compute.device), None, preset.inversion
        if settings.start == "encoder":
            if models.encoder is None:
                settings = _without_encoder(preset)
            start = choose_start(
                models.generator, photo, models.perceptual, models.encoder, settings, rng=rng, compute=compute
            )
        return invert(
            models.generator, photo, models.perceptual, settings, rng=rng, start=start, compute=compute,
            on_step=on_step,
        )  # fmt: skip
    z = models.generator.sample(1, rng).to(compute.device)
    with torch.no_grad():
        return describe(models.generator, models.generator(z), models.perceptual, z)


def _without_encoder(preset: Preset) -> InversionSettings:
    """The inversion of a preset that wants an encoder, where none goes with the generator: longer, from noise."""
    steps = preset.inversion.steps_from_noise or preset.inversion.steps
    if steps == 0:
        raise InputError(
            f"preset {preset.name} needs an encoder and none goes with this generator: train one with "
            "`gigs train encoder`, or use --preset fast"
        )
    rate = preset.inversion.learning_rate_from_noise or preset.inversion.learning_rate
    return replace(preset.inversion, steps=steps, learning_rate=rate)
