"""One training step of a refiner: half of the batch are photos to redraw, half are drawn by the prior."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d
from torch.nn.utils import clip_grad_norm_

from gigs.generator.families.cascade import DETAIL, Cascade
from gigs.generator.train.augment import augment
from gigs.generator.train.losses import balanced, critic_loss, generator_loss
from gigs.generator.train.networks import NetworkSet, copied, step_at
from gigs.generator.train.pieces import piece, unit
from gigs.generator.train.projected_critic import ProjectedCritic
from gigs.generator.train.refiner_settings import RefinerTrainSettings
from gigs.training.processes import here
from gigs.vision.compute import Compute
from gigs.vision.lpips import PerceptualLoss

LONGEST_GRADIENT = 1.0
WARM_UP = 100
BRIGHTNESS = 0.15  # half range of what is added to what the critic sees
NOISY = 0.5  # share of the blurred pictures with noise for detail; how much, up to DETAIL, is drawn for each
FARTHEST = 0.6  # share of the way, at most, from a photo's coarse part to one that the prior has drawn


@dataclass(frozen=True)
class RefinerBatch:
    """This process's share of what a step shows.

    Attributes:
        photos: `[B,3,R,R]` in `[0,1]`; the first half is redrawn, and the critic sees the second.
        coarse: `[B/2,directions]`, drawn by the prior.
    """

    photos: Tensor
    coarse: Tensor

    def to(self, device: str) -> RefinerBatch:
        """The same on a device."""
        return RefinerBatch(self.photos.to(device), self.coarse.to(device))


class RefinerNetworks(NetworkSet):
    """The refiner, its average, and the critic."""

    def __init__(self, refiner: Any, settings: RefinerTrainSettings, compute: Compute) -> None:
        torch.manual_seed(settings.seed)  # the critic's initial weights; everything later draws from the run's own
        self.modules = {"refiner": refiner.requires_grad_(True), "critic": ProjectedCritic(settings.critic_side)}
        self.modules = {name: compute.place(module).train() for name, module in self.modules.items()}
        self.averaged = {"refiner": copied(self.modules["refiner"])}
        self.ema = settings.ema
        self.rates = {"refiner": settings.learning_rate, "critic": settings.critic_rate}
        betas = {"refiner": (0.5, 0.99), "critic": (0.0, 0.99)}
        self.optimisers = {
            name: torch.optim.Adam(self.learning(name), lr=rate, betas=betas[name], fused=True)
            for name, rate in self.rates.items()
        }

    def learning(self, name: str) -> list[Tensor]:
        """The weights of a network that are trained."""
        return [each for each in self.modules[name].parameters() if each.requires_grad]


class RefinerStepper:
    """Does one step at a time; `rng` is the run's only source of randomness.

    The losses' gradients meet at the pixels, where the critic's is scaled to its share of the others'.
    """

    def __init__(
        self,
        settings: RefinerTrainSettings,
        cascade: Cascade,
        nets: RefinerNetworks,
        compute: Compute,
        rng: torch.Generator,
    ) -> None:
        self.settings, self.cascade, self.nets, self.compute, self.rng = settings, cascade, nets, compute, rng
        self.critic: Any = nets.modules["critic"]
        self.lpips = PerceptualLoss(net="vgg").to(compute.device) if settings.lpips else None

    def __call__(self, batch: RefinerBatch, shown: int, step: int) -> dict[str, float]:
        """One step; returns the losses. `shown`: photos shown before; `step`: steps done before."""
        settings = self.settings
        half = len(batch.photos) // 2
        real, others = (batch.photos * 2 - 1).split(half)
        with torch.no_grad():
            blurred, lost = self._blurred(batch, half)
        with self.compute.autocast():
            drawn = self.cascade.refined(blurred).float()
        pixels = drawn.detach().requires_grad_()
        losses: dict[str, float] = {}
        (pull,) = torch.autograd.grad(self._unlike(pixels[:half], real, lost, losses), pixels)
        with torch.no_grad():
            real_features = self.critic.features(self._seen(others))
        features = self.critic.features(self._seen(pixels[half:]))
        if settings.adversarial and shown >= settings.adversarial_after:
            fooled = generator_loss("hinge", self._judge(features))
            losses["generator"] = fooled.item()
            (push,) = torch.autograd.grad(fooled, pixels)
            pull = pull + balanced(push, pull, settings.adversarial)
        optimiser = self.nets.optimisers["refiner"]
        optimiser.zero_grad(set_to_none=True)
        drawn.backward(pull)
        self.nets.average_gradients("refiner")
        clip_grad_norm_(self.nets.learning("refiner"), LONGEST_GRADIENT)
        step_at(optimiser, min(1.0, (step + 1) / WARM_UP))
        judged = critic_loss("hinge", self._judge(real_features), self._judge([each.detach() for each in features]))
        losses["critic"] = judged.item()
        self.nets.descend("critic", judged)
        self.nets.average(step)
        return losses

    def _blurred(self, batch: RefinerBatch, half: int) -> tuple[Tensor, Tensor]:
        """What components make of photos and samples, `[B,3,R,R]`; how much of the photos' detail is lost, `[B/2]`."""
        settings, rng, share, path = self.settings, self.rng, here().draw, self.cascade.path
        vectors = self.cascade.vectors_of(batch.photos[:half])
        coarse = path.coordinates(vectors)
        amount = DETAIL * share(torch.rand, (2 * half, 1), rng) * (share(torch.rand, (2 * half, 1), rng) < NOISY)
        noise = (amount * share(torch.randn, (2 * half, vectors.shape[1]), rng)).to(vectors.device)
        kind, some = share(torch.rand, (half, 1), rng), share(torch.rand, (half, 1), rng)
        lost = torch.where(kind < settings.whole + settings.coarse_only, torch.ones(1), some)
        lost = torch.where(kind < settings.whole, torch.zeros(1), lost).to(vectors.device)
        redrawn = (1 - lost) * vectors + noise[:half] * (lost > 0)
        count = settings.moved // here().count
        reach = FARTHEST * share(torch.rand, (count, 1), rng).to(vectors.device)
        moved = torch.lerp(coarse[:count], batch.coarse[:count], reach)
        sampled = noise[half:] + torch.cat([vectors[:count], torch.zeros_like(vectors[count:])])
        everything = torch.cat([coarse, moved, batch.coarse[count:]])
        vectors = path.with_coordinates(torch.cat([redrawn, sampled]), everything)
        return self.cascade.blurred(path.noise(vectors)), lost

    def _unlike(self, drawn: Tensor, real: Tensor, lost: Tensor, losses: dict[str, float]) -> Tensor:
        """How unlike redrawn photos `[B/2,3,R,R]` are to the photos."""
        settings = self.settings
        pixels = (1 - settings.lost_pixels * lost)[:, :, None, None]
        features = (1 - settings.lost_features * lost)[:, :, None, None]
        l1 = (pixels * (drawn - real).abs()).mean()
        means = (pixels * avg_pool2d(drawn - real, 16).abs()).mean()
        seen, goal = self.critic.features(drawn), self._features_of(real)
        errors = [
            (features * (a - b).abs()).mean() / here().mean_of(b.abs().mean()) for a, b in zip(seen, goal, strict=True)
        ]
        unlike = torch.stack(errors).mean()
        losses |= {"l1": l1.item() / 2, "coarse": means.item() / 2, "features": unlike.item()}  # l1 as on [0,1]
        loss = settings.l1 * l1 + settings.coarse * means + settings.features * unlike
        if self.lpips is None:
            return loss
        count = settings.judged // here().count
        some, at = piece(drawn[:count], settings.window, self.rng)
        with self.compute.autocast():
            lpips = self.lpips(unit(some), unit(real[:count][at])).float()
        lpips = (lpips.flatten() * features[:count].flatten()).mean()
        losses["lpips"] = lpips.item()
        return loss + settings.lpips * lpips

    @torch.no_grad()
    def _features_of(self, images: Tensor) -> list[Tensor]:
        features: list[Tensor] = self.critic.features(images)
        return features

    def _seen(self, images: Tensor) -> Tensor:
        """What the critic sees of pictures: in other light, elsewhere, and through noise."""
        images = augment(images, self.rng, brightness=BRIGHTNESS)
        noise = here().draw(torch.randn, images.shape, self.rng).to(images.device)
        return images + self.settings.instance_noise * noise

    def _judge(self, features: list[Tensor]) -> Tensor:
        with self.compute.autocast():
            answers: Tensor = self.critic.judge(features)
        return answers
