"""Which candidates are shown: liked better, within the budget, and visibly different from the photo and each other.

Fewer pictures than requested are better than the same picture twice, or one without a visible change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gigs.errors import GigsError

FLOOR = 1.0  # `distinct.apart` below which two pictures look the same
MARGINS = (4.0, 3.0, 2.5, 2.0, 1.5, 1.25, FLOOR)
FILLING = (1.25, FLOOR)  # the same for the pictures that fill up the number: variety counts less for worse-liked ones
FRONT = 5  # most points of a front


class NothingToShowError(GigsError):
    """No redesign of this photo is both allowed and visibly different from it."""

    exit_code = 3


@dataclass(frozen=True)
class FrontPoint:
    """A candidate such that no other changes as little and gains as much.

    Attributes:
        candidate: Its index.
        change: LPIPS from the photo to it, as it is shown.
        gain: Its gain over the photo by the targets, in standard deviations of real items.
        picture: Reduced, uint8 `[h,w,3]`.
    """

    candidate: int
    change: float
    gain: float
    picture: np.ndarray


@dataclass(frozen=True)
class Choice:
    """How the redesigns that are shown were chosen.

    Attributes:
        asked: Redesigns requested.
        candidates: Redesigns that were put on the photo and scored.
        over_budget: Of these, those that change more than the budget allows.
        unseen: Of these, those that look the same as the photo.
        front: From the least change to the most gain.
    """

    asked: int
    candidates: int
    over_budget: int = 0
    unseen: int = 0
    front: tuple[FrontPoint, ...] = ()


def choose(away: np.ndarray, worth: np.ndarray, n: int, allowed: np.ndarray | None = None) -> list[int]:
    """Rows of at most n pictures, best first, chosen for worth and for being different from one another.

    Pictures of positive worth are tried with decreasing margins until n of them keep one margin. If they are too few,
    others fill the remaining places. No margin is below `FLOOR`, and every picture must also be apart from the photo,
    so fewer than n may be returned.

    Args:
        away: Distances between pictures (`distinct.apart`), the photo first, `[1+N,1+N]`.
        worth: `[N]`, above 0 if a picture is liked better than the photo.
        n: How many at most.
        allowed: Bool `[N]`; all if not given.
    """
    between, seen = away[1:, 1:], away[0, 1:] >= FLOOR
    usable = seen if allowed is None else seen & allowed
    ranked = [int(row) for row in np.argsort(-worth, kind="stable") if usable[row]]
    chosen = _spread([row for row in ranked if worth[row] > 0], [], between, n, MARGINS)
    return _spread([row for row in ranked if worth[row] <= 0], chosen, between, n, FILLING)


def distinct_rows(away: np.ndarray) -> list[int]:
    """Rows, in order, of pictures that differ from the photo and from all earlier rows; `away` as in `choose`."""
    kept: list[int] = []
    for row in range(len(away) - 1):
        if all(away[row + 1, other] >= FLOOR for other in (0, *(one + 1 for one in kept))):
            kept.append(row)
    return kept


def front_of(change: np.ndarray, gain: np.ndarray, away: np.ndarray, eligible: np.ndarray) -> list[int]:
    """Rows of the candidates for which no other changes less and gains as much, from the least change on.

    At most `FRONT` of them, visibly different from the photo and from one another, the one of most gain included.

    Args:
        change: `[N]`.
        gain: `[N]`.
        away: As in `choose`.
        eligible: Bool `[N]`.
    """
    rising: list[int] = []
    for row in map(int, np.argsort(change, kind="stable")):
        if eligible[row] and away[0, row + 1] >= FLOOR and gain[row] > max([0.0, *gain[rising]]):
            rising.append(row)
    kept: list[int] = []
    for row in reversed(rising):
        if all(away[row + 1, other + 1] >= FLOOR for other in kept):
            kept.append(row)
    kept.reverse()
    if len(kept) <= FRONT:
        return kept
    return [kept[round(place)] for place in np.linspace(0, len(kept) - 1, FRONT)]


def _spread(
    ranked: Sequence[int], before: Sequence[int], between: np.ndarray, n: int, margins: Sequence[float]
) -> list[int]:
    """The rows in `before` and further ones by rank, up to n, at the widest margin that gives so many."""
    chosen = list(before)
    for margin in margins:
        chosen = list(before)
        for row in ranked:
            if len(chosen) < n and all(between[row, other] >= margin for other in chosen):
                chosen.append(row)
        if len(chosen) == n:
            break
    return chosen
