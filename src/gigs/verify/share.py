"""The share of buyers that a redesign wins: of 100 who choose between the present product and the redesign."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gigs.errors import InputError

EVEN = 50.0  # of 100: neither is liked better


@dataclass(frozen=True)
class Share:
    """Of 100 buyers who choose between the present product and the redesign, how many take the redesign.

    Attributes:
        of_100: Buyers of 100, in `[0,100]`; 50 means that neither is liked better than the other.
        low: Lower end of the 95% interval.
        high: Upper end of the 95% interval.

    Raises:
        InputError: `0 <= low <= of_100 <= high <= 100` does not hold, or one of them is not a number.
    """

    of_100: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not all(is_number(value) for value in (self.of_100, self.low, self.high)):
            raise InputError(f"share: {self.of_100!r} [{self.low!r}, {self.high!r}] are not three numbers")
        if not 0 <= self.low <= self.of_100 <= self.high <= 100:
            raise InputError(f"share: 0 <= low <= of_100 <= high <= 100 does not hold for {self}")

    def __str__(self) -> str:
        return f"{self.of_100:.0f} of 100 [{self.low:.0f}, {self.high:.0f}]"

    def rounded(self) -> Share:
        """With one decimal, which is already more than is known."""
        return Share(round(self.of_100, 1), round(self.low, 1), round(self.high, 1))

    def to_json(self) -> dict[str, float]:
        """In the form of `result.json`."""
        return {"of_100": self.of_100, "low": self.low, "high": self.high}

    @classmethod
    def from_json(cls, content: Mapping[str, Any] | None) -> Share | None:
        """Read what `to_json` made; None stays None.

        Raises:
            InputError: A number is missing, or the numbers are not a share.
        """
        if content is None:
            return None
        if not isinstance(content, Mapping) or not {"of_100", "low", "high"} <= set(content):
            raise InputError(f"share: of_100, low and high are needed, not {content!r}")
        return cls(content["of_100"], content["low"], content["high"])


def is_number(value: Any) -> bool:
    """Whether a value is a finite number and not a boolean."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
