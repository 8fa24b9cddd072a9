"""Settings of generator trainings that take a second or two, and what is compared of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from torch import Tensor

from gigs.generator.base import load_generator
from gigs.generator.families.progan import ProGANSettings
from gigs.generator.train.schedule import Growth
from gigs.generator.train.settings import HybridSettings, TrainSettings

SMALL = TrainSettings(
    network=ProGANSettings(resolution=16, latent_dim=16, fmap_base=64, fmap_max=16),
    growth=Growth(images_below_top=(32,), top_fade_images=16),
    hybrid=HybridSettings(adversarial_after=40),
    images=96,
    batch=8,
    penalty_every=2,
    checkpoint_every=48,
    grid_every=96,
)
ADVERSARIAL = replace(SMALL, objective="adversarial")
WGAN = replace(ADVERSARIAL, loss="wgan-gp", penalty="gradient", penalty_every=1)


def weights(folder: Path) -> dict[str, Tensor]:
    """Of the generator that a training left in `folder`."""
    return load_generator(folder / "generator.safetensors").state_dict()
