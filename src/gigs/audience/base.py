"""What an audience is, and how small it may be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import Tensor

from gigs.audience.taste import Taste
from gigs.errors import InputError

EVERYONE = "everyone"
MINIMUM_USERS = 50  # a smaller mean reveals too much about its members
ROUNDING = 1e-6  # of an effective number: fifty equal weights may be rounded to slightly below 50
SAMPLE = 32  # users that represent an audience if a score is not linear


@dataclass(frozen=True)
class Audience:
    """A named group of users, and everything that is stored of their taste.

    Attributes:
        name: Short name.
        users: Number of users.
        theta: Mean of their factors under the target, `[K]`.
        sample: Factors `[S,K]` of users who stand for all of them, for a recommender whose score is not linear.
        covariance: Of their factors under the target, `[K,K]`, if known; objectives other than
            the mean use it.
        privacy: What was promised to its members (`privacy.Promise`), as in `result.json`; None if nothing was.
        label: Description in words; by default the name.
        tastes: Tastes by scorer of a pack, including the target; empty if no judges know the audience.
        quantiles: Of the real items' scores under the target, evenly spaced from 0 to 1; empty if not known.
        origin: Source of an audience that its pack does not know: `from`, `pack`, `scorers` (hashes of their
            files), `members` (`own halves`: under each scorer those of the buyers it was trained with; `all`:
            everybody under each), `description`.
    """

    name: str
    users: int
    theta: Tensor
    sample: Tensor | None = None
    covariance: Tensor | None = None
    privacy: dict[str, object] | None = None
    label: str = ""
    tastes: Mapping[str, Taste] = field(default_factory=dict)
    quantiles: tuple[float, ...] = ()
    origin: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.label:
            object.__setattr__(self, "label", self.name)

    @classmethod
    def of_tastes(cls, name: str, tastes: Mapping[str, Taste], **more: Any) -> Audience:
        """From tastes by scorer, the target's first; `more` are further attributes."""
        taste = next(iter(tastes.values()))
        return cls(name, taste.users, taste.theta, covariance=taste.covariance, tastes=dict(tastes), **more)

    @property
    def scored_users(self) -> int:
        """Users whose mean score is optimised: all of them, or the sample."""
        return self.users if self.sample is None else len(self.sample)

    @property
    def counted(self) -> float:
        """The smallest number of members behind any of its vectors, by halves and by effective weight."""
        return min([float(self.users), *(taste.counted for taste in self.tastes.values())])

    def percentile(self, score: float) -> float | None:
        """Share of the real items in `[0,1]` that score lower; None if that is not known."""
        if not self.quantiles:
            return None
        return float(np.interp(score, self.quantiles, np.linspace(0, 1, len(self.quantiles))))


def require_minimum(audience: Audience, minimum: int = MINIMUM_USERS) -> None:
    """Refuse an audience so small that a result would reveal what single people like.

    Raises:
        InputError: Fewer users stand behind one of its vectors.
    """
    require_enough(audience.name, audience.users, minimum, counted=audience.counted)


def require_enough(name: str, users: int, minimum: int = MINIMUM_USERS, *, counted: float | None = None) -> None:
    """As `require_minimum`, before the audience exists.

    Args:
        name: Name of the audience.
        users: Number of users.
        minimum: Least number.
        counted: Effective number of users if they have weights; by default all.

    Raises:
        InputError: There are fewer users, or they count as fewer.
    """
    if not users:
        raise InputError(
            f"audience {name!r}: none of its users bought anything in the training data; choose a wider audience"
        )
    if users < minimum:
        raise InputError(
            f"audience {name!r} has {users} users, but at least {minimum} are needed: the result would reveal "
            f"the taste of so few people; choose a wider audience (or set `min_audience` to {users}, if these "
            "people agreed)"
        )
    if counted is not None and not counted >= minimum - ROUNDING:
        least = max(1, math.floor(counted + ROUNDING))
        raise InputError(
            f"audience {name!r} has {users} users, but with its weights it counts as {least} under one of the "
            f"models, and at least {minimum} are needed: the result would reveal the taste of the few who weigh "
            f"most; give more even weights, or choose a wider audience (or set `min_audience` to {least}, if "
            "these people agreed)"
        )
