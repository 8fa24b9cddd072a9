"""How many independent judges a panel has: judges with the same backbone or the same buyers share errors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np


def effective_number(groups: Sequence[Hashable]) -> float:
    """The effective number of members of a mean, if members of one group make the same errors (Kish 1965).

    Args:
        groups: Group of each member, at least one member. All different give their number, all equal give 1.
    """
    counts = np.array(list(Counter(groups).values()), dtype=np.float64)
    return float(counts.sum() ** 2 / np.square(counts).sum())


def error_of_mean(errors: Sequence[float], groups: Sequence[Hashable]) -> float:
    """Standard error of a mean whose members share errors within a group and are independent between groups.

    Args:
        errors: Standard error of each member, 0 or more.
        groups: Group of each member.
    """
    sums = dict[Hashable, float]()
    for error, group in zip(errors, groups, strict=True):
        sums[group] = sums.get(group, 0.0) + error
    return float(np.sqrt(np.square(list(sums.values())).sum()) / len(errors))


def others_of(eyes: Sequence[Hashable], place: int) -> list[int]:
    """Positions of the judges whose backbone differs from that of the judge at `place`."""
    return [other for other, own in enumerate(eyes) if own != eyes[place]]
