"""The findings of a test for each redesign, beside its promise."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from gigs.errors import InputError
from gigs.proof.counts import Counts, Kind, Question, Tally, said
from gigs.proof.evidence import Outcome, evidence, outcome
from gigs.proof.intervals import (
    Difference,
    chosen_share,
    simultaneous,
    sold_difference,
    sold_share,
    uneven_chance,
)
from gigs.verify.people_needed import buyers_needed, views_needed
from gigs.verify.recalibration import Recalibration
from gigs.verify.share import EVEN, Share

if TYPE_CHECKING:
    from gigs.result.schema import Record

SCHEMA = 1
Word = Literal["better", "open", "worse"]
UNEVEN = 0.001  # how rarely chance alone divides visitors so before one should look at how they were divided
FEW = 30  # choices of the two together, or sales, below which the intervals are too wide to be of use


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One redesign against the product as it is.

    Attributes:
        number: Of the redesign, as the report counts.
        question: Of the sheet.
        promised: Before the test; None where nothing was.
        found: Of 100 who took one of the two, who took the redesign (choices), or of 100 sales at equal views; 95%.
        joint: The same with an interval that is wider where several redesigns were tested, so that all hold together.
        outcome: Whether that `agrees` with the promise, or is `fewer` or `more`; None without a promise.
        difference: Sales of 100 views less those of the product, as wide as `joint`; None for choices.
        needed: Buyers (or views of each) that the promise needed; None without one, or one too near 50.
        product: What was counted of the product.
        redesign: What was counted of the redesign.
        uneven: Views are divided as chance alone hardly divides them evenly.
    """

    number: int
    question: str
    promised: Share | None
    found: Share
    joint: Share
    outcome: Outcome | None
    difference: Difference | None
    needed: int | None
    product: Tally
    redesign: Tally
    uneven: bool

    @property
    def verdict(self) -> Word:
        """`better` or `worse` than the product if the joint interval excludes 50, else `open`."""
        if self.joint.low > EVEN:
            return "better"
        return "worse" if self.joint.high < EVEN else "open"

    @property
    def counted(self) -> int:
        """What compares with `needed`: people who took one of the two, or views of the variant that had fewer."""
        if self.redesign.choices is not None and self.product.choices is not None:
            return self.redesign.choices + self.product.choices
        return min(self.redesign.views or 0, self.product.views or 0)

    @property
    def few(self) -> bool:
        """Whether there are too few choices or sales for a useful finding."""
        tallies = (self.product, self.redesign)
        return sum((one.sales if one.choices is None else one.choices) or 0 for one in tallies) < FEW


@dataclass(frozen=True, kw_only=True)
class Findings:
    """All redesigns of one test, in the order of the sheet; `findings[0]` is the first of them.

    Attributes:
        kind: `choices` of a panel, or `sales` of a shop's A/B test.
        test: Name of the test; counts of the same test replace earlier ones in a ledger.
        product: Name of the product.
        buyers: Whom the redesigns are for, in words.
        pack: Whose models promised.
        result: SHA-256 of the `result.json` that promised.
        coverage: Of each joint interval (Bonferroni).
        redesigns: What was found of each.
        recalibration: By what earlier tests had taught the promises were put right; None where they were not.
    """

    kind: Kind
    test: str
    product: str
    buyers: str
    pack: str
    result: str
    coverage: float
    redesigns: tuple[Finding, ...]
    recalibration: Recalibration | None = None

    def __len__(self) -> int:
        return len(self.redesigns)

    def __getitem__(self, number: int) -> Finding:
        return self.redesigns[number]

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.redesigns)

    @property
    def best(self) -> Finding:
        """The redesign that most people took, whatever its interval."""
        return max(self.redesigns, key=lambda one: one.found.of_100)

    @property
    def id(self) -> str:
        """An identifier: the same for the same result, counts and name of the test."""
        counted = [(one.question, one.number, asdict(one.product), asdict(one.redesign)) for one in self]
        text = json.dumps([self.result, self.test, self.kind, sorted(counted, key=lambda each: each[1])])
        return hashlib.sha256(text.encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """The content of `results.json` (`docs/guides/results.md`)."""
        rows = [{**asdict(one), "verdict": one.verdict} for one in self]
        return {"schema": SCHEMA, "id": self.id, **asdict(self), "redesigns": rows}


def compare(result: Record, counts: Counts, *, product: str, fingerprint: str, test: str = "test") -> Findings:
    """Compare counts with the promises of a result.

    Args:
        result: That made the redesigns.
        counts: What the test counted.
        product: Name of the product.
        fingerprint: SHA-256 of the result's `result.json`.
        test: Name of the test.

    Raises:
        InputError: The counts are of a redesign that the result does not have.
    """
    shares = {number: one.share for number, one in enumerate(result.suggestions, start=1)}
    for number in counts.redesigns:
        if number not in shares:
            raise InputError(f"{said(number)} is not in this result, which has {len(shares)}; give its own folder")
    coverage = simultaneous(len(counts.redesigns))
    findings = [
        _finding(question, number, shares[number], coverage)
        for question in counts.questions
        for number in question.redesigns
    ]
    return Findings(
        kind=counts.kind,
        test=test,
        product=product,
        buyers=result.audience.label,
        pack=result.pack,
        result=fingerprint,
        coverage=coverage,
        redesigns=tuple(findings),
        recalibration=None if result.verification is None else result.verification.recalibration,
    )


def _finding(question: Question, number: int, promised: Share | None, coverage: float) -> Finding:
    product, redesign = question.product, question.redesigns[number]
    difference, uneven, needed = None, False, None
    if product.choices is not None and redesign.choices is not None:
        found, joint = (chosen_share(redesign.choices, product.choices, each) for each in (0.95, coverage))
        needed = None if promised is None else buyers_needed(promised.of_100)
    else:
        ours, theirs = _sold(redesign), _sold(product)
        found, joint = (sold_share(ours, theirs, each) for each in (0.95, coverage))
        difference, uneven = sold_difference(ours, theirs, coverage), uneven_chance(ours[0], theirs[0]) < UNEVEN
        needed = None if promised is None else _views(promised.of_100, theirs)
    return Finding(
        number=number,
        question=question.name,
        promised=promised,
        found=found,
        joint=joint,
        outcome=None if promised is None else outcome(promised, evidence(product, redesign)),
        difference=difference,
        needed=needed,
        product=product,
        redesign=redesign,
        uneven=uneven,
    )


def _sold(tally: Tally) -> tuple[int, int]:
    """Views and sales."""
    return tally.views or 0, tally.sales or 0


def _views(promised: float, product: tuple[int, int]) -> int | None:
    """Views that a promise needs at the product's own rate of sale; None where that rate makes it impossible."""
    rate = product[1] / product[0]
    if rate in (0, 1) or rate * promised >= 100 - promised:
        return None
    return views_needed(promised, rate)
