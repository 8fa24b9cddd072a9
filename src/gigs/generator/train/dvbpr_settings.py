"""Settings of training the class-conditional least-squares GAN, and what combinations make no sense."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gigs.errors import InputError, require_finite
from gigs.generator.families.dvbpr_gan import DVBPRGANSettings


@dataclass(frozen=True, kw_only=True)
class DVBPRTrainSettings:
    """One training run; the classes come from the catalogue (`gigs.data.classes`).

    Adam's betas, the losses and, with `fmap_base=1024`, the widths are Kang et al.'s; theirs are a learning rate of
    1e-4 and a batch of 16. `ema`: decay per batch of the averaged weights, which are what is saved as the generator.
    `fewest_photos`: of a class. `balance`: column of the item table, or `class_name`: photos are drawn with
    1/sqrt(how many share the value). `snapshot_every`: images between two generators kept under `snapshots/`.
    """

    resolution: int = 64
    z_dim: int = 256
    fmap_base: int = 512
    fmap_max: int = 128
    images: int = 200_000
    batch: int = 32
    learning_rate: float = 2e-4
    ema: float = 0.998
    augment: bool = False
    fewest_photos: int = 16
    where: str = ""
    balance: str = ""
    seed: int = 0
    checkpoint_every: int = 20_000
    grid_every: int = 20_000
    snapshot_every: int = 50_000
    family: str = "dvbpr-gan"

    def __post_init__(self) -> None:
        require_finite(self, "generator")
        every = (self.checkpoint_every, self.grid_every, self.snapshot_every, self.fewest_photos)
        if min(self.images, *every) < 1 or self.batch < 2:
            raise ValueError("images and every `_every` must be positive, and a batch at least 2")
        if not 0 < self.ema < 1 or self.learning_rate <= 0:
            raise ValueError("ema must be in (0, 1) and learning_rate positive")
        if self.family != "dvbpr-gan":
            raise ValueError(f"family must be dvbpr-gan, not {self.family!r}")
        self.network(("one", "another"))

    def network(self, classes: tuple[str, ...]) -> DVBPRGANSettings:
        """Sizes of generator and critic for these classes."""
        return DVBPRGANSettings(
            classes=classes,
            resolution=self.resolution,
            z_dim=self.z_dim,
            fmap_base=self.fmap_base,
            fmap_max=self.fmap_max,
        )


def dvbpr_train_settings(**chosen: Any) -> DVBPRTrainSettings:
    """Settings from what a user chose; None takes the default.

    Raises:
        InputError: Impossible values.
    """
    try:
        return DVBPRTrainSettings(**{name: value for name, value in chosen.items() if value is not None})
    except ValueError as error:
        raise InputError(f"generator settings: {error}") from error
