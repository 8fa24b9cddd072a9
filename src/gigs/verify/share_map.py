"""From the judges' gains to a share of buyers: a map fitted on real purchases.

A pair of a bought item and an alternative of its kind is a choice between two pictures. The judges' mean difference d
between the two, in z, gives the probability that the first is taken:

    share = 1 / (1 + exp(-slope d)),    d = d_all + weight (d_own - d_all)

with d_all by the taste of all buyers and d_own by the audience's own. It has no intercept, so that an unchanged picture
keeps 50 of 100, and is monotone (a Bradley-Terry model, 1952, on the scorers' differences; for two classes the same as
Platt's scaling, 1999). The weight says how far an audience's own taste can be distinguished from everybody's. It is
shrunk over audiences (DerSimonian and Laird 1986), because a small audience may look distinct by chance alone.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta
from scipy.special import expit, log_expit

from gigs.errors import DataError, ModelError
from gigs.io.documents import NotNegative, Number
from gigs.metrics.figure import NORMAL
from gigs.verify.independence import effective_number, error_of_mean, others_of
from gigs.verify.share import Share
from gigs.verify.verdict import COVERAGE, DRAWS, JudgeGain

LEAST_BUYERS = 30  # least buyers with choices for a map


@dataclass(frozen=True)
class Estimate:
    """A fitted number with its standard error over buyers."""

    value: Number
    error: NotNegative

    @property
    def above_zero(self) -> bool:
        """Whether its 95% interval lies above 0."""
        return self.value - NORMAL * self.error > 0


@dataclass(frozen=True, kw_only=True)
class ShareMap:
    """How gains become shares.

    Attributes:
        slope: Log odds per standard deviation of the judges' mean difference.
        reliability: Share of the variance of that difference, over real pairs, on which further judges would agree.
        weights: By audience, the weight of its own taste, in `[0,1]`, after shrinkage.
        typical: The same for an audience that was not measured.
        told_apart: By audience, whether its own taste did better than everybody's on purchases set aside.
        single: Slope and weight for a single shopper; None if they were not measured.
        about: Numbers of buyers, purchases and pairs, seed and protocol.
    """

    slope: Estimate
    reliability: Annotated[float, Meta(gt=0, le=1)]
    weights: Mapping[str, Estimate] = field(default_factory=dict)
    typical: Estimate = Estimate(0.0, 0.0)
    told_apart: Mapping[str, bool] = field(default_factory=dict)
    single: tuple[Estimate, Estimate] | None = None
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def worth(self) -> float:
        """Of 100 buyers, how many take a picture that the judges score one standard deviation higher."""
        return 100 * float(expit(self.slope.value))

    def weight(self, audience: str, users: int) -> Estimate:
        """Weight of an audience's own taste."""
        if users == 1 and self.single is not None:
            return self.single[1]
        return self.weights.get(audience, self.typical)

    def steepness(self, users: int) -> Estimate:
        """The slope for an audience of a given size."""
        return self.single[0] if users == 1 and self.single is not None else self.slope

    def record(self) -> dict[str, Any]:
        """As JSON-compatible values."""
        return asdict(self)

    @classmethod
    def read(cls, record: Mapping[str, Any]) -> ShareMap:
        """From `record`.

        Raises:
            ModelError: It is malformed.
        """
        try:
            return msgspec.convert(record, cls)
        except msgspec.ValidationError as error:
            raise ModelError(
                f"the pack's map from gains to shares is malformed ({error}); run `gigs verify share`"
            ) from error


