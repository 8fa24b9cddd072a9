"""Intervals: against published examples, and on simulated tests whose truth is known."""

import numpy as np
import pytest

from gigs.proof.intervals import chosen_share, simultaneous, sold_difference, sold_share, uneven_chance


@pytest.mark.parametrize(
    ("taken", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_shares_of_choices_are_those_of_newcombes_table(taken, of, low, high):
    """Newcombe, Statistics in Medicine 17:857 (1998), Table I, method 3."""
    share = chosen_share(taken, of - taken)
    assert share.low == pytest.approx(100 * low, abs=0.005) and share.high == pytest.approx(100 * high, abs=0.005)
    assert share.of_100 == pytest.approx(100 * taken / of)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((70, 56), (80, 48), 0.0524, 0.3339), ((10, 9), (10, 3), 0.1705, 0.8090), ((7, 6), (7, 2), 0.0582, 0.8062),
        ((56, 5), (29, 0), -0.0381, 0.1926), ((10, 0), (20, 0), -0.1611, 0.2775), ((10, 10), (20, 0), 0.6791, 1.0),
    ],
)  # fmt: skip
def test_differences_are_those_of_newcombes_table(first, second, low, high):
    """Newcombe, Statistics in Medicine 17:873 (1998), Table II, method 10."""
    found = sold_difference(first, second)
    assert found.low == pytest.approx(100 * low, abs=0.005) and found.high == pytest.approx(100 * high, abs=0.005)


def test_everybody_and_nobody_are_shares_too():
    assert chosen_share(20, 0).high == 100 and chosen_share(0, 20).low == 0
    assert sold_share((100, 0), (100, 9)).low == 0 and sold_share((100, 9), (100, 0)).high == 100


@pytest.mark.parametrize(
    ("redesign", "product"),
    [((3000, 75), (3000, 60)), ((900, 4), (1100, 9)), ((50, 25), (60, 50)), ((9000, 0), (900, 1))],
)
def test_shares_of_sales_are_those_of_drawn_rates(redesign, product):
    rng = np.random.default_rng(0)
    first, second = (rng.beta(sales + 0.5, views - sales + 0.5, 1_000_000) for views, sales in (redesign, product))
    low, high = np.quantile(100 * first / (first + second), [0.025, 0.975])
    share = sold_share(redesign, product)
    assert share.low == pytest.approx(min(low, share.of_100), abs=0.15)
    assert share.high == pytest.approx(max(high, share.of_100), abs=0.15)


def test_exchanging_the_two_mirrors_the_share():
    there, back = sold_share((3000, 75), (2900, 60)), sold_share((2900, 60), (3000, 75))
    assert there.of_100 == pytest.approx(100 - back.of_100)
    assert (there.low, there.high) == pytest.approx((100 - back.high, 100 - back.low), abs=0.01)


@pytest.mark.parametrize("truth", [0.5, 0.56])
def test_intervals_of_choices_cover_the_truth(truth):
    taken, n = np.random.default_rng(1).binomial(120, truth, 1000), 120
    cover = np.mean([one.low <= 100 * truth <= one.high for one in (chosen_share(int(t), n - int(t)) for t in taken)])
    assert cover == pytest.approx(0.95, abs=0.02)


def test_intervals_of_sales_cover_the_truth():
    rng, views, rates = np.random.default_rng(2), 2000, (0.023, 0.02)
    truth, held = 100 * rates[0] / sum(rates), []
    for _ in range(200):
        ours, theirs = (int(rng.binomial(views, rate)) for rate in rates)
        share = sold_share((views, ours), (views, theirs))
        held.append(share.low <= truth <= share.high)
    assert np.mean(held) == pytest.approx(0.95, abs=0.035)


def test_several_intervals_hold_together():
    """Three redesigns that share the product's choices: without widening, one in ten such tests has one that fails."""
    rng = np.random.default_rng(3)
    counts = rng.multinomial(400, [0.25, 0.25, 0.25, 0.25], 700)

    def together(coverage: float) -> float:
        shares = [[chosen_share(int(one), int(row[0]), coverage) for one in row[1:]] for row in counts]
        return float(np.mean([all(one.low <= 50 <= one.high for one in three) for three in shares]))

    assert together(0.95) < 0.92
    assert 0.94 <= together(simultaneous(3)) <= 0.98
    assert simultaneous(1) == 0.95 and simultaneous(3) == pytest.approx(1 - 0.05 / 3)


def test_an_uneven_split_of_visitors_is_seen():
    assert uneven_chance(5000, 5000) == 1 and uneven_chance(0, 0) == 1
    assert uneven_chance(5100, 4900) == pytest.approx(0.0455, abs=1e-4)  # two standard errors
    assert uneven_chance(5400, 4600) < 1e-10
