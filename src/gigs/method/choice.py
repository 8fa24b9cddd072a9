"""Which candidates are shown: liked better, within the budget, and different to the eye from the photo and each other.

Fewer than were asked for is better than the same picture twice, or one in which nothing is seen to change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gigs.errors import GigsError

FLOOR = 1.0  # `distinct.apart` below which two pictures are the same to the eye
MARGINS = (4.0, 3.0, 2.5, 2.0, 1.5, 1.25, FLOOR)
FILLING = (1.25, FLOOR)  # the same for what fills the number: the worse it is liked, the less another look is worth
FRONT = 5  # most points of a front


class NothingToShowError(GigsError):
    """No redesign of this photo is both allowed and different from it to the eye."""

    exit_code = 3


@dataclass(frozen=True)
class FrontPoint:
    """A candidate that no other beats with as little change.

    Attributes:
        candidate: Its number.
        change: LPIPS from the photo to it, as it is shown.
        gain: What the targets grant it over the photo, in standard deviations of real items.
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
        asked: Redesigns asked for.
        candidates: Redesigns that were put on the photo and looked at.
        over_budget: Of these, those that change more than the budget allows.
        unseen: Of these, those that look like the photo.
        front: From the least change to the most gain.
    """

    asked: int
    candidates: int
    over_budget: int = 0
    unseen: int = 0
    front: tuple[FrontPoint, ...] = ()


def choose(away: np.ndarray, worth: np.ndarray, n: int, allowed: np.ndarray | None = None) -> list[int]:
    """Rows of at most n worthy pictures, the worthiest first, as different from one another as can be had.

    Those that are worth more than nothing are gone through with ever smaller margins, until n of them are apart by one;
    where they are too few, others fill the number. No margin is below `FLOOR`, and the photo is one of those that each
    has to be apart from: n may not be reached.

    Args:
        away: How far pictures are apart (`distinct.apart`), the photo first, `[1+N,1+N]`.
        worth: `[N]`, above 0 where a picture is liked better than the photo.
        n: How many.
        allowed: Bool `[N]`; all where not given.
    """
    between, seen = away[1:, 1:], away[0, 1:] >= FLOOR
    usable = seen if allowed is None else seen & allowed
    ranked = [int(row) for row in np.argsort(-worth, kind="stable") if usable[row]]
    chosen = _spread([row for row in ranked if worth[row] > 0], [], between, n, MARGINS)
    return _spread([row for row in ranked if worth[row] <= 0], chosen, between, n, FILLING)


def distinct_rows(away: np.ndarray) -> list[int]:
    """Rows, in their order, of pictures that differ from the photo and from all rows before; `away` as in `choose`."""
    kept: list[int] = []
    for row in range(len(away) - 1):
        if all(away[row + 1, other] >= FLOOR for other in (0, *(one + 1 for one in kept))):
            kept.append(row)
    return kept


def front_of(change: np.ndarray, gain: np.ndarray, away: np.ndarray, eligible: np.ndarray) -> list[int]:
    """Rows of candidates of which none is beaten in gain by one of less change, from the least change on.

    At most `FRONT` of them, different to the eye from the photo and from one another; the one of most gain is among
    them.

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
    """Some rows and more of them, in the order of rank, until they are n: by the widest margin that gives so many."""
    chosen = list(before)
    for margin in margins:
        chosen = list(before)
        for row in ranked:
            if len(chosen) < n and all(between[row, other] >= margin for other in chosen):
                chosen.append(row)
        if len(chosen) == n:
            break
    return chosen
