"""One training step of the hybrid with a projected critic: half of the batch is redrawn, half is sampled."""

from __future__ import annotations

import torch
from torch import Tensor

from gigs.generator.latent import standardise
from gigs.generator.train.losses import balanced, critic_loss, generator_loss
from gigs.generator.train.networks import Networks
from gigs.generator.train.projected_critic import ProjectedCritic
from gigs.generator.train.settings import TrainSettings
from gigs.generator.train.steps import Batch, Stepper
from gigs.training.processes import here
from gigs.vision.compute import Compute


class ProjectedStepper(Stepper):
    """The losses' gradients meet at the pixels, where they can be weighed against one another at no cost.

    The adversarial gradient is scaled to `hybrid.adversarial` times the norm that the reconstruction's gradient has on
    the redrawn half, so that the balance holds however the critic's answers grow.
    """

    def __init__(self, settings: TrainSettings, nets: Networks, compute: Compute, rng: torch.Generator) -> None:
        super().__init__(settings, nets, compute, rng)
        critic = nets.modules["critic"]
        assert isinstance(critic, ProjectedCritic)
        self.eye = critic
        self.encode = compute.compiled(nets.modules["encoder"])

    def _generator_step(self, batch: Batch, adversarial: bool, losses: dict[str, float]) -> list[Tensor]:
        """Encoder and generator; returns the pictures drawn, detached."""
        real, level, alpha = batch.real, batch.level, batch.alpha
        half, weights = len(real) // 2, self.settings.hybrid
        with self.compute.autocast():
            code = standardise(self.encode(real[:half], level, alpha))
            noise = here().draw(torch.randn, code.shape, self.rng).to(code.device)
            z = torch.cat([standardise(code + weights.noise * noise), self._latents(len(real) - half)])
            drawn = self.synthesise(z, level, alpha).float()
        pixels = drawn.detach().requires_grad_()
        (pull,) = torch.autograd.grad(self._reconstruction_loss(real[:half], pixels[:half], losses), pixels)
        if adversarial:
            loss = generator_loss(self.settings.loss, self._answers(pixels))
            losses["generator"] = loss.item()
            (push,) = torch.autograd.grad(loss, pixels)
            pull = pull + balanced(push, pull, weights.adversarial, push[:half])
        latent = self._latent_loss(code, losses)
        optimiser = self.nets.optimisers["generator"]
        optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward([drawn, latent], [pull, None])
        self.nets.average_gradients("generator")
        optimiser.step()
        self._latent_critic_step(code.detach(), losses)
        return [drawn.detach()]

    def _critic_step(self, batch: Batch, fakes: list[Tensor], step: int, losses: dict[str, float]) -> None:
        with torch.no_grad():  # the backbone is frozen: only what follows it needs gradients
            seen = [self.eye.features(self._augmented(images)) for images in (batch.real, *fakes)]
        answers = [self._judge(features) for features in seen]
        loss = critic_loss(self.settings.loss, answers[0], torch.cat(answers[1:]))
        losses["critic"] = loss.item()
        self.nets.descend("critic", loss)

    def _answers(self, images: Tensor) -> Tensor:
        return self._judge(self.eye.features(self._augmented(images)))

    def _judge(self, features: list[Tensor]) -> Tensor:
        with self.compute.autocast():
            return self.eye.judge(features)
