"""Promised shares corrected by what tests with people found: an increasing map on the log odds of the share."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gigs.errors import InputError, ModelError
from gigs.io import storage
from gigs.metrics.figure import NORMAL
from gigs.verify.share import Share, is_number

SCHEMA = 1
EDGE = 0.5  # of 100, because a share of 0 or 100 has no log odds


@dataclass(frozen=True, kw_only=True)
class Recalibration:
    """`logit(true share) = intercept + slope * logit(promised share)`, with its uncertainty.

    Attributes:
        intercept: Log odds of the true share if 50 of 100 is promised; 0 changes nothing.
        slope: How much of a promise holds: 1 changes nothing, 0.5 halves its log odds; never below 0, so that promises
            keep their order.
        variances: Variance of the intercept, covariance, variance of the slope.
        extra: Standard deviation of true log odds around the map, beyond what the promises' own intervals explain.
        tests: How many tests it was learned from.
        redesigns: How many promises these tests covered.
    """

    intercept: float = 0.0
    slope: float = 1.0
    variances: tuple[float, float, float] = (0.0, 0.0, 0.0)
    extra: float = 0.0
    tests: int = 0
    redesigns: int = 0

    def __post_init__(self) -> None:
        numbers = (self.intercept, self.slope, *self.variances, self.extra, self.tests, self.redesigns)
        if len(self.variances) != 3 or not all(map(is_number, numbers)):
            raise InputError(f"recalibration: not all of its values are numbers in {self}")
        first, both, second = self.variances
        if min(self.slope, self.extra, self.tests, self.redesigns, first, second) < 0:
            raise InputError(f"recalibration: slope, extra, variances and counts are never below 0 in {self}")
        if both * both > first * second * (1 + 1e-9):
            raise InputError(f"recalibration: {self.variances} are no variances")

    def __call__(self, share: Share) -> Share:
        """A promised share, corrected; its interval grows by the uncertainty of the map."""
        middle = logit(share.of_100)
        map_error = self._variance(middle)
        down = math.hypot(self.slope * (middle - logit(share.low)), NORMAL * math.sqrt(map_error))
        up = math.hypot(self.slope * (logit(share.high) - middle), NORMAL * math.sqrt(map_error))
        moved = self.intercept + self.slope * middle
        return Share(expit(moved), expit(moved - down), expit(moved + up))

    def undo(self, share: Share) -> Share | None:
        """The promise before this correction; None if the correction keeps nothing of promises (a slope of 0)."""
        if self.slope == 0:
            return None
        moved = logit(share.of_100)
        middle = (moved - self.intercept) / self.slope
        down, up = (
            math.sqrt(max(0.0, reach**2 - NORMAL**2 * self._variance(middle))) / self.slope
            for reach in (moved - logit(share.low), logit(share.high) - moved)
        )
        return Share(expit(middle), expit(middle - down), expit(middle + up))

    def _variance(self, middle: float) -> float:
        """Of true log odds around the map, where a promise has these."""
        first, both, second = self.variances
        return max(0.0, first + 2 * both * middle + second * middle * middle) + self.extra**2

    def write(self, path: Path) -> Path:
        """Write JSON that `read` understands."""
        return storage.write_json(Path(path), {"schema": SCHEMA, **asdict(self)})

    @classmethod
    def read(cls, path: Path) -> Recalibration:
        """Read what `write` wrote.

        Raises:
            ModelError: There is no such file, or it is of another kind.
        """
        content = storage.read_json(Path(path))
        if not isinstance(content, dict) or content.get("schema") != SCHEMA:
            raise ModelError(
                f"{path}: not a recalibration that this version of gigs reads; write it with `gigs results`"
            )
        try:
            return cls(**_arguments(content))
        except (InputError, TypeError) as error:
            raise ModelError(f"{path}: damaged ({error}); write it again with `gigs results`") from error


def _arguments(content: dict[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in content.items() if name != "schema"}
    return given | {"variances": tuple(given["variances"])} if "variances" in given else given


def logit(of_100: float) -> float:
    """Log odds of a share of 100, kept `EDGE` away from 0 and 100."""
    share = min(max(of_100, EDGE), 100 - EDGE) / 100
    return math.log(share / (1 - share))


def expit(log_odds: float) -> float:
    """The share of 100 that has these log odds."""
    return float(100 / (1 + np.exp(-np.clip(log_odds, -30, 30))))
