"""Settings of generator training, and what combinations make no sense."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gigs.errors import InputError, require_finite
from gigs.generator.families.progan import ProGANSettings
from gigs.generator.train.schedule import Growth

OBJECTIVES = ("adversarial", "hybrid")
LOSSES = ("wgan-gp", "nonsaturating", "hinge")
CRITICS = ("pixels", "projected")
FAMILIES = ("progan", "stylegan2")  # that grow; dvbpr-gan has settings of its own
PENALTIES = ("gradient", "finite-difference", "none")


@dataclass(frozen=True, kw_only=True)
class HybridSettings:
    """Weights of the hybrid objective (VAE-GAN, Larsen et al. 2016; in-domain inversion, Zhu et al. 2020)."""

    mse: float = 2.0
    lpips: float = 2.0
    latent: float = 0.05
    noise: float = 0.3
    adversarial: float = 0.15
    adversarial_after: int = 380_000


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """One training run of a progressive GAN.

    `family`: of the generator; `stylegan2` has `network`'s widths, and grows by the same schedule. The critic, and the
    encoder of the hybrid objective, are ProGAN's for both.
    `objective`: `adversarial` is the paper's recipe; `hybrid` trains an encoder beside it. `loss` and `penalty`:
    Karras et al. use `wgan-gp`, whose penalty is its own; `nonsaturating` takes R1, exact (`gradient`) or estimated
    (`finite-difference`). `critic`: `projected` judges a frozen network's features (Sauer et al. 2021) by the hinge
    loss, needs no penalty, and its gradient is scaled to `hybrid.adversarial` times the reconstruction loss's at the
    pixels. `balance`: column of the item table; photos are drawn with 1/sqrt(how many share the value). `ema`: decay
    per batch of the averaged weights, which are what is saved as the generator. `snapshot_every`: images between two
    generators kept under `snapshots/`, for the curve that `gigs evaluate generator` draws.
    """

    network: ProGANSettings = field(default_factory=ProGANSettings)
    growth: Growth = field(default_factory=Growth)
    hybrid: HybridSettings = field(default_factory=HybridSettings)
    family: str = "progan"
    objective: str = "hybrid"
    loss: str = "nonsaturating"
    critic: str = "pixels"
    penalty: str = "finite-difference"
    penalty_weight: float = 1.0
    penalty_every: int = 8
    images: int = 400_000
    batch: int = 32
    learning_rate: float = 2e-3
    ema: float = 0.998
    augment: bool = True
    where: str = ""
    balance: str = ""
    seed: int = 0
    checkpoint_every: int = 20_000
    grid_every: int = 20_000
    snapshot_every: int = 50_000

    def __post_init__(self) -> None:
        require_finite(self, "generator")
        require_finite(self.hybrid, "generator")
        for name, value, known in (
            ("family", self.family, FAMILIES),
            ("objective", self.objective, OBJECTIVES),
            ("loss", self.loss, LOSSES),
            ("penalty", self.penalty, PENALTIES),
            ("critic", self.critic, CRITICS),
        ):
            if value not in known:
                known = (*known, "dvbpr-gan") if name == "family" else known
                raise ValueError(f"{name} must be one of {', '.join(known)}, not {value!r}")
        if self.loss == "wgan-gp" and (self.penalty != "gradient" or self.penalty_every != 1):
            raise ValueError("wgan-gp needs penalty='gradient' with penalty_every=1: without it the critic diverges")
        if (self.critic == "projected") != (self.loss == "hinge"):
            raise ValueError("the projected critic goes with loss='hinge', and only it does")
        if self.critic == "projected" and (self.penalty != "none" or self.objective != "hybrid"):
            raise ValueError("the projected critic goes with objective='hybrid' and penalty='none'")
        if self.objective == "hybrid" and self.batch < 2:
            raise ValueError("the hybrid objective needs a batch of 2 or more: the critic sees half of it as samples")
        every = (self.penalty_every, self.checkpoint_every, self.grid_every, self.snapshot_every)
        if min(self.images, self.batch, *every) < 1:
            raise ValueError("images, batch and every `_every` must be positive")
        if not 0 < self.ema < 1 or self.learning_rate <= 0:
            raise ValueError("ema must be in (0, 1) and learning_rate positive")
        self.growth.check(self.network.resolution)


def network_settings(*, resolution: int, fmap_base: int | None = None, fmap_max: int | None = None) -> ProGANSettings:
    """Sizes of a new network; None takes the default.

    Raises:
        InputError: Impossible sizes.
    """
    try:
        return ProGANSettings(resolution=resolution, **_given({"fmap_base": fmap_base, "fmap_max": fmap_max}))
    except ValueError as error:
        raise InputError(f"generator settings: {error}") from error


def train_settings(
    network: ProGANSettings,
    growth: Growth,
    hybrid: HybridSettings,
    *,
    loss: str = "nonsaturating",
    critic: str = "pixels",
    augment: bool | None = None,
    **changes: Any,
) -> TrainSettings:
    """Settings from what a user chose; `wgan-gp` brings its own penalty and, unless asked for, no augmentation; the
    projected critic brings its own loss and no penalty. `changes`: further ones of `TrainSettings`; None takes the
    default.

    Raises:
        InputError: Impossible values or pairs of values.
    """
    if critic == "projected":
        loss = "hinge"
        changes |= {"penalty": "none"}
    if loss == "wgan-gp":
        changes |= {"penalty": "gradient", "penalty_every": 1}
    try:
        return TrainSettings(
            network=network,
            growth=growth,
            hybrid=hybrid,
            critic=critic,
            augment=loss != "wgan-gp" if augment is None else augment,
            loss=loss,
            **_given(changes),
        )
    except ValueError as error:
        raise InputError(f"generator settings: {error}") from error


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Without those that were left to the default."""
    return {name: value for name, value in options.items() if value is not None}
