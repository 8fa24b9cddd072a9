"""Learns a recalibration from a ledger: a map of log odds, with little correction if there are few tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from scipy.optimize import minimize_scalar

from gigs.errors import InputError
from gigs.proof.evidence import evidence, promise_error
from gigs.proof.ledger import Entry, Tested
from gigs.verify.recalibration import Recalibration, logit

# What is taken for likely before any test: promises hold as they are, give or take. Where 50 of 100 is promised the
# truth is within 40 and 60 (2 x .2 on log odds), and a promise counts for something between nothing and double.
BEFORE = np.array([0.0, 1.0])
BEFORE_SD = np.array([0.2, 0.5])
EXTRA_SD = 0.2  # of the half-normal that holds the spread of products around the map near 0
ROUNDS = 4  # the slope scales the promises' own errors, which weigh in finding the slope


@dataclass(frozen=True)
class _Questions:
    """All questions with k redesigns each, whose findings have the product's counts in common; b of them.

    Attributes:
        test: `[b]`, number of the test that each belongs to.
        design: `[b,k,2]`, ones and the promised log odds.
        found: `[b,k]`, log odds as counted.
        counted: `[b,k,k]`, covariance of these.
        promised: `[b,k]`, variance of the promise, of its log odds.
    """

    test: np.ndarray
    design: np.ndarray
    found: np.ndarray
    counted: np.ndarray
    promised: np.ndarray


@dataclass(frozen=True)
class _Said:
    """What each question says of intercept and slope: precision `[B,2,2]`, pull `[B,2]`, and misfit `[B]`."""

    test: np.ndarray
    precision: np.ndarray
    pull: np.ndarray
    misfit: np.ndarray
    redesigns: np.ndarray

    def without(self, test: int) -> _Said:
        """What all other tests say."""
        kept = self.test != test
        return _Said(*(getattr(self, field.name)[kept] for field in fields(self)))


def refit(entries: Sequence[Entry]) -> Recalibration:
    """The map from promised to found shares that a ledger teaches.

    `found = intercept + slope * promised` on log odds, by generalised least squares with a normal prior around "as
    promised" (`BEFORE`). A finding weighs by its counts, its promise's interval, and a spread of products around the
    map that is estimated with it (the mode of its marginal likelihood). Redesigns of one question share the product's
    counts, which is allowed for.

    It is the map for what the judges promise: promises that an earlier map had put right are taken as they were before.

    Args:
        entries: Of a ledger; redesigns without a promise are passed over.

    Raises:
        InputError: No redesign in it had a promise.

    Source: Lindley and Smith, Bayes estimates for the linear model, J. R. Statist. Soc. B 34:1 (1972).
    """
    asked = _questions(entries)
    if not asked:
        raise InputError("no redesign in this ledger had a promise; test results whose report says “x of 100”")
    slope, extra = 1.0, 0.0
    for _ in range(ROUNDS):
        extra = float(minimize_scalar(_cost, bounds=(0, 1.5), args=(asked, slope), method="bounded").x)
        slope = _map(_said(asked, extra, slope), extra).slope
    return _map(_said(asked, extra, slope), extra)


def foretold(entries: Sequence[Entry], learned: Recalibration) -> list[Recalibration]:
    """For each test the map that the others teach; the spread of products around it is that of all.

    Args:
        entries: Each with a promise, two or more.
        learned: By `refit` from all of them.
    """
    said = _said(_questions(entries), learned.extra, learned.slope)
    return [_map(said.without(test), learned.extra) for test in range(len(entries))]


def _questions(entries: Sequence[Entry]) -> list[_Questions]:
    """The questions of all tests, those with as many redesigns together."""
    by_size: dict[int, list[tuple[int, list[Tested]]]] = {}
    for test, entry in enumerate(one.as_judged() for one in entries):
        tested = [one for one in entry.redesigns if one.promised is not None]
        for name in dict.fromkeys(one.question for one in tested):
            rows = [one for one in tested if one.question == name]
            by_size.setdefault(len(rows), []).append((test, rows))
    return [_stacked(each) for each in by_size.values()]


def _stacked(questions: list[tuple[int, list[Tested]]]) -> _Questions:
    shares = [[one.promised for one in rows if one.promised is not None] for _, rows in questions]
    seen = [[evidence(one.product, one.redesign) for one in rows] for _, rows in questions]
    return _Questions(
        test=np.array([test for test, _ in questions]),
        design=np.array([[[1.0, logit(share.of_100)] for share in each] for each in shares]),
        found=np.array([[one.log_odds for one in each] for each in seen]),
        counted=np.array([np.diag([one.own for one in each]) + each[0].shared for each in seen]),
        promised=np.array([[promise_error(share) ** 2 for share in each] for each in shares]),
    )


def _said(asked: Sequence[_Questions], extra: float, slope: float) -> _Said:
    parts = []
    for one in asked:
        known = slope**2 * one.promised + extra**2
        covariance = one.counted + known[:, :, None] * np.eye(known.shape[1])
        inverse, rest = np.linalg.inv(covariance), one.found - one.design @ BEFORE
        weighted = one.design.transpose(0, 2, 1) @ inverse
        misfit = np.linalg.slogdet(covariance)[1] + np.einsum("bi,bij,bj->b", rest, inverse, rest)
        size = np.full(len(rest), rest.shape[1])
        parts.append((one.test, weighted @ one.design, (weighted @ rest[:, :, None])[:, :, 0], misfit, size))
    return _Said(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def _map(said: _Said, extra: float) -> Recalibration:
    """What the prior and these questions say together."""
    covariance = np.linalg.inv(np.diag(BEFORE_SD**-2) + said.precision.sum(0))
    mean = BEFORE + covariance @ said.pull.sum(0)
    slope = max(0.0, float(mean[1]))
    intercept = mean[0] + covariance[0, 1] / covariance[1, 1] * (slope - mean[1])  # given a slope that is kept at 0
    return Recalibration(
        intercept=float(intercept),
        slope=slope,
        variances=(float(covariance[0, 0]), float(covariance[0, 1]), float(covariance[1, 1])),
        extra=extra,
        tests=len(np.unique(said.test)),
        redesigns=int(said.redesigns.sum()),
    )


def _cost(extra: float, asked: Sequence[_Questions], slope: float) -> float:
    """-2 log of the marginal likelihood of the spread, times its prior; less constants."""
    said = _said(asked, extra, slope)
    precision, pull = np.diag(BEFORE_SD**-2) + said.precision.sum(0), said.pull.sum(0)
    fitted = np.linalg.slogdet(precision)[1] - pull @ np.linalg.solve(precision, pull)
    return float(said.misfit.sum() + fitted + (extra / EXTRA_SD) ** 2)
