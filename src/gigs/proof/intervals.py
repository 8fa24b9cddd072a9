"""Intervals of what a test counted: shares of choices, differences and shares of sales."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import betainc, betaincinv
from scipy.stats import binomtest, norm

from gigs.verify.share import Share

COVERAGE = 0.95
POINTS = 1000  # of the sum that stands for an integral: the ends are right to .01 of 100


@dataclass(frozen=True)
class Difference:
    """How many more of 100 views of the redesign end in a sale, with an interval; below 0 for fewer."""

    of_100: float
    low: float
    high: float


def simultaneous(comparisons: int, coverage: float = COVERAGE) -> float:
    """Coverage of each interval so that all of them hold together: Bonferroni's, right whatever they have in common.

    Args:
        comparisons: How many redesigns are compared with the product in one test.
        coverage: Of all of them together.
    """
    return 1 - (1 - coverage) / max(1, comparisons)


def chosen_share(redesign: int, product: int, coverage: float = COVERAGE) -> Share:
    """Share of those who picked one of the two that picked the redesign, with Wilson's interval.

    Args:
        redesign: Choices of the redesign.
        product: Choices of the product as it is; one of the two above 0.
        coverage: Of the interval.

    Source: Wilson (1927); recommended by Newcombe, Statistics in Medicine 17:857 (1998).
    """
    found = binomtest(redesign, redesign + product).proportion_ci(coverage, method="wilson")
    value = redesign / (redesign + product)
    # Rounding alone can put an end of the interval beyond a value of 0 or 1.
    return Share(100 * value, 100 * min(value, float(found.low)), 100 * max(value, float(found.high)))


def sold_share(redesign: tuple[int, int], product: tuple[int, int], coverage: float = COVERAGE) -> Share:
    """Of 100 sales at equal views, how many are of the redesign.

    The two rates have beta distributions given what was counted (Jeffreys' prior), and the interval cuts equal tails
    off the distribution of `r / (r + p)`.

    Args:
        redesign: Its views and its sales.
        product: The same of the product as it is; one of the two sold.
        coverage: Of the interval.

    Source: Agresti and Min, Biometrics 61:515 (2005), who find such intervals to cover well for ratios too.
    """
    rates = [sales / views for views, sales in (redesign, product)]
    value = rates[0] / (rates[0] + rates[1])
    ours, theirs = ((sales + 0.5, views - sales + 0.5) for views, sales in (redesign, product))
    product_rates = betaincinv(*theirs, (np.arange(POINTS) + 0.5) / POINTS)

    def end(tail: float) -> float:
        """The share below which the distribution has this much."""

        def beyond(log_odds: float) -> float:
            return float(betainc(*ours, np.minimum(1.0, math.exp(log_odds) * product_rates)).mean()) - tail

        return 1 / (1 + math.exp(-float(brentq(beyond, -40, 40, xtol=1e-9))))

    low, high = end((1 - coverage) / 2), end((1 + coverage) / 2)
    return Share(100 * value, 100 * min(value, low), 100 * max(value, high))


def sold_difference(redesign: tuple[int, int], product: tuple[int, int], coverage: float = COVERAGE) -> Difference:
    """Sales of 100 views of the redesign less those of the product, with Newcombe's interval from two of Wilson's.

    Args:
        redesign: Its views and its sales.
        product: The same of the product as it is.
        coverage: Of the interval.

    Source: Newcombe, Statistics in Medicine 17:873 (1998), method 10.
    """
    ours, theirs = (chosen_share(sales, views - sales, coverage) for views, sales in (redesign, product))
    value = ours.of_100 - theirs.of_100
    down = math.hypot(ours.of_100 - ours.low, theirs.high - theirs.of_100)
    up = math.hypot(ours.high - ours.of_100, theirs.of_100 - theirs.low)
    return Difference(value, value - down, value + up)


def uneven_chance(first: int, second: int) -> float:
    """How often visitors split evenly and by chance would divide at least as unevenly, in `[0,1]`."""
    total = first + second
    return float(2 * norm.sf(abs(first - second) / math.sqrt(total))) if total else 1.0
