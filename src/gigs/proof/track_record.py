"""Sums up a ledger: how often tests agreed with promises, and how far promises were off."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from gigs.metrics.figure import Figure, figure
from gigs.proof.evidence import Evidence, evidence, outcome
from gigs.proof.intervals import chosen_share
from gigs.proof.ledger import Entry
from gigs.proof.refit import foretold, refit
from gigs.verify.recalibration import Recalibration
from gigs.verify.share import Share

LEAST = 3  # tests, before one can be left out and foretold by the others


@dataclass(frozen=True, kw_only=True)
class TrackRecord:
    """A ledger in a few figures; intervals are at 95%.

    Attributes:
        tests: With a promise.
        redesigns: With a promise.
        agreed: Of these, with which the test agreed; 95 of 100 where promises and their intervals are right.
        agreed_share: The same of 100, with an interval as if redesigns were independent.
        promised: Mean of what was promised, of 100.
        found: Mean of what was found, of 100.
        gap: What was found less what was promised, in points; the interval resamples tests.
        miss: Root mean square of that gap less what the counts' own noise explains, in points; 0 where it explains all.
        recalibration: The map that the ledger teaches.
        miss_recalibrated: `miss` where each test is foretold by the map of the others; None below `LEAST` tests.
    """

    tests: int
    redesigns: int
    agreed: int
    agreed_share: Share
    promised: float
    found: float
    gap: Figure
    miss: float
    recalibration: Recalibration
    miss_recalibrated: float | None

    def to_json(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)


def track_record(entries: Sequence[Entry]) -> TrackRecord:
    """Sum up a ledger.

    Raises:
        InputError: No redesign in it had a promise.
    """
    told = [entry for entry in entries if _pairs(entry)]
    recalibration = refit(told)
    by_test = [_pairs(entry) for entry in told]
    pairs = [pair for each in by_test for pair in each]
    gaps = [[seen.of_100 - promised.of_100 for promised, seen in each] for each in by_test]
    agreed = sum(outcome(promised, seen) == "agrees" for promised, seen in pairs)
    return TrackRecord(
        tests=len(told),
        redesigns=len(pairs),
        agreed=agreed,
        agreed_share=chosen_share(agreed, len(pairs) - agreed),
        promised=float(np.mean([promised.of_100 for promised, _ in pairs])),
        found=float(np.mean([seen.of_100 for _, seen in pairs])),
        gap=figure(gaps),
        miss=_miss(pairs),
        recalibration=recalibration,
        miss_recalibrated=_left_out(told, recalibration) if len(told) >= LEAST else None,
    )


def _pairs(entry: Entry) -> list[tuple[Share, Evidence]]:
    return [(one.promised, evidence(one.product, one.redesign)) for one in entry.redesigns if one.promised is not None]


def _miss(pairs: Sequence[tuple[Share, Evidence]]) -> float:
    squares = [(seen.of_100 - promised.of_100) ** 2 - _noise(seen) ** 2 for promised, seen in pairs]
    return math.sqrt(max(0.0, float(np.mean(squares))))


def _noise(seen: Evidence) -> float:
    """Standard error of the found share, in points."""
    return seen.error * seen.of_100 * (100 - seen.of_100) / 100


def _left_out(entries: Sequence[Entry], learned: Recalibration) -> float:
    maps = foretold(entries, learned)
    told = zip(entries, maps, strict=True)
    return _miss(
        [(put_right(promised), seen) for entry, put_right in told for promised, seen in _pairs(entry.as_judged())]
    )
