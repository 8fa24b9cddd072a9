from __future__ import annotations

import numpy as np
import pytest

from gigs.verify.summary import coverage, summarise
from gigs.verify.verdict import WORDS, JudgeGain, believe, calibrate


def test_words_follow_the_interval() -> None:
    agreed = [JudgeGain("a", 1.0, 0.05), JudgeGain("b", 1.2, 0.05)]
    assert believe(agreed, disagreement=0.2).verdict == "likely"
    assert believe(agreed, disagreement=1.5).verdict == "unclear"
    split = [JudgeGain("a", 1.5, 0.05), JudgeGain("b", -0.5, 0.05)]
    assert believe(split, disagreement=0.1).verdict == "unclear"
    assert believe([JudgeGain("a", -0.2, 0.05), JudgeGain("b", 0.1, 0.05)], disagreement=0.1).verdict == "no gain found"
    assert set(WORDS) == {"likely", "unclear", "no gain found", "no promise"}


def test_a_weak_scorer_promises_nothing() -> None:
    strong, weak = JudgeGain("a", 2.0, 0.01), JudgeGain("b", 2.0, 0.01, weak=True)
    assert believe([weak, weak], disagreement=0.1).verdict == "no promise"
    assert believe([strong, strong], disagreement=0.1, target_weak=True).verdict == "no promise"
    alone = believe([strong, JudgeGain("b", -9.0, 0.01, weak=True)], disagreement=0.1)
    assert alone.gain == 2.0 and alone.verdict == "likely"  # the weak one is not listened to


def test_the_same_seed_gives_the_same_interval() -> None:
    judges = [JudgeGain("a", 1.0, 0.3), JudgeGain("b", 0.4, 0.2)]
    assert believe(judges, disagreement=0.3) == believe(judges, disagreement=0.3)


def test_disagreement_makes_intervals_cover_an_unseen_judge() -> None:
    rng = np.random.default_rng(0)
    true = rng.normal(0.5, 0.5, 400)
    gains = true[:, None] + rng.normal(0, 0.3, (400, 2))
    found = calibrate(gains)
    assert found == pytest.approx(0.3 * 2**0.5, rel=0.1)  # two judges differ by that
    records = [
        {"gains": {"suggestions": {"a": [row[0]], "b": [row[1]]}}, "errors": {"a": 0.0, "b": 0.0}} for row in gains
    ]
    for share in coverage(records, ["a", "b"], found).values():
        assert 0.92 < share < 0.98
    for share in coverage(records, ["a", "b"], 0.05).values():
        assert share < 0.5


def test_judges_of_the_same_eyes_hide_no_disagreement() -> None:
    rng = np.random.default_rng(0)
    eyes = ["a", "b", "a", "b"]
    by_eyes = rng.normal(0.5, 0.5, (4000, 1)) + rng.normal(0, 0.3, (4000, 2))
    gains = by_eyes[:, [0, 1, 0, 1]]
    assert calibrate(gains, eyes) == pytest.approx(0.3 * 2**0.5, rel=0.05)  # as of two judges
    assert calibrate(gains) < 0.7 * calibrate(gains, eyes)
    assert calibrate(gains, ["a"] * 4) == calibrate(gains)
    records = [
        {"gains": {"suggestions": {name: [value] for name, value in zip("wxyz", row, strict=True)}},
         "errors": dict.fromkeys("wxyz", 0.0)} for row in gains[:400]
    ]  # fmt: skip
    own = dict(zip("wxyz", eyes, strict=True))
    assert min(coverage(records, list("wxyz"), calibrate(gains, eyes), own).values()) > 0.92
    assert max(coverage(records, list("wxyz"), calibrate(gains)).values()) > 0.97  # a twin covers what it sees itself


def test_a_study_of_refused_photos_says_so() -> None:
    records = [{"photo": 3, "audience": "all", "gate": "refused", "lpips": 0.6}]
    found = summarise(records, disagreement=0.1)
    assert found["refused_by_the_gate"] == 1 and "table" not in found
