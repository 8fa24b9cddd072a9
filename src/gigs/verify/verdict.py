"""From the judges' gains to one interval and one verdict."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gigs.io.documents import Number
from gigs.verify.independence import others_of

Word = Literal["likely", "unclear", "no gain found", "no promise"]
DRAWS = 4000
COVERAGE = 0.95
WORDS = {
    "likely": "Models that had no part in the redesign agree that this audience would like it better.",
    "unclear": "Models that had no part in the redesign do not settle whether this audience would like it better.",
    "no gain found": "Models that had no part in the redesign see no gain for this audience.",
    "no promise": "The models know too little about this audience's taste to promise anything.",
}


@dataclass(frozen=True)
class JudgeGain:
    """One judge's gain of a picture over the photo.

    Attributes:
        name: Name of the judge.
        gain: Gain in z.
        error: Its standard error over the users whose taste it uses, in z.
        weak: Whether the judge is weak; a weak judge is ignored.
        eyes: Its backbone; judges with the same backbone make the same errors. None means one of its own.
        buyers: The buyers whose taste it uses; judges of the same buyers share errors.
    """

    name: str
    gain: float
    error: float
    weak: bool = False
    eyes: str | None = None
    buyers: str = ""


@dataclass(frozen=True)
class Belief:
    """The gain that one more, unseen judge can be expected to see, in z, with a 95% interval and a verdict.

    `verdict` is a key of `WORDS`: `likely` if the whole interval is above 0, `no gain found` if the gain itself is not
    above 0, `unclear` in between, `no promise` if every judge is weak (AUC interval reaching 0.5).
    """

    gain: Number
    low: Number
    high: Number
    verdict: Word

    @property
    def words(self) -> str:
        """The verdict as a sentence."""
        return WORDS[self.verdict]


def believe(judges: Sequence[JudgeGain], *, disagreement: float, target_weak: bool = False, seed: int = 0) -> Belief:
    """A bootstrap over judges and over the audience's users.

    Every draw takes one judge at random and a resampled audience for it (normal, with the standard error of its mean
    gain), and adds the judges' known disagreement beyond that.

    Args:
        judges: At least one.
        disagreement: Standard deviation of a judge's gain around another's expectation (`calibrate`), in z.
        target_weak: Whether the target's own AUC interval reaches 0.5.
        seed: Seed of the draws.
    """
    fit = [judge for judge in judges if not judge.weak] or list(judges)
    rng = np.random.default_rng(seed)
    gains, errors = np.array([judge.gain for judge in fit]), np.array([judge.error for judge in fit])
    chosen = rng.integers(0, len(fit), DRAWS)
    draws = gains[chosen] + rng.normal(size=DRAWS) * np.hypot(errors[chosen], disagreement)
    low, high = np.quantile(draws, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    gain = float(gains.mean())
    if target_weak or all(judge.weak for judge in judges):
        verdict: Word = "no promise"
    elif low > 0:
        verdict = "likely"
    else:
        verdict = "unclear" if gain > 0 else "no gain found"
    return Belief(gain, float(low), float(high), verdict)


def calibrate(gains: np.ndarray, eyes: Sequence[Hashable] | None = None) -> float:
    """The judges' disagreement: how far each judge's gain lies from the mean of those with other backbones, in z.

    Judges with the same backbone make the same errors. Counting them among the others would overstate agreement.

    Args:
        gains: `[pictures,judges]`, two judges or more.
        eyes: Backbone of each judge; all differ if None.

    Returns:
        The root mean square over pictures and judges of that distance, minus what the spread among the others (which
        the bootstrap draws anyway) explains. If all judges have the same backbone, each counts as its own.
    """
    count = gains.shape[1]
    if eyes is None or len(set(eyes)) < 2:
        eyes = range(count)
    away, among = [], []
    for judge in range(count):
        others = gains[:, others_of(eyes, judge)]
        away.append(np.square(gains[:, judge] - others.mean(1)).mean())
        among.append(others.var(axis=1).mean())
    return float(max(0.0, np.mean(away) - np.mean(among)) ** 0.5)
