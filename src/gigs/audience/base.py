"""What an audience is, and how small it may be."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from gigs.errors import InputError

EVERYONE = "everyone"
MINIMUM_USERS = 50  # a smaller mean says too much about its members
SAMPLE = 32  # users that stand for an audience where a score is not linear


@dataclass(frozen=True)
class Audience:
    """A named group of users and the mean of their factors, theta `[K]`.

    `sample`: factors `[S,K]` of users who stand for all of them, for a recommender whose score is not linear.
    `covariance`: of their factors, `[K,K]`, where it is known: what an objective other than the mean goes by.
    `privacy`: what was promised to its members (`privacy.Promise`), as `result.json` has it; None for nothing.
    """

    name: str
    users: int
    theta: Tensor
    sample: Tensor | None = None
    covariance: Tensor | None = None
    privacy: dict[str, object] | None = None

    @property
    def scored_users(self) -> int:
        """Users whose mean score is optimised: all of them, or the sample."""
        return self.users if self.sample is None else len(self.sample)


def require_minimum(audience: Audience, minimum: int = MINIMUM_USERS) -> None:
    """Refuse an audience so small that a result would tell what single people like.

    Raises:
        InputError: It has fewer users.
    """
    require_enough(audience.name, audience.users, minimum)


def require_enough(name: str, users: int, minimum: int = MINIMUM_USERS) -> None:
    """As `require_minimum`, before there is an audience.

    Raises:
        InputError: There are fewer users.
    """
    if not users:
        raise InputError(
            f"audience {name!r}: nobody is in it who bought something in training; choose a wider audience"
        )
    if users < minimum:
        raise InputError(
            f"audience {name!r} has {users} users, and {minimum} or more are needed: the taste of so few people can be "
            f"read off the result; choose a wider audience (--min-audience {users} is for people who agreed to it)"
        )
