"""Inversion by optimisation: the first loop of Algorithm 1 (Kumar et al. 2025), from noise or from an encoder."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from gigs.errors import InputError, require_finite
from gigs.generator.base import Generator
from gigs.generator.latent import cosine_share
from gigs.progress import Step
from gigs.training.adam import Adam
from gigs.vision.compute import Compute
from gigs.vision.lpips import PerceptualLoss
from gigs.vision.runtime import Runtime

STARTS = ("noise", "encoder")


@dataclass(frozen=True, kw_only=True)
class InversionSettings:
    """First loop of Algorithm 1: `steps` is T, `learning_rate` alpha_1; the paper gives both losses equal weight.

    `start`: `noise` as in the paper, or `encoder`. `restarts`: number of random vectors that compete with the
    encoder's answer if its loss is above `restart_above` (`starts`). `patience`: stop after this many steps in which no
    row's best loss fell by `tolerance` of itself; 0 never stops early. `steps_from_noise`, `learning_rate_from_noise`:
    used if there is no encoder to start from; None means `steps` and `learning_rate`. `steps_from_inverse`: used if the
    generator solves for a photo's vector itself (`Generator.inverts`), so that little is left to find; None means
    `steps`. `final_rate`:
    share of the learning rate left at the last step, reached along a cosine; 1 keeps it, as in the paper.
    """

    steps: int = 1000
    learning_rate: float = 0.01
    lpips_weight: float = 1.0
    mse_weight: float = 1.0
    start: str = "noise"
    restarts: int = 0
    restart_above: float = 0.3
    patience: int = 0
    tolerance: float = 0.005
    final_rate: float = 1.0
    steps_from_noise: int | None = None
    learning_rate_from_noise: float | None = None
    steps_from_inverse: int | None = None

    def __post_init__(self) -> None:
        require_finite(self, "inversion")
        if not 0 <= self.steps <= 100_000:
            raise InputError(f"inversion steps must be from 0 to 100,000, not {self.steps}")
        rates = (self.learning_rate, self.learning_rate_from_noise)
        if any(rate is not None and rate <= 0 for rate in rates) or min(self.lpips_weight, self.mse_weight) < 0:
            raise InputError("inversion needs a positive learning rate and no negative loss weight")
        if self.start not in STARTS:
            raise InputError(f"inversion starts from {' or '.join(STARTS)}, not {self.start!r}")
        if min(self.restarts, self.patience, self.tolerance) < 0 or not 0 < self.final_rate <= 1:
            raise InputError("restarts, patience and tolerance must not be negative, final_rate must be in (0, 1]")

    def with_generator(self, generator: Generator) -> InversionSettings:
        """These settings, with the steps that a generator needs which may invert photos itself."""
        if not generator.inverts or self.start != "encoder" or self.steps_from_inverse is None:
            return self
        return replace(self, steps=self.steps_from_inverse)


@dataclass(frozen=True)
class Inversion:
    """The outcome of inversion.

    Attributes:
        z: `[N,D]`; as `Generator.project` leaves it, usually every row of mean 0 and standard deviation 1.
        images: G(z), `[N,3,R,R]` in `[0,1]`.
        lpips: LPIPS (VGG16) to the photo, `[N]`, in fp32.
        mse: mean squared error to the photo, `[N]`, of values in `[0,1]`.
        found_at: step at which each row's best z was seen, `[N]`.
        steps: Number of steps taken.
    """

    z: Tensor
    images: Tensor
    lpips: Tensor
    mse: Tensor
    found_at: Tensor
    steps: int = 0


def invert(
    generator: Generator,
    photos: Tensor,
    perceptual: PerceptualLoss,
    settings: InversionSettings,
    *,
    start: Tensor | None = None,
    runtime: Runtime | None = None,
) -> Inversion:
    """Find the latent vectors whose pictures are nearest to the photos.

    Every step computes L_inv = LPIPS(X, G(z)) + MSE(X, G(z)) (Algorithm 1), takes one Adam step on z and standardises
    every row (or otherwise keeps it in the generator's space, `Generator.project`). Rows do not influence one another,
    so photos may be batched, but they stop together. The best z is kept, not the last.

    Args:
        generator: Frozen; nothing here depends on its family.
        photos: `[N,3,R,R]` in `[0,1]` at the generator's resolution.
        perceptual: LPIPS; its target features are computed once.
        settings: Steps, learning rate, weights.
        start: `[N,D]` to start from, for example an encoder's answer; by default z ~ N(0,1) from the runtime's random
            numbers.
        runtime: Precision, random numbers, and the progress callback, which receives the mean losses; by default fp32.

    Raises:
        InputError: Photos of another size than the generator's, or neither random numbers nor `start`.
    """
    runtime = runtime or Runtime()
    z = _start(generator, photos, runtime.rng, start)
    measure = InversionLoss(generator, photos, perceptual, settings, runtime.compute)
    adam = Adam(z.requires_grad_(), settings.learning_rate)
    best_loss = torch.full((len(z),), float("inf"), device=z.device)
    best_z, found_at = z.detach().clone(), torch.zeros(len(z), dtype=torch.long)
    plateau = _Plateau(settings, best_loss)
    for step in range(settings.steps + 1):  # the last pass only evaluates the last step
        with torch.set_grad_enabled(step < settings.steps):
            loss, lpips, mse = measure(z)
        better = loss.detach() < best_loss
        best_loss = torch.where(better, loss.detach(), best_loss)
        best_z = torch.where(better[:, None], z.detach(), best_z)
        found_at[better.cpu()] = step
        values = {"lpips": lpips.mean().item(), "mse": mse.mean().item()}
        done = plateau.reached(best_loss, step)
        runtime.on_step(Step("finding the product", settings.steps if done else step, settings.steps, values))
        if done:
            break
        if step < settings.steps:
            loss.sum().backward()
            adam.step(cosine_share(step / max(1, settings.steps), settings.final_rate))
            with torch.no_grad():
                z.copy_(generator.project(z))
    return replace(describe(generator, photos, perceptual, best_z, found_at), steps=step)


class InversionLoss:
    """L_inv of Algorithm 1 for given photos `[N,3,R,R]`; their LPIPS features are computed once.

    Args:
        generator: Draws the pictures.
        photos: `[N,3,R,R]` in `[0,1]`.
        perceptual: LPIPS.
        settings: Weights of LPIPS and MSE.
        compute: Precision of drawing and of LPIPS.
    """

    def __init__(
        self,
        generator: Generator,
        photos: Tensor,
        perceptual: PerceptualLoss,
        settings: InversionSettings,
        compute: Compute,
    ) -> None:
        self.generator, self.photos, self.perceptual = generator, photos, perceptual
        self.settings, self.compute = settings, compute
        self._target = perceptual.target(photos)

    def __call__(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """L_inv, LPIPS and MSE, each `[N]`, of what `z [N,D]` draws."""
        with self.compute.autocast():
            images = self.generator(z).float()
            lpips = self.perceptual.distance_to(self._target, images).float()
        mse = _mse(images, self.photos)
        return self.settings.lpips_weight * lpips + self.settings.mse_weight * mse, lpips, mse


class _Plateau:
    """Tells when no row's best loss has fallen by the tolerance for `patience` steps."""

    def __init__(self, settings: InversionSettings, loss: Tensor) -> None:
        self.settings, self.reference = settings, loss.clone()
        self.since = 0

    def reached(self, best: Tensor, step: int) -> bool:
        if self.settings.patience == 0:
            return False
        fell = best < self.reference * (1 - self.settings.tolerance)
        self.reference = torch.where(fell, best, self.reference)
        if fell.any():
            self.since = step
        return step - self.since >= self.settings.patience


@torch.no_grad()
def describe(
    generator: Generator, photos: Tensor, perceptual: PerceptualLoss, z: Tensor, found_at: Tensor | None = None
) -> Inversion:
    """Draw `z` and compare it with the photos in fp32, whatever the precision of the search."""
    images = generator(z)
    lpips = perceptual.distance_to(perceptual.target(photos), images)
    steps = found_at if found_at is not None else torch.zeros(len(z), dtype=torch.long)
    return Inversion(z, images, lpips, _mse(images, photos), steps)


def _start(generator: Generator, photos: Tensor, rng: torch.Generator | None, start: Tensor | None) -> Tensor:
    side = generator.resolution
    if photos.shape[1:] != (3, side, side):
        raise InputError(f"inversion needs photos [N,3,{side},{side}], not {list(photos.shape)}")
    if start is None:
        if rng is None:
            raise InputError("inversion needs a random generator or a latent vector to start from")
        start = generator.sample(len(photos), rng)
    return start.detach().clone().to(photos.device)


def _mse(images: Tensor, photos: Tensor) -> Tensor:
    return F.mse_loss(images, photos.expand_as(images), reduction="none").mean(dim=(1, 2, 3))
