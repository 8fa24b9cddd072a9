"""One step of encoder training, through a frozen generator of any family, and the settings of a run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gigs.errors import InputError, ModelError
from gigs.generator.base import Generator
from gigs.generator.families.progan import ProGANSettings
from gigs.generator.latent import standardise
from gigs.inversion.encoder import Encoder, check_pair, load_encoder
from gigs.training.processes import here
from gigs.vision.compute import Compute
from gigs.vision.lpips import PerceptualLoss

ALEXNET_SIDE = 64  # pixels; below this, AlexNet's last layers have only one position and compare no shapes


@dataclass(frozen=True, kw_only=True)
class EncoderSettings:
    """One training run of an encoder E for a generator G.

    Half of every batch are photos x, compared with their reconstructions G(E(x)): `mse_weight` times the mean squared
    error in `[-1,1]` plus `lpips_weight` times LPIPS (AlexNet). The other half are pairs (z, G(z)) with known z:
    `latent_weight` times 1 - cos(E(G(z)), z), plus `generated_weight` times the same loss as for photos.

    `images`: total number of pictures shown, photos and generated ones. `learning_rate` rises over the first `warm_up`
    (a share of `images`) and falls to 0 at the end. `ema`: decay per batch of the averaged weights, which are saved.
    `fmap_base`, `fmap_max`: widths of the network; if None, those of the encoder it starts from, or a ProGAN's.
    `balance`: column of the item table; photos are drawn with weight 1/sqrt(number with the same value).
    """

    images: int = 100_000
    batch: int = 32
    learning_rate: float = 1e-3
    warm_up: float = 0.02
    mse_weight: float = 2.0
    lpips_weight: float = 2.0
    latent_weight: float = 0.1
    generated_weight: float = 0.0
    ema: float = 0.998
    fmap_base: int | None = None
    fmap_max: int | None = None
    where: str = ""
    balance: str = ""
    seed: int = 0
    checkpoint_every: int = 10_000

    def __post_init__(self) -> None:
        if self.batch < 2 or min(self.images, self.checkpoint_every) < 1:
            raise InputError("encoder training needs a batch of 2 or more, and positive images and checkpoint_every")
        if not 0 < self.learning_rate < math.inf or not 0 <= self.warm_up < 1 or not 0 < self.ema < 1:
            raise InputError("encoder training needs learning_rate > 0, warm_up in [0, 1) and ema in (0, 1)")
        weights = (self.mse_weight, self.lpips_weight, self.latent_weight, self.generated_weight)
        if not all(0 <= weight < math.inf for weight in weights):
            raise InputError(f"the loss weights must be 0 or more, not {weights}")
        if self.mse_weight + self.lpips_weight == 0:
            raise InputError("mse_weight and lpips_weight are both 0: nothing would be learned from photos")
        if any(width is not None and width < 1 for width in (self.fmap_base, self.fmap_max)):
            raise InputError("fmap_base and fmap_max must be positive")

    @property
    def pairs(self) -> int:
        """Number of generated pictures in a batch; the others are photos."""
        return self.batch // 2 if self.latent_weight + self.generated_weight > 0 else 0

    def rate_at(self, shown: int) -> float:
        """Learning rate of the step after `shown` pictures: linear warm-up, cosine to 0."""
        rise = min(1.0, (shown + self.batch) / max(1.0, self.warm_up * self.images))
        return self.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * min(1.0, shown / self.images)))


class EncoderStepper:
    """Does one step at a time; holds the encoder in training, its optimiser and the frozen generator."""

    def __init__(
        self, encoder: Encoder, generator: Generator, settings: EncoderSettings, compute: Compute, rng: torch.Generator
    ) -> None:
        self.settings, self.compute, self.rng = settings, compute, rng
        self.encoder, self.generator = encoder, generator
        self.encode, self.redraw = compute.compiled(encoder), compute.compiled(generator)
        encoder.trunk.from_rgb[:-1].requires_grad_(False)  # entries of the coarser levels: for growing, unused here
        self.trained = [parameter for parameter in encoder.parameters() if parameter.requires_grad]
        self.optimiser = torch.optim.Adam(self.trained, lr=settings.learning_rate, betas=(0.9, 0.99), fused=True)
        self.lpips = PerceptualLoss(net="alex").to(compute.device) if settings.lpips_weight else None
        self.halvings = 0  # of the learning rate, after returns to a checkpoint

    def rate_at(self, shown: int) -> float:
        """Learning rate of the step after `shown` pictures."""
        return self.settings.rate_at(shown) / 2**self.halvings

    def finite(self) -> bool:
        """Whether every weight is a finite number."""
        return all(bool(torch.isfinite(each).all()) for each in self.trained)

    def __call__(self, photos: Tensor, shown: int) -> dict[str, float]:
        """One step on photos `[B - pairs,3,R,R]` in `[0,1]`; returns the losses.

        Raises:
            FloatingPointError: A loss or a gradient is not finite; the weights are as before the step.
        """
        losses: dict[str, float] = {}
        total = self.loss(photos, losses)
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        here().average_gradients(self.trained)
        norm = torch.nn.utils.get_total_norm([each.grad for each in self.trained if each.grad is not None])
        if not math.isfinite(here().mean(total.item()) + norm.item()):
            raise FloatingPointError("loss or gradient")
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate_at(shown)
        self.optimiser.step()
        return here().means(losses)

    def loss(self, photos: Tensor, losses: dict[str, float]) -> Tensor:
        """The whole loss; its parts go into `losses`, unweighted, with the squared error as in `[0,1]`.

        Raises:
            FloatingPointError: The encoder's answer is not finite.
        """
        settings, count = self.settings, len(photos)
        z = here().mine(self.generator.sample(settings.pairs, self.rng)).to(self.compute.device)
        with torch.no_grad(), self.compute.autocast():
            generated = self.redraw(z).float() if len(z) else photos[:0]
        targets = torch.cat([photos, generated])
        with self.compute.autocast():
            codes = self.encode(targets)
            drawn = self.redraw(codes if settings.generated_weight else codes[:count]).float()
        if here().any(not torch.isfinite(codes).all()):
            raise FloatingPointError("encoder's answer")
        total = self._picture_loss(photos, drawn[:count], losses, "")
        if settings.latent_weight:
            latent = 1 - (codes[count:] * standardise(z)).mean()  # both standardised: the mean product is the cosine
            losses["latent"] = latent.item()
            total = total + settings.latent_weight * latent
        if settings.generated_weight:
            again = self._picture_loss(generated, drawn[count:], losses, "generated_")
            total = total + settings.generated_weight * again
        return total

    def _picture_loss(self, real: Tensor, drawn: Tensor, losses: dict[str, float], prefix: str) -> Tensor:
        mse = F.mse_loss(drawn, real)
        losses[f"{prefix}mse"] = mse.item()
        total = self.settings.mse_weight * 4 * mse  # as in [-1,1]
        if self.lpips is not None:
            with self.compute.autocast():
                lpips = self.lpips.distance_to(self.lpips.target(_enlarged(real)), _enlarged(drawn)).mean()
            losses[f"{prefix}lpips"] = lpips.item()
            total = total + self.settings.lpips_weight * lpips
        return total


def first_encoder(
    generator: Generator, settings: EncoderSettings, network: dict[str, Any] | None, start_from: str | Path | None
) -> Encoder:
    """The encoder that a run begins with, on the CPU.

    Args:
        generator: The generator to train for.
        settings: Settings of the run; its seed draws the weights of a new network.
        network: A checkpoint's `ProGANSettings`, whose weights are loaded later; takes precedence over `start_from`.
        start_from: An encoder's file.

    Raises:
        InputError: The requested widths differ from those of `network` or the file.
        ModelError: The sizes do not match the generator's, or no such network can be made.
    """
    torch.manual_seed(settings.seed)  # initial weights; everything later draws from the run's own generator
    if network is not None:
        encoder = Encoder(ProGANSettings(**network))
    elif start_from is not None:
        encoder = load_encoder(start_from).train().requires_grad_(True)
    else:
        encoder = _new_encoder(generator, settings)
    check_pair(encoder, generator)
    for name in ("fmap_base", "fmap_max"):
        asked, has = getattr(settings, name), getattr(encoder.config, name)
        if asked not in (None, has):
            raise InputError(f"{name} {asked}: the encoder to train on from has {has}; leave it out")
    return encoder


def _new_encoder(generator: Generator, settings: EncoderSettings) -> Encoder:
    widths = {name: getattr(settings, name) for name in ("fmap_base", "fmap_max") if getattr(settings, name)}
    try:
        return Encoder(ProGANSettings(resolution=generator.resolution, latent_dim=generator.latent_dim, **widths))
    except ValueError as error:
        raise ModelError(f"no encoder can be made for this generator: {error}") from error


def _enlarged(images: Tensor) -> Tensor:
    """Small pictures with their pixels repeated, up to a side that AlexNet can process."""
    scale = ALEXNET_SIDE // images.shape[-1]
    return F.interpolate(images, scale_factor=scale) if scale > 1 else images
