"""From a photo to its reconstruction: inversion, the gate and, if the preset asks for it, pivotal tuning."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from gigs.errors import InputError
from gigs.inversion.gate import Gate, Verdict
from gigs.inversion.optimise import Inversion, InversionSettings, describe, invert
from gigs.inversion.reconstruction import Reconstruction
from gigs.inversion.starts import choose_start
from gigs.inversion.tuning import tune
from gigs.method.models import Models
from gigs.method.presets import Preset
from gigs.vision.runtime import Runtime


def reconstruct(
    models: Models,
    photo: Tensor | None,
    preset: Preset,
    *,
    gate: Gate | None = None,
    on_photo: bool = False,
    runtime: Runtime,
) -> Reconstruction:
    """The reconstruction of a photo `[1,3,R,R]`, not tuned; a sampled design if there is no photo.

    Args:
        models: Generator, recommender, LPIPS and, if there is one, the encoder.
        photo: In `[0,1]` at the generator's resolution, or None.
        preset: Its settings of the inversion.
        gate: Grades the reconstruction, but refuses nothing here.
        on_photo: Redesigns will be shown on the photo, for which a short inversion may suffice (`Preset.on_photo`).
        runtime: Precision, random numbers and progress callback.

    Raises:
        InputError: The preset starts from an encoder and takes no steps, and there is none.
    """
    if photo is None:
        z = models.generator.sample(1, runtime.random()).to(runtime.compute.device)
        with torch.no_grad():
            found = describe(models.generator, models.generator(z), models.perceptual, z)
        return Reconstruction(models.generator, None, found.z, found.images, found, found)
    photo = photo.to(runtime.compute.device)
    preset = replace(preset, inversion=preset.inversion.with_generator(models.generator))
    shorter = preset.inversion.steps > 0 and on_photo and preset.photo_steps is not None and models.encoder is not None
    for tried in [preset.on_photo, preset] if shorter else [preset]:
        found = _inverted(models, photo, tried, runtime)
        verdict = None if gate is None else gate_verdict(models, gate, photo, found, tried)
        if verdict is None or verdict.grade != "refused":
            break
    return Reconstruction(models.generator, photo, found.z, found.images, found, found, verdict)


def tuned(models: Models, reconstruction: Reconstruction, preset: Preset, *, runtime: Runtime) -> Reconstruction:
    """The reconstruction by a private copy of the generator tuned to the photo, if the preset asks for it."""
    photo, pivot = reconstruction.photo, reconstruction.pivot
    if preset.tuning is None or photo is None or pivot is None:
        return reconstruction
    own = tune(models.generator, pivot.z, photo, models.perceptual, preset.tuning, runtime=runtime)
    found = describe(own, photo, models.perceptual, pivot.z, pivot.found_at)
    return replace(reconstruction, generator=own, z=found.z, image=found.images, inversion=found)


@torch.no_grad()
def gate_verdict(models: Models, gate: Gate, photo: Tensor, pivot: Inversion, preset: Preset) -> Verdict:
    """The gate's verdict on an inversion, before any tuning: a tuned copy can draw a cat."""
    phi = models.recommender.features(torch.cat([photo.to(pivot.images.device), pivot.images]))
    drift = gate.drift(phi[:1], phi[1:]).item()
    return gate.judge(pivot.lpips[0].item(), drift, draft=preset.inversion.steps == 0)


def _inverted(models: Models, photo: Tensor, preset: Preset, runtime: Runtime) -> Inversion:
    start, settings = None, preset.inversion
    if settings.start == "encoder":
        if models.encoder is None:
            settings = _without_encoder(preset)
        start = choose_start(models.generator, photo, models.perceptual, models.encoder, settings, runtime)
    return invert(models.generator, photo, models.perceptual, settings, start=start, runtime=runtime)


def _without_encoder(preset: Preset) -> InversionSettings:
    """The inversion of a preset that wants an encoder, if the generator has none: longer, from noise."""
    steps = preset.inversion.steps_from_noise or preset.inversion.steps
    if steps == 0:
        raise InputError(
            f"preset {preset.name} needs an encoder, but this generator has none: train one with `gigs train "
            "encoder`, or use the preset fast"
        )
    rate = preset.inversion.learning_rate_from_noise or preset.inversion.learning_rate
    return replace(preset.inversion, steps=steps, learning_rate=rate)
