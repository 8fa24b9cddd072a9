"""A private audience: its mean taste vector clipped and noised, so that it reveals little about any one member.

Every member's vector is clipped to a ball around the taste of all the pack's buyers, and the mean of them is released
with normal noise (the Gaussian mechanism, Dwork et al. 2006; calibrated exactly, Balle & Wang 2018, by Google's
`dp-accounting`). Two audiences of one size that differ in one member are then told apart no better than (epsilon,
delta) allows. Anything computed from the released vector, such as shrinking it by what is known of tastes in general,
costs no further privacy.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gigs.audience.taste import Taste, shares_of, taste_of
from gigs.errors import InputError

SCOPE = (
    "It covers what this audience's taste vectors give away about one member, given how many members there are and by "
    "which rule they were chosen. It does not cover the recommenders, which were trained without such a promise, nor "
    "segments, which were found in the buyers' own vectors."
)
LIKELY = 0.1  # largest delta times members of a meaningful promise
REACH = 0.5  # share of real items' median distance from everybody's taste: buyers of several items are nearer


@dataclass(frozen=True, kw_only=True)
class PrivacySettings:
    """How much may be revealed.

    Attributes:
        epsilon: Less is more private; 1 is usual.
        delta: Probability that the promise fails; well below one over the number of members.
    """

    epsilon: float
    delta: float = 1e-6

    def __post_init__(self) -> None:
        if not 0 < self.epsilon <= 100:
            raise InputError(f"`epsilon` {self.epsilon}: must be above 0 and at most 100 (1 is usual)")
        if not 0 < self.delta < 0.1:
            raise InputError(f"`delta` {self.delta}: must be above 0 and well below 1 / the number of members")


def require_delta(settings: PrivacySettings, members: int) -> None:
    """Refuse a delta that allows a member to be exposed: at 1 / members, one is exposed on average.

    Raises:
        InputError: It is above a tenth of that.
    """
    if settings.delta * members > LIKELY:
        raise InputError(
            f"`delta` {settings.delta:g}: too large for {members} members, as one of them might be "
            f"identified; give at most {LIKELY / members:.0e}"
        )


@dataclass(frozen=True)
class Promise:
    """What was done, and what it promises.

    Attributes:
        epsilon: Epsilon of all released vectors together.
        delta: Delta of the same.
        releases: Number of released vectors, one per scorer, to which one member contributes.
        bounds: By scorer, the radius to which members' vectors were clipped.
        noise: By scorer, the standard deviation of the noise on each number.
    """

    epsilon: float
    delta: float
    releases: int
    bounds: dict[str, float]
    noise: dict[str, float]

    def record(self) -> dict[str, Any]:
        """JSON-able, with the promise in words."""
        return {
            "epsilon": self.epsilon,
            "delta": self.delta,
            "mechanism": "Gaussian, on the mean of clipped taste vectors",
            "neighbours": "one member replaced by anybody else; how many members there are is public",
            "released": "one taste vector a scorer, and what follows from it; how members differ is what is known of "
            "all the pack's buyers, and nothing else of the members is in the file",
            "releases": self.releases,
            "bounds": self.bounds,
            "noise": self.noise,
            "scope": SCOPE,
        }


def noise_multiplier(settings: PrivacySettings, releases: int = 1) -> float:
    """Standard deviation of the noise, over the sensitivity of one release.

    Args:
        settings: Epsilon and delta of all releases together.
        releases: Number of releases to which one member contributes, each with noise in units of its own sensitivity.

    Raises:
        InputError: `dp-accounting` is not installed.
    """
    try:
        from dp_accounting import get_sigma_gaussian  # an extra, and slow to import
    except ImportError as error:
        raise InputError("private audiences need dp-accounting: pip install 'gigs[privacy]'") from error
    return float(get_sigma_gaussian(settings.epsilon, settings.delta)) * math.sqrt(releases)


@dataclass(frozen=True)
class PublicKnowledge:
    """The public knowledge of a pack under one scorer, by which a private taste is clipped and shrunk.

    Attributes:
        items: phi of the pack's real items, `[N,K]`.
        everybody: The pack's taste of all buyers: the centre of the ball, and how tastes differ.
        fixed: Last coordinates that are the same for everybody and need no noise.
    """

    items: Tensor
    everybody: Taste
    fixed: int = 0

    @property
    def width(self) -> int:
        """Coordinates that differ among people."""
        return self.items.shape[1] - self.fixed

    @property
    def bound(self) -> float:
        """The radius to clip members' vectors to."""
        return REACH * float((self.items - self.everybody.theta)[:, : self.width].norm(dim=1).median())


