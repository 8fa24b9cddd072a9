"""Settings of an autoencoder's training, and what combinations make no sense."""

from __future__ import annotations

from dataclasses import dataclass, field

from gigs.errors import require_finite
from gigs.generator.families.autoencoder import AutoencoderSettings
from gigs.vision.lpips import SMALLEST_SIDE


@dataclass(frozen=True, kw_only=True)
class AutoencoderTrainSettings:
    """One training run of an autoencoder.

    `crop`: side in pixels of the piece of each photo that a step sees. `judged`: how many photos of a batch LPIPS and
    the critic look at, in a piece of side `window`, for they cost more than all the rest. `l1`, `coarse`, `lpips`,
    `kl`: weights of the losses, of pixels in `[-1,1]`, of their means over what one of the latents' places covers, and
    of the mean over the latents; LPIPS joins in after `lpips_after` images. `adversarial`: the length of the critic's
    gradient at the pixels, as a share of the other losses' there; it sets in after `adversarial_after` images. `noise`:
    standard deviation, at most, of noise added to a photo's latents, whose strongest component has 1; how much is drawn
    for each photo. `redrawn`: how many photos of a batch, at most half, have latents that a flow has drawn anew, of
    whole pictures; 0 without a flow. `ema`: decay per batch of the averaged weights, which are what is saved. `where`:
    condition on the item table. `balance`: column of it; photos are drawn with 1/sqrt(how many share the value).
    """

    network: AutoencoderSettings = field(default_factory=AutoencoderSettings)
    images: int = 200_000
    batch: int = 8
    learning_rate: float = 2e-4
    ema: float = 0.999
    crop: int = 64
    window: int = 48
    judged: int = 2
    l1: float = 1.0
    coarse: float = 1.0
    lpips: float = 1.0
    lpips_after: int = 0
    kl: float = 1e-5
    adversarial: float = 0.2
    adversarial_after: int = 60_000
    noise: float = 0.0
    redrawn: int = 0
    where: str = ""
    balance: str = ""
    seed: int = 0
    checkpoint_every: int = 4_000
    grid_every: int = 4_000
    snapshot_every: int = 1_000_000

    def __post_init__(self) -> None:
        require_finite(self, "autoencoder")
        factor = self.network.factor
        if not factor <= self.crop <= self.network.resolution or self.crop % factor:
            raise ValueError(f"crop must be a multiple of {factor}, at most {self.network.resolution}, not {self.crop}")
        if not SMALLEST_SIDE <= self.window <= self.crop:
            raise ValueError(f"window must be from {SMALLEST_SIDE} to crop ({self.crop}), not {self.window}")
        if self.judged > self.batch:
            raise ValueError(f"judged must be at most batch ({self.batch}), not {self.judged}")
        if self.noise < 0 or not 0 <= self.redrawn <= self.batch // 2:
            raise ValueError("noise must not be negative, and redrawn must be at most half of batch")
        if self.redrawn and self.crop != self.network.resolution:
            raise ValueError(f"with redrawn, crop must be resolution ({self.network.resolution}), not {self.crop}")
        least = min(self.images, self.batch, self.judged, self.checkpoint_every, self.grid_every)
        if min(least, self.snapshot_every) < 1 or self.learning_rate <= 0 or not 0 <= self.ema < 1:
            raise ValueError("counts must be at least 1, learning_rate above 0, ema in [0, 1)")
        if (
            min(self.l1, self.coarse, self.lpips, self.lpips_after, self.kl, self.adversarial, self.adversarial_after)
            < 0
        ):
            raise ValueError("weights of losses must not be negative")
