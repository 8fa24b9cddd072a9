"""How many people a test needs to confirm a promised share: buyers who choose, or visitors who see one of two pages.

Both tests are two-sided at 5% and detect what is promised 8 times in 10 (power .8), as is usual.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import bdtr, bdtrik, ndtri

from gigs.errors import InputError
from gigs.verify.share import EVEN

LEVEL = 0.05
POWER = 0.8
TOO_SMALL = 1.0  # points from 50; confirming 51 of 100 takes more than 19,000 choices


def buyers_needed(share: float) -> int | None:
    """Buyers who must choose between product and redesign to distinguish a share from 50 of 100.

    Uses the exact two-sided binomial test with half of the level in each tail. Its power goes up and down as `n` grows,
    because people are whole numbers; this is the least n from which on it stays at or above `POWER`.

    Args:
        share: Promised share, of 100.

    Returns:
        Number of buyers, each asked once; None if the share is within `TOO_SMALL` points of 50.

    Raises:
        InputError: The share is not in `[0,100]`.

    Source: Chernick and Liu, The saw-toothed behavior of power versus sample size, The American Statistician 56 (2002).
    """
    _require_share(share)
    if _too_small(share):
        return None
    p = max(share, 100 - share) / 100  # the test is the same on both sides
    spread = -ndtri(LEVEL / 2) / 2 + -ndtri(1 - POWER) * math.sqrt(p * (1 - p))
    guess = (spread / (p - 0.5)) ** 2  # without rounding to whole people, for which the window below makes room
    numbers = np.arange(1, int(1.2 * guess) + 60)
    short = numbers[exact_power(numbers, p) < POWER]
    return int(short[-1]) + 1 if len(short) else 1


def exact_power(n: np.ndarray, p: float) -> np.ndarray:
    """Power of the exact two-sided test of one half, with half of the level in each tail.

    Args:
        n: Number of buyers asked, `[K]`.
        p: True share that takes the redesign, in `[0,1]`.

    Returns:
        `[K]`, in `[0,1]`.
    """
    most = np.floor(bdtrik(LEVEL / 2, n, 0.5))  # the most choices of the rarer option that are too few
    most = np.where(_at_most(most + 1, n, 0.5) <= LEVEL / 2, most + 1, most)
    most = np.where(_at_most(most, n, 0.5) > LEVEL / 2, most - 1, most)
    return _at_most(most, n, p) + _at_most(most, n, 1 - p)


def _at_most(most: np.ndarray, n: np.ndarray, p: float) -> np.ndarray:
    """Chance that at most so many of `n` take what each takes with chance `p`; 0 below none of them."""
    return np.where(most < 0, 0.0, bdtr(np.maximum(most, 0), n, p))


def views_needed(share: float, conversion: float) -> int | None:
    """Views that each of two variants needs in a shop's A/B test to distinguish a share from 50 of 100.

    The share divides sales at equal views: a redesign with 54 of 100 sells 54/46 times as often as the product.

    Args:
        share: Promised share, of 100.
        conversion: Sales per view of the present product, in `(0,1)`.

    Returns:
        Views of each variant; None if the share is within `TOO_SMALL` points of 50.

    Raises:
        InputError: A number out of its range, or a redesign that would have to sell to every viewer.

    Source: Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions (2003), Eq. 4.14; R's power.prop.test.
    """
    _require_share(share)
    if not 0 < conversion < 1:
        raise InputError(f"conversion {conversion}: give sales for each view, such as 0.02 for 2 sales in 100 views")
    if _too_small(share):
        return None
    other = math.inf if share == 100 else conversion * share / (100 - share)
    if other >= 1:
        raise InputError(f"share {share:g} at conversion {conversion:g}: the redesign would have to sell to everybody")
    both = (conversion + other) / 2
    chance = -ndtri(LEVEL / 2) * math.sqrt(2 * both * (1 - both))
    real = -ndtri(1 - POWER) * math.sqrt(conversion * (1 - conversion) + other * (1 - other))
    return math.ceil(((chance + real) / (other - conversion)) ** 2)


def about(number: int) -> int:
    """A number of people to say aloud: two significant figures, rounded up."""
    step = 10 ** max(0, len(str(number)) - 2)
    return -(-number // step) * step


def _too_small(share: float) -> bool:
    return abs(share - EVEN) <= TOO_SMALL


def _require_share(share: float) -> None:
    if not 0 <= share <= 100:
        raise InputError(f"share {share}: must be a number of buyers of 100, from 0 to 100")