def share_of(
    own: Sequence[JudgeGain],
    everybody: Sequence[JudgeGain],
    map_: ShareMap,
    *,
    audience: str,
    users: int,
    disagreement: float,
    seed: int = 0,
) -> Share:
    """The share of an audience's buyers who would take the redesign, among those who choose between it and the photo.

    The interval (95%) carries the spread of a mean over so many judges (their `disagreement`, widened by what of it
    the mean over real pairs already holds; judges of the same eyes count as one), the audience's finite number of users
    (judges with different users average out their errors), and the errors of slope and weight.

    Args:
        own: The judges' gains with the audience's taste.
        everybody: The same with the taste of all buyers.
        map_: The pack's map.
        audience: Its name.
        users: Its number of users.
        disagreement: The judges' disagreement beyond the bootstrap, in z (`verdict.calibrate`).
        seed: Seed of the draws.
    """
    slope, weight = map_.steepness(users), map_.weight(audience, users)
    rng = np.random.default_rng(seed)
    weights = np.clip(weight.value + weight.error * rng.normal(size=DRAWS), 0, 1)
    slopes = slope.value + slope.error * rng.normal(size=DRAWS)
    gain_own, gain_all = _mean(own), _mean(everybody)
    users_error = np.hypot(weights * gain_own.error, (1 - weights) * gain_all.error)
    eyes = [one.eyes or str(place) for place, one in enumerate(own)]
    judges_error = judge_spread(disagreement, eyes) / math.sqrt(effective_number(eyes) * map_.reliability)
    gains = gain_all.gain + weights * (gain_own.gain - gain_all.gain)
    draws = expit(slopes * (gains + np.hypot(users_error, judges_error) * rng.normal(size=DRAWS)))
    middle = float(np.clip(weight.value, 0, 1))
    centre = float(expit(slope.value * (gain_all.gain + middle * (gain_own.gain - gain_all.gain))))
    low, high = np.quantile(draws, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    return Share(100 * centre, 100 * min(float(low), centre), 100 * max(float(high), centre))


def judge_spread(disagreement: float, eyes: Sequence[Hashable]) -> float:
    """Standard deviation of one judge's gain around the mean of ever more backbones, in z.

    `verdict.calibrate` gives a judge's distance from the mean of the judges with other backbones, beyond the spread
    among these. If all judges' errors are equally large, and shared only within a backbone, its square is
    `2 / effective_number(others)` of the variance, averaged over judges.

    Args:
        disagreement: Disagreement in z.
        eyes: Backbone of each judge.
    """
    if len(eyes) < 2:
        return disagreement / math.sqrt(2)
    if len(set(eyes)) < 2:
        eyes = range(len(eyes))  # as `verdict.calibrate` has it
    others = [effective_number([eyes[one] for one in others_of(eyes, place)]) for place in range(len(eyes))]
    return disagreement / math.sqrt(float(np.mean(2 / np.array(others))))


def _mean(judges: Sequence[JudgeGain]) -> JudgeGain:
    """The mean judge. Judges with the same users share errors, so their errors are not divided by their number."""
    error = error_of_mean([one.error for one in judges], [one.buyers for one in judges])
    return JudgeGain("mean", float(np.mean([one.gain for one in judges])), error)


@dataclass(frozen=True)
class Differences:
    """The judges' differences for pairs of a bought item and an alternative: z of the bought one minus z of the other.

    Attributes:
        buyers: int64 `[P]`.
        everybody: By the mean over judges with the taste of all buyers, float64 `[P]`.
        own: The same with the taste of the buyer's audience, or the buyer's own.
    """

    buyers: np.ndarray
    everybody: np.ndarray
    own: np.ndarray

    def mixed(self, weight: float) -> np.ndarray:
        """With the audience's own taste at a given weight."""
        return self.everybody + weight * (self.own - self.everybody)

    def __len__(self) -> int:
        return len(self.buyers)


def fit_slope(differences: np.ndarray, buyers: np.ndarray) -> Estimate:
    """The slope by maximum likelihood, at least 0; its standard error allows for similar choices of one buyer.

    Args:
        differences: Bought minus other, float64 `[P]`.
        buyers: int64 `[P]`.

    Raises:
        DataError: Too few buyers.
    """
    values, errors = _fit(differences[:, None], np.zeros(len(differences)), buyers)
    return Estimate(max(0.0, float(values[0])), float(errors[0]))


def fit_weight(pairs: Differences, slope: float) -> Estimate:
    """Weight of the audience's own taste at a given slope; neither shrunk nor clipped to `[0,1]`."""
    away = slope * (pairs.own - pairs.everybody)
    values, errors = _fit(away[:, None], slope * pairs.everybody, pairs.buyers)
    return Estimate(float(values[0]), float(errors[0]))


def fit_both(pairs: Differences) -> tuple[Estimate, Estimate]:
    """Slope and weight fitted together, for single shoppers: there are many, each with a taste of their own."""
    columns = np.stack([pairs.everybody, pairs.own], axis=1)
    values, errors = _fit(columns, np.zeros(len(pairs)), pairs.buyers)
    slope = max(1e-9, float(values.sum()))
    weight = float(np.clip(values[1] / slope, 0, 1))
    at_weight = fit_slope(pairs.mixed(weight), pairs.buyers)
    return at_weight, Estimate(weight, float(errors[1]) / slope)


def shrink(found: Mapping[str, Estimate]) -> tuple[dict[str, Estimate], Estimate]:
    """Empirical Bayes over audiences: each weight is shrunk to their mean, the more so the less certain it is.

    Returns:
        By audience, the posterior mean and deviation, clipped to `[0,1]`; and the same for an unmeasured audience.
    """
    if not found:
        return {}, Estimate(0.0, 0.0)
    values = np.array([one.value for one in found.values()])
    variances = np.square([one.error for one in found.values()]).clip(1e-12)
    fixed = 1 / variances
    centre = float((fixed * values).sum() / fixed.sum())
    spread = float((fixed * np.square(values - centre)).sum()) - (len(values) - 1)
    scale = float(fixed.sum() - np.square(fixed).sum() / fixed.sum())
    between = max(0.0, spread / scale) if len(values) > 1 and scale > 0 else 0.0
    random = 1 / (variances + between)
    mean = float((random * values).sum() / random.sum())
    error = float(random.sum() ** -0.5)
    shrunk = {}
    for name, value, variance in zip(found, values, variances, strict=True):
        kept = between / (between + variance)
        posterior = mean + kept * (value - mean)
        deviation = math.sqrt(kept * variance + (1 - kept) ** 2 * error**2)
        shrunk[name] = Estimate(float(np.clip(posterior, 0, 1)), deviation)
    return shrunk, Estimate(float(np.clip(mean, 0, 1)), math.hypot(error, math.sqrt(between)))


def reliability_of(by_judge: np.ndarray, groups: Sequence[tuple[str, str]] | None = None) -> float:
    """Share of the variance of the judges' mean difference that further judges would share (Cronbach's alpha, 1951).

    What two judges share because of the same backbone or the same buyers, further judges need not share. The common
    variance is therefore the mean covariance of judges that differ in both or, if no two do, in their backbone.

    Args:
        by_judge: Differences float64 `[P,judges]`.
        groups: Backbone and buyers of each judge; all differ in both if None.
    """
    judges = by_judge.shape[1]
    if judges < 2:
        return 1.0
    covariance = np.cov(by_judge, rowvar=False)
    groups = groups or [(str(place), str(place)) for place in range(judges)]
    eyes, buyers = (np.array(names)[:, None] != np.array(names) for names in zip(*groups, strict=True))
    apart = eyes & buyers if (eyes & buyers).any() else eyes if eyes.any() else ~np.eye(judges, dtype=bool)
    return float(np.clip(covariance[apart].mean() / covariance.mean(), 0.05, 1.0))


def as_by_all(by_judge: np.ndarray, heard: np.ndarray) -> np.ndarray:
    """The mean difference over the judges that may count, scaled to the worth of the mean over all judges.

    Args:
        by_judge: Differences float64 `[P,judges]`.
        heard: Which judges count for each pair, bool `[P,judges]`.

    Returns:
        `[P]`: the mean times the variance of the mean over all judges, divided by that of the mean over those heard;
        NaN if none counts.
    """
    judges = by_judge.shape[1]
    covariance = np.cov(by_judge, rowvar=False).reshape(judges, judges)
    patterns, place = np.unique(heard, axis=0, return_inverse=True)
    found = np.full(len(by_judge), np.nan)
    for number, mask in enumerate(patterns):
        rows = place.ravel() == number
        if mask.any():
            variance = covariance[np.ix_(mask, mask)].mean()
            scale = covariance.mean() / variance if variance > 0 else 1.0
            found[rows] = scale * by_judge[rows][:, mask].mean(1)
    return found


def _fit(columns: np.ndarray, offset: np.ndarray, buyers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of a logistic regression without intercept whose outcome is always 1, and their standard errors.

    Every buyer counts once, however many choices they made, because a share counts buyers, and those who buy most
    differ. Errors are robust to clusters (Liang and Zeger 1986): buyers are independent, pairs are not.
    """
    _, cluster, sizes = np.unique(buyers, return_inverse=True, return_counts=True)
    count = cluster.max() + 1 if len(cluster) else 0
    if count < LEAST_BUYERS:
        raise DataError(f"choices of {count} buyers: {LEAST_BUYERS} or more are needed to learn what a gain is worth")

    weights = (1 / sizes / count)[cluster]

    def loss(coefficients: np.ndarray) -> tuple[float, np.ndarray]:
        logits = columns @ coefficients + offset
        return -float(weights @ log_expit(logits)), -(weights * expit(-logits)) @ columns

    from scipy.optimize import minimize  # imported late: it takes a second, and a suggestion fits nothing

    found = minimize(loss, np.zeros(columns.shape[1]), jac=True, method="BFGS").x
    wrong = expit(-(columns @ found + offset))
    information = (columns * (weights * wrong * (1 - wrong))[:, None]).T @ columns
    scores = np.zeros((count, columns.shape[1]))
    np.add.at(scores, cluster, (weights * wrong)[:, None] * columns)
    inverse = np.linalg.pinv(information)
    covariance = inverse @ (scores.T @ scores) @ inverse * count / max(1, count - 1)
    return found, np.sqrt(np.diag(covariance).clip(0))
