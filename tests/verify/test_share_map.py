"""Simulated buyers whose taste is known: the map finds what a gain is worth, and its intervals cover the truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from gigs.errors import DataError, ModelError
from gigs.verify.share_map import (
    Differences,
    Estimate,
    ShareMap,
    as_by_all,
    fit_both,
    fit_slope,
    fit_weight,
    reliability_of,
    share_of,
    shrink,
)
from gigs.verify.verdict import JudgeGain, calibrate

WIDTH, BUYERS, TRIALS, JUDGES = 24, 400, 6, 4


class World:
    """Buyers with tastes of their own around a common one; judges who each see it through an error of their own."""

    def __init__(self, seed: int, blind: float = 0.6, eyes: int = JUDGES) -> None:
        self.rng = np.random.default_rng(seed)
        common = self.rng.normal(size=WIDTH)
        self.tastes = 0.08 * (common + self.rng.normal(size=(BUYERS, WIDTH)))
        items = self.rng.normal(size=(2000, WIDTH))
        self.judges = []
        errors = blind * self.rng.normal(size=(eyes, WIDTH))  # judges of the same eyes have the same
        for judge in range(JUDGES):
            theta = self.tastes.mean(0) / 0.08 + errors[judge % eyes]
            self.judges.append(theta / (items @ theta).std())

    def seen(self, change: np.ndarray) -> np.ndarray:
        """Gains `[P,judges]` of changes `[P,WIDTH]`."""
        return np.stack([change @ judge for judge in self.judges], axis=1)

    def choices(self) -> tuple[np.ndarray, np.ndarray]:
        """Buyers `[P]` and changes `[P,WIDTH]` from what was left to what was taken."""
        buyers = np.repeat(np.arange(BUYERS), TRIALS)
        change = self.rng.normal(size=(len(buyers), WIDTH)) * np.sqrt(2)
        takes = expit((change * self.tastes[buyers]).sum(1)) > self.rng.random(len(buyers))
        return buyers, np.where(takes[:, None], change, -change)

    def truth(self, change: np.ndarray) -> float:
        return float(100 * expit(self.tastes @ change).mean())


def tried(worlds: int, *, size: float, eyes: list[str] | None = None, known: bool = True, calibrated_on: int = 60):
    """Whether intervals cover the truth, their widths, and how far off shares are less how far off "50 of 100" is.

    Args:
        worlds: How many.
        size: Of the redesigns' changes, against those between the items that buyers chose from.
        eyes: Of the judges; all differ if None.
        known: Whether the panel knows which judges have the same.
        calibrated_on: Redesigns from which the judges' disagreement is known.
    """
    covered, widths, worse = [], [], []
    told = eyes if known else None
    for seed in range(worlds):
        world = World(seed, eyes=JUDGES if eyes is None else len(set(eyes)))
        buyers, change = world.choices()
        by_judge = world.seen(change)
        groups = None if told is None else [(own, "") for own in told]
        map_ = ShareMap(slope=fit_slope(by_judge.mean(1), buyers), reliability=reliability_of(by_judge, groups))
        redesigns = world.rng.normal(size=(calibrated_on, WIDTH)) * np.sqrt(2) * size
        seen = world.seen(redesigns)
        apart = calibrate(seen, told)
        for row, redesign in enumerate(redesigns[:12]):
            own = told or [None] * JUDGES
            granted = [JudgeGain("judge", float(g), 0.0, eyes=e) for g, e in zip(seen[row], own, strict=True)]
            share = share_of(granted, granted, map_, audience="all", users=BUYERS, disagreement=apart)
            truth = world.truth(redesign)
            covered.append(share.low <= truth <= share.high)
            widths.append(share.high - share.low)
            worse.append(abs(share.of_100 - truth) - abs(50 - truth))
    return float(np.mean(covered)), float(np.mean(widths)), float(np.mean(worse))


def test_the_interval_covers_the_known_share_at_its_level():
    covered, widths, worse = tried(120, size=1.0)
    assert 0.92 <= covered <= 0.97  # .936 of 1,440 redesigns
    assert widths < 20
    assert worse < -2  # nearer to the truth than "50 of 100" by more than two buyers


def test_a_crowd_of_different_tastes_agrees_more_about_less():
    """A slope learned from larger differences is a little too flat for smaller ones: the interval covers less."""
    covered, widths, worse = tried(120, size=0.5)
    assert 0.9 <= covered <= 0.96 and widths < 10 and worse < -2  # .93


def test_judges_of_the_same_eyes_count_as_one():
    eyes = ["a", "b", "a", "b"]
    assert tried(60, size=0.5, eyes=eyes)[0] > 0.89  # two eyes tell little of how far a third would be
    assert tried(60, size=0.5, eyes=eyes, known=False)[0] < 0.8


def test_what_fewer_judges_see_is_worth_what_all_would_make_of_it():
    rng = np.random.default_rng(5)
    buyers = np.arange(60_000)
    true = rng.normal(size=(len(buyers), 1))
    by_judge = true + 1.5 * rng.normal(size=(len(buyers), 5))
    sign = np.where(expit(0.5 * true[:, 0]) > rng.random(len(buyers)), 1, -1)
    by_judge *= sign[:, None]
    heard = np.where((buyers % 2 == 0)[:, None], [True, True, False, False, False], [False, False, True, True, True])
    found, by_all = fit_slope(as_by_all(by_judge, heard), buyers), fit_slope(by_judge.mean(1), buyers)
    assert found.value == pytest.approx(by_all.value, rel=0.05)
    raw = fit_slope(np.where(heard, by_judge, 0).sum(1) / heard.sum(1), buyers)
    assert raw.value < 0.85 * by_all.value
    assert np.isnan(as_by_all(by_judge[:3], np.zeros((3, 5), dtype=bool))).all()


def test_what_judges_share_by_their_eyes_or_their_buyers_is_no_agreement():
    rng = np.random.default_rng(6)
    n = 40_000
    truth, eyes, halves = rng.normal(size=n), rng.normal(size=(2, n)), rng.normal(size=(2, n))
    groups = [("a", "0"), ("b", "0"), ("a", "1"), ("b", "1")]
    by_judge = np.stack([truth + eyes["ab".index(eye)] + halves[int(half)] for eye, half in groups], axis=1)
    assert reliability_of(by_judge, groups) == pytest.approx(1 / 2, abs=0.02)  # 1 + 1/2 + 1/2 of the mean
    assert reliability_of(by_judge) > 0.75


def test_an_unchanged_picture_keeps_half_and_a_larger_gain_is_never_worth_less():
    map_ = ShareMap(slope=Estimate(0.23, 0.03), reliability=0.8)

    def of(gain: float) -> float:
        judges = [JudgeGain("judge", gain, 0.0)] * 3
        return share_of(judges, judges, map_, audience="all", users=600, disagreement=0.3).of_100

    assert of(0.0) == 50
    assert of(1.0) == pytest.approx(100 * expit(0.23))
    assert np.all(np.diff([of(gain) for gain in np.linspace(-3, 3, 25)]) > 0)


def test_disagreement_few_users_and_an_unsure_slope_widen_the_interval():
    def width(disagreement=0.0, error=0.0, slope_error=0.0, judges=2) -> float:
        granted = [JudgeGain("judge", 0.5, error)] * judges
        map_ = ShareMap(slope=Estimate(0.23, slope_error), reliability=0.8)
        share = share_of(granted, granted, map_, audience="all", users=600, disagreement=disagreement)
        return share.high - share.low

    assert width() == 0
    assert width(disagreement=0.5) > 3 and width(error=0.5) > 3 and width(slope_error=0.1) > 1
    at_two, at_eight = 0.5 * 2**0.5, 0.5 * (2 / 7) ** 0.5  # of judges that err alike (`judge_spread`)
    assert width(disagreement=at_eight, judges=8) == pytest.approx(width(disagreement=at_two) / 2, rel=0.05)
    assert width(error=0.5, judges=8) == width(error=0.5)  # the same users


def test_what_judges_of_other_buyers_and_eyes_add_to_the_interval():
    def width(disagreement: float, error: float, groups: list[tuple[str, str]]) -> float:
        granted = [JudgeGain("judge", 0.5, error, eyes=eyes, buyers=buyers) for eyes, buyers in groups]
        map_ = ShareMap(slope=Estimate(0.23, 0), reliability=0.8)
        share = share_of(granted, granted, map_, audience="all", users=600, disagreement=disagreement)
        return share.high - share.low

    of_one_half, of_both = [("a", "0"), ("b", "0")], [("a", "0"), ("b", "1")]
    assert width(0, 0.5, of_both) == pytest.approx(width(0, 0.5, of_one_half) / 2**0.5, rel=0.02)
    four = [("a", "0"), ("b", "0"), ("a", "1"), ("b", "1")]
    assert width(0, 0.5, four) == pytest.approx(width(0, 0.5, of_both))
    assert width(0.5, 0, four) == pytest.approx(width(0.5, 0, of_both))  # their eyes are two as before


def test_the_slope_is_recovered_and_its_error_counts_buyers_not_pairs():
    rng = np.random.default_rng(0)
    buyers = np.arange(3000)
    d = rng.normal(size=3000)
    taken = np.where(expit(0.4 * d) > rng.random(3000), d, -d)
    found = fit_slope(taken, buyers)
    assert abs(found.value - 0.4) < 3 * found.error and found.above_zero
    again = fit_slope(np.tile(taken, 4), np.tile(buyers, 4))  # every choice four times says no more
    assert again.value == pytest.approx(found.value, rel=1e-3)
    assert again.error == pytest.approx(found.error, rel=0.05)


def test_every_buyer_counts_once_however_much_one_buys():
    rng = np.random.default_rng(4)
    buyers = np.concatenate([np.repeat(np.arange(2000), 4), np.repeat(np.arange(2000, 2100), 400)])
    slopes = np.where(buyers < 2000, 0.5, -0.2)  # of a few who buy most
    d = rng.normal(size=len(buyers))
    found = fit_slope(np.where(expit(slopes * d) > rng.random(len(d)), d, -d), buyers)
    assert found.value == pytest.approx(0.5 - 0.7 * 100 / 2100, abs=0.05)
    assert found.error == pytest.approx(0.024, rel=0.2)  # 2 / sqrt(8,400 choices that count)


def test_chance_gives_no_slope_and_a_wrong_sign_is_held_at_zero():
    rng = np.random.default_rng(1)
    d = rng.normal(size=2000)
    assert not fit_slope(d, np.arange(2000)).above_zero
    assert fit_slope(-np.abs(d), np.arange(2000)).value == 0


def test_too_few_buyers_set_no_map():
    with pytest.raises(DataError, match="30 or more"):
        fit_slope(np.ones(100), np.arange(100) % 29)


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
def test_how_far_a_taste_of_its_own_counts_is_recovered(weight):
    rng = np.random.default_rng(2)
    n = 12_000
    everybody, own = rng.normal(size=(2, n))
    logits = 0.5 * ((1 - weight) * everybody + weight * own)
    sign = np.where(expit(logits) > rng.random(n), 1, -1)
    pairs = Differences(np.arange(n) // 4, sign * everybody, sign * own)
    assert fit_weight(pairs, 0.5).value == pytest.approx(weight, abs=0.12)
    slope, both = fit_both(pairs)
    assert slope.value == pytest.approx(0.5, abs=0.06) and both.value == pytest.approx(weight, abs=0.12)


def test_audiences_are_drawn_together_the_further_the_less_is_known():
    alike, typical = shrink({"a": Estimate(0.5, 0.3), "b": Estimate(-0.1, 0.3), "c": Estimate(0.2, 0.3)})
    assert {round(one.value, 6) for one in alike.values()} == {0.2}  # nothing beyond chance between them
    assert typical.value == pytest.approx(0.2)
    apart, _ = shrink({"sure": Estimate(0.9, 0.05), "unsure": Estimate(0.9, 0.6), "none": Estimate(0.0, 0.05)})
    assert apart["sure"].value == pytest.approx(0.9, abs=0.05)
    assert 0.4 < apart["unsure"].value < 0.75
    assert shrink({}) == ({}, Estimate(0.0, 0.0))


def test_reliability_is_that_of_the_mean_judge():
    rng = np.random.default_rng(3)
    common = rng.normal(size=(20_000, 1))
    judges = common + rng.normal(size=(20_000, 4))
    assert reliability_of(judges) == pytest.approx(1 / (1 + 1 / 4), abs=0.01)


def test_a_map_is_read_as_it_was_written_and_nonsense_is_refused():
    map_ = ShareMap(
        slope=Estimate(0.2, 0.03), reliability=0.7, weights={"women": Estimate(0.3, 0.1)},
        typical=Estimate(0.2, 0.2), single=(Estimate(0.4, 0.05), Estimate(0.8, 0.1)), about={"buyers": 300},
    )  # fmt: skip
    assert ShareMap.read(map_.record()) == map_
    for broken in ({}, map_.record() | {"slope": None}, map_.record() | {"reliability": 2}):
        with pytest.raises(ModelError, match="gigs verify share"):
            ShareMap.read(broken)


def test_a_single_shopper_goes_by_a_slope_of_their_own():
    map_ = ShareMap(
        slope=Estimate(0.2, 0), reliability=0.7, typical=Estimate(0, 0), single=(Estimate(0.5, 0), Estimate(1, 0))
    )
    own, everybody = [JudgeGain("judge", 1.0, 0.0)] * 2, [JudgeGain("judge", -1.0, 0.0)] * 2

    def of(users: int) -> float:
        return share_of(own, everybody, map_, audience="x", users=users, disagreement=0).of_100

    assert of(1) == pytest.approx(100 * expit(0.5)) and of(500) == pytest.approx(100 * expit(-0.2))
