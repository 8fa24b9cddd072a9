"""Ledgers of simulated tests, whose true map from promises to shares is known."""

from __future__ import annotations

import numpy as np

from gigs.proof.counts import Tally
from gigs.proof.ledger import Entry, Tested
from gigs.verify.recalibration import expit
from gigs.verify.share import Share

ERROR = 0.1  # of the promises, on log odds: about 2.5 points


def simulated(rng, tests=40, *, n=300, intercept=0.0, slope=1.0, extra=0.0, together=1) -> list[Entry]:
    """Tests in which n people choose among the product and `together` redesigns."""
    entries = []
    for test in range(tests):
        promised = rng.normal(0.15, 0.2, together)
        spread = np.hypot(slope * ERROR, extra)
        true = intercept + slope * promised + spread * rng.normal(size=together)
        odds = np.concatenate([[1.0], np.exp(true)])
        counts = [Tally(choices=int(count)) for count in rng.multinomial(n, odds / odds.sum())]
        tested = [
            Tested(
                number=number,
                question="",
                promised=Share(expit(p), expit(p - 1.96 * ERROR), expit(p + 1.96 * ERROR)),
                product=counts[0],
                redesign=counts[number],
            )
            for number, p in enumerate(promised, start=1)
        ]
        entries.append(entry(str(test), tested))
    return entries


def entry(name: str, tested: list[Tested]) -> Entry:
    """A line of a ledger."""
    return Entry(
        schema=1, id=name, result=name, test="test", kind="choices", product=name, buyers="women", pack="small",
        written="2026-01-31", redesigns=tuple(tested),
    )  # fmt: skip
