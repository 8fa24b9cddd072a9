"""Settings of a latent flow's training, and what combinations make no sense."""

from __future__ import annotations

from dataclasses import dataclass, field

from gigs.errors import require_finite
from gigs.generator.families.flow_conditions import COLUMNS
from gigs.generator.families.flow_network import FlowNetworkSettings


@dataclass(frozen=True, kw_only=True)
class FlowTrainSettings:
    """One training run of a flow over an autoencoder's latents.

    `conditions`: columns of the item table that it is told. `directions`: principal directions of whole pictures along
    which noise varies as latents do (`FlowPath`); a quarter of the photos at most, and 0 for noise that is alike
    everywhere. `prior_examples`: how many coarse pictures the prior is shown, before the flow is trained. `drop_each`,
    `drop_every`: the probabilities with which one of a photo's conditions, or all of them, are left out. `photos`:
    train on so many only, drawn at random; 0 takes all. `mirrored`: show photos mirrored, too, which doubles the
    latents. `ema`: decay per batch of the averaged weights, which are what is saved. `where`: condition on the item
    table. `balance`: column of it; photos are drawn with 1/sqrt(how many share the value).
    """

    network: FlowNetworkSettings = field(default_factory=FlowNetworkSettings)
    images: int = 2_000_000
    batch: int = 64
    learning_rate: float = 4e-4
    ema: float = 0.9995
    conditions: tuple[str, ...] = COLUMNS
    directions: int = 256
    prior_examples: int = 3_000_000
    drop_each: float = 0.1
    drop_every: float = 0.15
    photos: int = 0
    mirrored: bool = True
    where: str = ""
    balance: str = ""
    seed: int = 0
    checkpoint_every: int = 20_000
    grid_every: int = 100_000
    snapshot_every: int = 1_000_000

    def __post_init__(self) -> None:
        require_finite(self, "flow")
        least = min(self.images, self.batch, self.checkpoint_every, self.grid_every, self.snapshot_every)
        if least < 1 or min(self.photos, self.directions) < 0 or self.learning_rate <= 0 or not 0 <= self.ema < 1:
            raise ValueError("counts must be at least 1, learning_rate above 0, ema in [0, 1)")
        if self.prior_examples < 1 or (self.network.prior_blocks and not self.directions):
            raise ValueError("prior_examples must be at least 1, and a prior needs directions")
        if any("." in name for name in self.conditions) or len(set(self.conditions)) < len(self.conditions):
            raise ValueError(f"conditions must be different columns without a dot, not {', '.join(self.conditions)}")
        if not (0 <= self.drop_each <= 1 and 0 <= self.drop_every <= 1):
            raise ValueError("drop_each and drop_every are probabilities, from 0 to 1")