def bound_of(items: Tensor, everybody: Taste, fixed: int = 0) -> float:
    """The radius to clip to, computed from public data alone; see `PublicKnowledge`."""
    return PublicKnowledge(items, everybody, fixed).bound


def private_taste(
    factors: Tensor,
    items: Tensor,
    everybody: Taste,
    multiplier: float,
    *,
    fixed: int = 0,
    weights: Tensor | None = None,
) -> tuple[Taste, float]:
    """The taste of an audience with noise on it, and the noise's standard deviation.

    The operating system seeds the noise, because with a known seed it could be removed again.

    Args:
        factors: Members' vectors, `[U,K]`.
        items: phi of the pack's real items, `[N,K]`; see `PublicKnowledge` for this and the next.
        everybody: The pack's taste of all buyers.
        multiplier: `noise_multiplier`.
        fixed: Last coordinates that are the same for everybody and need no noise.
        weights: `[U]`, above 0; they count as public.
    """
    rng = torch.Generator().manual_seed(secrets.randbits(63))
    return noised_taste(factors, PublicKnowledge(items, everybody, fixed), multiplier, weights=weights, rng=rng)


def noised_taste(
    factors: Tensor, public: PublicKnowledge, multiplier: float, *, weights: Tensor | None = None, rng: torch.Generator
) -> tuple[Taste, float]:
    """As `private_taste`, with noise from a given generator: for measuring the cost of noise, never for release."""
    items, everybody, width, bound = public.items, public.everybody, public.width, public.bound
    shares = shares_of(torch.ones(len(factors)) if weights is None else weights)
    away = (factors - everybody.theta).double()[:, :width]
    away *= (bound / away.norm(dim=1, keepdim=True).clamp_min(1e-12)).clamp_max(1.0)
    sigma = multiplier * 2 * bound * float(shares.max())  # one member moves the mean by a diameter times their share
    noisy = shares @ away + sigma * torch.randn(width, generator=rng, dtype=torch.float64)
    theta = everybody.theta.double().clone()
    theta[:width] += pulled_back(noisy, everybody.covariance.double()[:width, :width], sigma)
    taste = taste_of(theta[None], items.double() @ theta)
    private = Taste(
        users=len(factors), theta=taste.theta, covariance=everybody.covariance, mean=taste.mean, spread=taste.spread,
        effective=1 / float(shares.square().sum()), noise=sigma,
    )  # fmt: skip
    return private, sigma


def pulled_back(noisy: Tensor, covariance: Tensor, sigma: float) -> Tensor:
    """The most likely true value of a noisy deviation `[K]`, if tastes differ as `covariance` says (empirical Bayes).

    The audiences' distance from everybody is estimated from the noisy vector itself, so nothing more is revealed.
    """
    excess = float(noisy.square().sum()) - len(noisy) * sigma**2
    share = max(0.0, excess) / max(1e-12, float(covariance.trace()))
    prior = share * covariance
    return torch.linalg.solve(prior + sigma**2 * torch.eye(len(noisy), dtype=noisy.dtype), prior @ noisy)


def promise(
    settings: PrivacySettings, releases: int, bounds: Mapping[str, float], noise: Mapping[str, float]
) -> Promise:
    """The promise for `result.json`, numbers rounded for reading."""
    return Promise(
        settings.epsilon,
        settings.delta,
        releases,
        {name: round(value, 6) for name, value in bounds.items()},
        {name: round(value, 6) for name, value in noise.items()},
    )
