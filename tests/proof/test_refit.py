"""The map that a ledger teaches is the one that made it, as far as the tests say; the rest is as promised."""

from dataclasses import replace

import numpy as np
import pytest

from gigs.errors import InputError
from gigs.proof.refit import BEFORE, BEFORE_SD, refit
from gigs.proof.track_record import track_record
from gigs.verify.recalibration import Recalibration, logit
from tests.proof.simulated import entry, simulated


@pytest.mark.parametrize("together", [1, 3])
def test_many_tests_teach_the_map_that_made_them(together):
    learned = refit(simulated(np.random.default_rng(0), 500, n=800, intercept=-0.1, slope=0.5, together=together))
    assert learned.slope == pytest.approx(0.5, abs=0.08) and learned.intercept == pytest.approx(-0.1, abs=0.025)
    assert (learned.tests, learned.redesigns) == (500, 500 * together)
    assert learned.extra < 0.08


def test_a_spread_of_products_beyond_their_promises_is_found():
    learned = refit(simulated(np.random.default_rng(0), 400, n=800, extra=0.3))
    assert learned.extra == pytest.approx(0.3, abs=0.04)


def test_few_tests_change_little_and_more_tests_change_more():
    slopes = [
        np.mean([refit(simulated(np.random.default_rng(seed), tests, n=100, slope=0.0)).slope for seed in range(20)])
        for tests in (1, 10, 100)
    ]
    assert slopes[0] > 0.8 > slopes[1] > 0.2 > slopes[2]


def test_intervals_of_the_map_hold_the_truth_19_times_in_20():
    """The truth is drawn from what is taken for likely before any test, so that this is exact but for `extra`."""
    rng, held = np.random.default_rng(0), []
    for _ in range(200):
        intercept, slope = rng.normal(BEFORE, BEFORE_SD)
        learned = refit(simulated(rng, 30, intercept=intercept, slope=max(0.0, slope), extra=0.1))
        first, _, second = learned.variances
        held.append(
            (abs(learned.intercept - intercept) < 1.96 * first**0.5, abs(learned.slope - slope) < 1.96 * second**0.5)
        )
    assert np.mean(held, axis=0) == pytest.approx([0.95, 0.95], abs=0.04)


def test_choices_in_common_are_not_counted_twice():
    """Eight redesigns beside one product of few choices say less than eight questions of their own."""
    shared = simulated(np.random.default_rng(0), 1, n=400, together=8)[0]
    alone = entry("0", [replace(one, question=str(one.number)) for one in shared.redesigns])
    assert refit([shared]).variances[0] > 1.5 * refit([alone]).variances[0]


def test_promises_that_are_the_wrong_way_round_become_none():
    entries = simulated(np.random.default_rng(0), 200, slope=-1.0)
    learned, record = refit(entries), track_record(entries)
    assert learned.slope == 0 and learned.intercept == pytest.approx(logit(record.found), abs=0.01)


def test_the_order_of_tests_does_not_matter():
    entries = simulated(np.random.default_rng(0), 30, slope=0.6)
    there, back = refit(entries), refit(entries[::-1])
    assert (there.intercept, there.slope) == pytest.approx((back.intercept, back.slope), abs=1e-6)


def test_new_promises_are_better_once_put_right():
    rng, made = np.random.default_rng(0), {"n": 400, "intercept": -0.1, "slope": 0.4}
    learned = refit(simulated(rng, 60, **made))
    new = [one.redesigns[0] for one in simulated(rng, 2000, **made)]

    def log_loss(shares) -> float:
        chosen = [(one.redesign.choices, one.product.choices) for one in new]
        return -np.mean([
            yes * np.log(share.of_100 / 100) + no * np.log(1 - share.of_100 / 100)
            for share, (yes, no) in zip(shares, chosen, strict=True)
        ])  # fmt: skip

    put_right = [learned(one.promised) for one in new]
    assert log_loss(put_right) < log_loss([one.promised for one in new]) - 0.5
    truths = [logit(one.promised.of_100) * 0.4 - 0.1 for one in new]
    held = [logit(one.low) <= truth <= logit(one.high) for one, truth in zip(put_right, truths, strict=True)]
    assert np.mean(held) > 0.95


def test_a_ledger_without_promises_teaches_nothing():
    without = [entry("0", [replace(one, promised=None) for one in simulated(np.random.default_rng(0), 1)[0].redesigns])]
    for each in ([], without):
        with pytest.raises(InputError, match="no redesign in this ledger had a promise"):
            refit(each)


def test_a_track_record_of_right_promises():
    record = track_record(simulated(np.random.default_rng(0), 300, n=500))
    assert record.agreed / record.redesigns == pytest.approx(0.95, abs=0.03)
    assert record.agreed_share.low < 95 < record.agreed_share.high
    assert record.gap.low < 0 < record.gap.high and record.promised == pytest.approx(record.found, abs=0.5)
    assert record.miss < 3.5  # the promises' own error is 2.5 points
    assert record.miss_recalibrated == pytest.approx(record.miss, abs=0.3)


def test_a_track_record_of_promises_that_are_too_strong():
    entries = simulated(np.random.default_rng(0), 300, n=500, intercept=-0.2, slope=0.3)
    record = track_record([*entries, entry("without", [])])
    assert record.tests == 300 and record.agreed < 0.7 * record.redesigns
    assert record.gap.high < -4 and record.found < record.promised - 4
    assert record.miss_recalibrated < record.miss / 3
    assert record.recalibration.slope < 0.5


def test_two_tests_are_too_few_to_leave_one_out():
    record = track_record(simulated(np.random.default_rng(0), 2))
    assert record.miss_recalibrated is None and record.gap.items == 2


def test_promises_that_an_earlier_map_had_put_right_teach_the_map_for_the_judges():
    entries = simulated(np.random.default_rng(0), 30, slope=0.6)
    earlier = Recalibration(intercept=-0.05, slope=0.7, variances=(0.01, 0.0, 0.04), extra=0.05)
    put_right = [
        replace(
            one, recalibration=earlier,
            redesigns=tuple(replace(each, promised=earlier(each.promised)) for each in one.redesigns),
        )
        for one in entries
    ]  # fmt: skip
    raw, learned = track_record(entries), track_record(put_right)
    assert learned.recalibration.slope == pytest.approx(raw.recalibration.slope, abs=1e-6)
    assert learned.miss_recalibrated == pytest.approx(raw.miss_recalibrated, abs=1e-6)
    assert learned.promised != pytest.approx(raw.promised, abs=0.1)  # what was said is what was said
    forgotten = replace(earlier, slope=0.0)
    with pytest.raises(InputError, match="no redesign in this ledger had a promise"):
        refit([replace(one, recalibration=forgotten) for one in entries])
