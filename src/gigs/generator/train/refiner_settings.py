"""Settings of a refiner's training, and what combinations make no sense."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gigs.errors import require_finite
from gigs.vision.lpips import SMALLEST_SIDE


@dataclass(frozen=True, kw_only=True)
class RefinerNetworkSettings:
    """A refiner: a UNet over patches of `patch` x `patch` pixels.

    `channels`: widths from the patches down, each halving the side of the one before; the last has attention, in heads
    of `head` channels. `layers`: residual blocks a level, and one more on the way up. `groups`: of the normalisation.
    """

    patch: int = 4
    channels: tuple[int, ...] = (48, 96, 192)
    layers: int = 1
    head: int = 32
    groups: int = 16

    def __post_init__(self) -> None:
        if not self.channels or any(width < 1 or width % self.groups for width in self.channels):
            raise ValueError(f"channels must be multiples of groups ({self.groups}), not {self.channels}")
        if self.channels[-1] % self.head or min(self.patch, self.layers, self.head) < 1:
            raise ValueError(f"the last of channels must be a multiple of head ({self.head}); patch, layers at least 1")

    def config(self, resolution: int) -> dict[str, Any]:
        """As diffusers names it, for pictures of this side in pixels.

        Raises:
            ValueError: The side is not made of whole patches that can be halved so often.
        """
        depth = len(self.channels)
        if resolution % (self.patch * 2 ** (depth - 1)):
            raise ValueError(
                f"{resolution} pixels cannot be cut in patches of {self.patch} and halved {depth - 1} times"
            )
        return {
            "sample_size": resolution // self.patch,
            "in_channels": 3 * self.patch**2,
            "out_channels": 3 * self.patch**2,
            "block_out_channels": list(self.channels),
            "layers_per_block": self.layers,
            "down_block_types": ["DownBlock2D"] * (depth - 1) + ["AttnDownBlock2D"],
            "up_block_types": ["AttnUpBlock2D"] + ["UpBlock2D"] * (depth - 1),
            "attention_head_dim": self.head,
            "norm_num_groups": self.groups,
        }


@dataclass(frozen=True, kw_only=True)
class RefinerTrainSettings:
    """One training run of the refiner of a cascade, whose other parts come from a latent flow.

    Half of a batch are photos, redrawn from what components make of them. Of `whole` of these, all detail is kept; of
    `coarse_only`, nothing but the coarse part; of the others, some. They are compared with the photos: `l1` and
    `coarse` weigh mean absolute errors of pixels in `[-1,1]` and of means over 16 x 16 of them, `features` those of the
    critic's frozen features, `lpips` LPIPS of `judged` photos in a piece of side `window`. What was not kept need not
    be alike: without any detail, pixels count `1 - lost_pixels` as much, and features and LPIPS `1 - lost_features`.

    The other half have a coarse part that the prior has drawn, and only the critic sees them; `moved` of them are
    photos whose coarse part has moved towards such a sample, with the photo's detail. `adversarial`: the length of the
    critic's gradient at the pixels, as a share of the other losses' at the photos; it sets in after
    `adversarial_after` photos. `critic_side`: side in pixels to which the critic, and `features`, shrink pictures.
    `instance_noise`: standard deviation of noise on what the critic sees, of `[-1,1]`. `coarse_samples`: drawn by the
    prior at the start, to be shown again and again. `drop_each`, `drop_every`: the probabilities with which the prior
    is not told one of a photo's conditions, or all of them. `ema`: decay per batch of the averaged weights, which are
    what is saved. `where`: condition on the item table. `balance`: column of it; photos are drawn with 1/sqrt(how many
    share the value).
    """

    network: RefinerNetworkSettings = field(default_factory=RefinerNetworkSettings)
    images: int = 400_000
    batch: int = 32
    learning_rate: float = 4e-4
    critic_rate: float = 2e-4
    ema: float = 0.999
    whole: float = 0.25
    coarse_only: float = 0.35
    lost_pixels: float = 0.5
    lost_features: float = 0.3
    l1: float = 4.0
    coarse: float = 2.0
    features: float = 2.0
    lpips: float = 1.0
    judged: int = 4
    window: int = 64
    moved: int = 6
    adversarial: float = 0.7
    adversarial_after: int = 2_000
    critic_side: int = 64
    instance_noise: float = 0.08
    coarse_samples: int = 16_384
    drop_each: float = 0.1
    drop_every: float = 0.15
    where: str = ""
    balance: str = ""
    seed: int = 0
    checkpoint_every: int = 10_000
    grid_every: int = 10_000
    snapshot_every: int = 1_000_000

    def __post_init__(self) -> None:
        require_finite(self, "refiner")
        least = min(self.images, self.coarse_samples, self.checkpoint_every, self.grid_every, self.snapshot_every)
        if least < 1 or min(self.learning_rate, self.critic_rate) <= 0 or not 0 <= self.ema < 1:
            raise ValueError("counts must be at least 1, learning rates above 0, ema in [0, 1)")
        if self.batch < 2 or self.batch % 2 or not 1 <= self.judged <= self.batch // 2:
            raise ValueError(f"batch must be even, and judged from 1 to half of it, not {self.batch} and {self.judged}")
        if not 0 <= self.moved <= self.batch // 2:
            raise ValueError(f"moved must be from 0 to half of batch ({self.batch // 2}), not {self.moved}")
        if min(self.window, self.critic_side) < SMALLEST_SIDE:
            raise ValueError(f"window and critic_side must be at least {SMALLEST_SIDE}")
        weights = (self.l1, self.coarse, self.features, self.lpips, self.adversarial, self.adversarial_after)
        if min(*weights, self.instance_noise) < 0 or self.l1 == 0:
            raise ValueError("weights of losses must not be negative, and l1 not 0")
        shares = (self.whole, self.coarse_only, self.lost_pixels, self.lost_features, self.drop_each, self.drop_every)
        if not all(0 <= share <= 1 for share in (*shares, self.whole + self.coarse_only)):
            raise ValueError("shares and probabilities are from 0 to 1, and whole and coarse_only together as well")
