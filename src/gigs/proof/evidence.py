"""What one comparison says about the true share, in log odds, the scale on which promises and findings are compared."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from gigs.metrics.figure import NORMAL
from gigs.proof.counts import Tally
from gigs.verify.recalibration import expit, logit
from gigs.verify.share import Share

Outcome = Literal["agrees", "fewer", "more"]


@dataclass(frozen=True)
class Evidence:
    """Log odds that buyers take the redesign rather than the product.

    Attributes:
        log_odds: As counted; half a count is added to each, so that none is infinite.
        own: Variance that comes from the redesign's count.
        shared: Variance that comes from the product's count, in common with all redesigns of the same question.
    """

    log_odds: float
    own: float
    shared: float

    @property
    def error(self) -> float:
        """Standard error."""
        return math.sqrt(self.own + self.shared)

    @property
    def of_100(self) -> float:
        """The same as a share of 100."""
        return expit(self.log_odds)


def evidence(product: Tally, redesign: Tally) -> Evidence:
    """What two tallies of one question say.

    Choices give the odds themselves, sales at equal views the ratio of the two rates.

    Source: Gart and Zweifel, Biometrika 54:181 (1967), for both logarithms and their variances.
    """
    theirs, ours = _logarithm(product), _logarithm(redesign)
    return Evidence(ours[0] - theirs[0], own=ours[1], shared=theirs[1])


def _logarithm(tally: Tally) -> tuple[float, float]:
    """Logarithm of a count or a rate, and its variance."""
    if tally.choices is not None:
        return math.log(tally.choices + 0.5), 1 / (tally.choices + 0.5)
    views, sales = (tally.views or 0) + 0.5, (tally.sales or 0) + 0.5
    return math.log(sales / views), 1 / sales - 1 / views


def promise_error(promised: Share) -> float:
    """Standard error of a promise's log odds, from its 95% interval."""
    return (logit(promised.high) - logit(promised.low)) / (2 * NORMAL)


def outcome(promised: Share, found: Evidence) -> Outcome:
    """Whether a finding agrees with its promise: as far from it as both errors explain in 19 of 20 tests.

    Promises that are right, with intervals that are right, agree 95 times in 100, however large the tests are.
    """
    gap = found.log_odds - logit(promised.of_100)
    if abs(gap) <= NORMAL * math.hypot(found.error, promise_error(promised)):
        return "agrees"
    return "more" if gap > 0 else "fewer"
