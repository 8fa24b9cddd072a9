"""How many judges a panel really has: those of the same eyes err alike, those who know the same buyers err together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np


def effective_number(groups: Sequence[Hashable]) -> float:
    """Of how many independent members a mean is worth, where members of one group err alike (Kish 1965).

    Args:
        groups: Of each member, one or more. All different give their number, all the same give 1.
    """
    counts = np.array(list(Counter(groups).values()), dtype=np.float64)
    return float(counts.sum() ** 2 / np.square(counts).sum())


def error_of_mean(errors: Sequence[float], groups: Sequence[Hashable]) -> float:
    """Standard error of a mean whose members err together within a group, and independently between groups.

    Args:
        errors: Standard error of each member, 0 or more.
        groups: Of each member.
    """
    sums = dict[Hashable, float]()
    for error, group in zip(errors, groups, strict=True):
        sums[group] = sums.get(group, 0.0) + error
    return float(np.sqrt(np.square(list(sums.values())).sum()) / len(errors))


def others_of(eyes: Sequence[Hashable], place: int) -> list[int]:
    """Places of the judges that look through other eyes than the one at a place."""
    return [other for other, own in enumerate(eyes) if own != eyes[place]]
