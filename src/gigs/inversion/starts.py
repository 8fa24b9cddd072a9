"""Starts of the optimisation: the encoder's answer, and random vectors that compete with it if it is poor."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from gigs.generator.base import Generator
from gigs.generator.use import at_side
from gigs.inversion.encoder import Encoder
from gigs.inversion.optimise import InversionLoss, InversionSettings, invert
from gigs.inversion.own_encoder import OwnEncoder
from gigs.vision.lpips import PerceptualLoss
from gigs.vision.runtime import Runtime

FINALISTS = 2  # random vectors that are optimised in addition to the encoder's answer
TRIAL_STEPS = 15
CHUNK = 16


def choose_start(
    generator: Generator,
    photo: Tensor,
    perceptual: PerceptualLoss,
    encoder: Encoder | OwnEncoder | None,
    settings: InversionSettings,
    runtime: Runtime,
) -> Tensor:
    """Latent vector `[1,D]` to start the inversion of one photo from.

    If the encoder's answer has a loss (Algorithm 1's, LPIPS + MSE) above `settings.restart_above`, the best
    `FINALISTS` of `settings.restarts` random vectors and the answer are optimised for a few steps each, and the best of
    the three continues. Without an encoder, the generator's own answer is used (`Generator.start_from`); without
    either, only random vectors compete.

    Args:
        generator: Frozen.
        photo: `[1,3,R,R]` in `[0,1]`.
        perceptual: LPIPS.
        encoder: For this generator, or None.
        settings: Settings of the inversion that follows.
        runtime: Precision, and the random vectors; these are drawn only where there are restarts.
    """
    answer = photo.new_zeros(0, generator.latent_dim)
    if encoder is not None:
        with torch.no_grad(), runtime.compute.autocast():
            answer = encoder(at_side(photo, generator.drawn_at)).float()
    elif (own := generator.start_from(photo)) is not None:
        answer = own
    measure = InversionLoss(generator, photo, perceptual, settings, runtime.compute)

    @torch.no_grad()
    def loss(z: Tensor) -> Tensor:
        return torch.cat([measure(part)[0] for part in z.split(CHUNK)])

    good = len(answer) > 0 and loss(answer).item() <= settings.restart_above
    if good or (len(answer) > 0 and settings.restarts * settings.steps == 0):
        return answer
    drawn = generator.sample(max(1, settings.restarts), runtime.random()).to(photo.device)
    finalists = torch.cat([answer, drawn[loss(drawn).argsort()[:FINALISTS]]])
    trial = replace(settings, steps=min(TRIAL_STEPS, settings.steps), restarts=0, patience=0, final_rate=1.0)
    photos = photo.expand(len(finalists), -1, -1, -1)
    tried = invert(generator, photos, perceptual, trial, start=finalists, runtime=Runtime(compute=runtime.compute)).z
    return tried[loss(tried).argmin()][None]
