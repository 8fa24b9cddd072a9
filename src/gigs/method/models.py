"""The frozen networks that the method works with."""

from __future__ import annotations

from dataclasses import dataclass

from gigs.generator.base import Generator
from gigs.inversion.encoder import Encoder, check_pair
from gigs.inversion.own_encoder import OwnEncoder
from gigs.recommender import Recommender
from gigs.vision.compute import Compute
from gigs.vision.lpips import PerceptualLoss


@dataclass(frozen=True)
class Models:
    """The frozen networks of a run, on one device. Raises InputError if the encoder belongs to another generator."""

    generator: Generator
    recommender: Recommender
    perceptual: PerceptualLoss
    encoder: Encoder | OwnEncoder | None = None

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
