"""One training step of a progressive GAN: the critic's half and the generator's half, adversarial or hybrid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from gigs.generator.latent import sample_normal, standardise
from gigs.generator.train.augment import augment
from gigs.generator.train.losses import (
    critic_loss,
    finite_difference_penalty,
    generator_loss,
    r1_penalty,
    wasserstein_penalty,
)
from gigs.generator.train.networks import Networks
from gigs.generator.train.settings import TrainSettings
from gigs.training.processes import here
from gigs.vision.compute import Compute
from gigs.vision.lpips import PerceptualLoss


@dataclass(frozen=True)
class Batch:
    """Photos `[B,3,S,S]` in `[-1,1]` of one step, at the level of growth that trains, and how far it is faded in."""

    real: Tensor
    level: int
    alpha: float | Tensor


class Stepper:
    """Does one step at a time; holds the networks and the run's only source of randomness."""

    def __init__(self, settings: TrainSettings, nets: Networks, compute: Compute, rng: torch.Generator) -> None:
        self.settings, self.nets, self.compute, self.rng = settings, nets, compute, rng
        self.synthesise = compute.compiled(nets.generator.synthesise)
        self.lpips = PerceptualLoss(net="alex").to(compute.device) if nets.hybrid else None

    def __call__(self, photos: Tensor, shown: int, step: int) -> dict[str, float]:
        """One step on photos `[B,3,R,R]` in `[0,1]` at the top resolution; returns the losses."""
        level, alpha = self.settings.growth.at(shown)
        real = at_level(photos * 2 - 1, self.settings.network.resolution, level, alpha)
        # A tensor, so that fading in does not make the compiler start afresh at every step.
        batch = Batch(real, level, 1.0 if alpha >= 1 else torch.tensor(alpha, device=real.device))
        losses: dict[str, float] = {}
        adversarial = not self.nets.hybrid or shown >= self.settings.hybrid.adversarial_after
        fakes = self._generator_step(batch, adversarial, losses)
        if adversarial:
            self._critic_step(batch, fakes, step, losses)
        self.nets.average(self.settings.growth.since_level_began(shown) // self.settings.batch)
        return losses

    def _generator_step(self, batch: Batch, adversarial: bool, losses: dict[str, float]) -> list[Tensor]:
        """Generator, and encoder if hybrid; returns the pictures shown to the critic, detached."""
        real, level, alpha = batch.real, batch.level, batch.alpha
        total = torch.zeros((), device=real.device)
        fakes, samples = [], len(real)
        if self.nets.hybrid:
            with self.compute.autocast():
                code = standardise(self.nets.modules["encoder"](real, level, alpha))
                noise = here().draw(torch.randn, code.shape, self.rng).to(code.device)
                noisy = standardise(code + self.settings.hybrid.noise * noise)
                reconstruction = self.synthesise(noisy, level, alpha).float()
            total = total + self._reconstruction_loss(real, reconstruction, losses) + self._latent_loss(code, losses)
            samples = len(real) // 2  # the critic sees half reconstructions, half samples
            fakes.append(reconstruction[samples:])
        if adversarial:
            with self.compute.autocast():
                fakes.append(self.synthesise(self._latents(samples), level, alpha).float())
            self.nets.modules["critic"].requires_grad_(False)
            answers = self._criticise(fakes, level, alpha)
            self.nets.modules["critic"].requires_grad_(True)
            loss = generator_loss(self.settings.loss, answers)
            losses["generator"] = loss.item()
            total = total + loss * (self.settings.hybrid.adversarial if self.nets.hybrid else 1.0)
        self.nets.descend("generator", total)
        if self.nets.hybrid:
            self._latent_critic_step(code.detach(), losses)
        return [fake.detach() for fake in fakes]

    def _critic_step(self, batch: Batch, fakes: list[Tensor], step: int, losses: dict[str, float]) -> None:
        settings, real, level, alpha = self.settings, batch.real, batch.level, batch.alpha
        if not self.nets.hybrid:  # the paper's recipe judges fresh samples; the hybrid saves drawing them twice
            with torch.no_grad(), self.compute.autocast():
                fakes = [self.synthesise(self._latents(len(real)), level, alpha).float()]
        seen = self._augmented(real)
        answers_real = self.critic(seen, level, alpha)
        loss = critic_loss(settings.loss, answers_real, self._criticise(fakes, level, alpha))
        losses["critic"] = loss.item()
        if settings.penalty != "none" and step % settings.penalty_every == 0:
            penalty = self._penalty(seen.detach(), torch.cat(fakes), level, alpha)
            losses["penalty"] = penalty.item()
            loss = loss + settings.penalty_weight * settings.penalty_every * penalty
        self.nets.descend("critic", loss)

    def _penalty(self, real: Tensor, fake: Tensor, level: int, alpha: float | Tensor) -> Tensor:
        critic = partial(self.critic, level=level, alpha=alpha)
        if self.settings.loss == "wgan-gp":
            return wasserstein_penalty(critic, real, fake, self.rng)
        if self.settings.penalty == "gradient":
            return r1_penalty(critic, real)
        return finite_difference_penalty(critic, real, self.rng)

    def _reconstruction_loss(self, real: Tensor, drawn: Tensor, losses: dict[str, float]) -> Tensor:
        assert self.lpips is not None
        weights, side = self.settings.hybrid, self.settings.network.resolution
        mse = F.mse_loss(drawn, real)
        scale = max(side, 64) // real.shape[-1]  # AlexNet needs 64 px to have anything left at its last layers
        large = [F.interpolate(x.add(1).div(2).clamp(0, 1), scale_factor=scale) for x in (real, drawn)]
        with self.compute.autocast():
            lpips = self.lpips(large[1], large[0]).float().mean()
        losses["mse"], losses["lpips"] = mse.item() / 4, lpips.item()  # mse as on [0,1]
        return weights.mse * mse + weights.lpips * lpips

    def _latent_loss(self, code: Tensor, losses: dict[str, float]) -> Tensor:
        critic = self.nets.modules["latent_critic"].requires_grad_(False)
        loss = F.softplus(-critic(code)).mean()
        critic.requires_grad_(True)
        losses["latent"] = loss.item()
        return self.settings.hybrid.latent * loss

    def _latent_critic_step(self, code: Tensor, losses: dict[str, float]) -> None:
        critic = self.nets.modules["latent_critic"]
        loss = critic_loss("nonsaturating", critic(self._latents(len(code))), critic(code))
        losses["latent_critic"] = loss.item()
        self.nets.descend("latent_critic", loss)

    def critic(self, images: Tensor, level: int, alpha: float | Tensor) -> Tensor:
        """The critic's answers `[N,1]` to images at `level`."""
        with self.compute.autocast():
            return self.nets.modules["critic"](images, level, alpha)

    def _criticise(self, fakes: list[Tensor], level: int, alpha: float | Tensor) -> Tensor:
        """The critic on generated pictures, kind by kind, so that minibatch deviation never mixes them."""
        return torch.cat([self.critic(self._augmented(part), level, alpha) for part in fakes])

    def _augmented(self, images: Tensor) -> Tensor:
        return augment(images, self.rng) if self.settings.augment else images

    def _latents(self, n: int) -> Tensor:
        whole = sample_normal(n * here().count, self.settings.network.latent_dim, self.rng)
        return here().mine(whole).to(self.compute.device)


def at_level(images: Tensor, resolution: int, level: int, alpha: float) -> Tensor:
    """Average photos down to `level`; while it fades in, they are blended with their own coarser version."""
    side = 4 << level
    small = F.avg_pool2d(images, resolution // side) if side < resolution else images
    if alpha >= 1:
        return small
    coarse = F.interpolate(F.avg_pool2d(small, 2), scale_factor=2)
    return torch.lerp(coarse, small, alpha)
