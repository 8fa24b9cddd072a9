"""What groups that are published together reveal: sums and differences of their means can be means of few people.

A group's mean and number give its members' sum. Several groups can be added and subtracted: everybody minus three age
groups leaves those who belong to none. If that is one person, the result is this person's own vector. So every such
combination of groups that are published together must stand for enough people, or for nobody.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from gigs.audience.base import MINIMUM_USERS, ROUNDING
from gigs.errors import InputError

MOST_COMBINATIONS = 2_000_000  # all combinations of up to 13 groups; of more groups, those with fewer parts
AT_ONCE = 20_000


@dataclass(frozen=True)
class Difference:
    """Groups added and subtracted, and how many people remain: an effective number (Kish 1965) if some count more.

    Attributes:
        plus: Names of the groups that are added.
        minus: Names of the groups that are subtracted.
        users: How many people the result stands for, above 0.
    """

    plus: tuple[str, ...]
    minus: tuple[str, ...]
    users: float

    def words(self) -> str:
        """Such as `everyone without young and old`."""
        return " without ".join(" and ".join(names) for names in (self.plus, self.minus) if names)


def smallest_difference(groups: Mapping[str, np.ndarray]) -> Difference | None:
    """The combination of groups that stands for the fewest people, of two groups or more; None if there is none.

    Args:
        groups: Membership by name of the group, bool `[U]`.
    """
    names = list(groups)
    if len(names) < 2:
        return None
    members = np.stack([np.asarray(groups[name], dtype=bool) for name in names])
    # People who belong to the same groups cannot be told apart by any combination.
    kinds, counts = np.unique(members[:, members.any(0)], axis=1, return_counts=True)
    best: tuple[float, np.ndarray] | None = None
    for signs in _combinations(len(names)):
        weights = np.abs(signs @ kinds.astype(np.float64))
        total, square = weights @ counts, weights**2 @ counts
        effective = np.where(square > 0, total**2 / np.maximum(square, 1), math.inf)
        place = int(effective.argmin())
        if math.isfinite(effective[place]) and (best is None or effective[place] < best[0]):
            best = float(effective[place]), signs[place]
    if best is None:
        return None
    users, signs = best
    plus, minus = (tuple(name for name, own in zip(names, signs, strict=True) if own == sign) for sign in (1, -1))
    return Difference(plus, minus, users)


def require_no_small_difference(
    groups: Mapping[str, np.ndarray], minimum: int = MINIMUM_USERS, *, where: str = ""
) -> None:
    """Refuse to publish groups together if a combination of them stands for few people.

    Args:
        groups: As for `smallest_difference`.
        minimum: Fewest people.
        where: Addition to the message, such as `under the judge lite1`.

    Raises:
        InputError: There is one; the message names it.
    """
    found = smallest_difference(groups)
    if found is not None and found.users < minimum - ROUNDING:
        at = f" {where}" if where else ""
        raise InputError(
            f"audiences {found.words()} are {math.floor(found.users + ROUNDING)} users{at}, whose taste could be "
            f"worked out from theirs, and {minimum} or more are needed: let one of them take those in (`all-but:`), "
            "or leave one out"
        )


def _combinations(groups: int) -> Iterator[np.ndarray]:
    """Signs -1, 0 and 1 of two groups or more, float64 `[C,G]`, the first above 0, in batches; small ones first."""
    left = MOST_COMBINATIONS
    for parts in range(2, groups + 1):
        left -= math.comb(groups, parts) * 2 ** (parts - 1)
        if left < 0:
            return
        each = (
            (chosen, signs)
            for chosen in itertools.combinations(range(groups), parts)
            for signs in itertools.product((1.0, -1.0), repeat=parts - 1)
        )
        while some := list(itertools.islice(each, AT_ONCE)):
            found = np.zeros((len(some), groups))
            for row, (chosen, signs) in enumerate(some):
                found[row, list(chosen)] = (1.0, *signs)
            yield found
