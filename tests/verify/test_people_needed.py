"""Numbers of people: against published ones, and against sums in whole numbers that share no code with them."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest

from gigs.errors import InputError
from gigs.verify.people_needed import about, buyers_needed, exact_power, views_needed


def rejected(n: int) -> int:
    """The most choices of the rarer option at which the two-sided sign test at 5% finds a difference; -1 for none."""
    total, most = 0, -1
    while (total := total + comb(n, most + 1)) * 40 <= 2**n:  # 40: half of the level in a tail
        most += 1
    return most


def power(n: int, p: Fraction) -> float:
    tails = [k for k in range(n + 1) if min(k, n - k) <= rejected(n)]
    return float(sum(comb(n, k) * p**k * (1 - p) ** (n - k) for k in tails))


def test_the_sums_reject_where_the_published_table_of_the_sign_test_does():
    published = {6: 0, 8: 0, 9: 1, 12: 2, 15: 3, 17: 4, 20: 5, 23: 6, 25: 7}  # Triola, Elementary Statistics, Table A-7
    assert {n: rejected(n) for n in published} == published


@pytest.mark.parametrize("n", [5, 6, 25, 50, 100, 199])
@pytest.mark.parametrize("p", [Fraction(54, 100), Fraction(6, 10), Fraction(3, 10)])
def test_power_is_that_of_the_sums(n, p):
    assert exact_power(np.array([n]), float(p))[0] == pytest.approx(power(n, p), abs=1e-9)


@pytest.mark.parametrize("share", [35, 60, 65, 70, 80, 95])
def test_from_that_number_on_the_power_is_enough_and_at_one_less_it_is_not(share):
    needed, p = buyers_needed(share), Fraction(share, 100)
    assert power(needed - 1, p) < 0.8
    assert all(power(n, p) >= 0.8 for n in range(needed, needed + 40))


@pytest.mark.parametrize(
    ("share", "least", "most"), [(52, 4905, 5100), (54, 1226, 1300), (55, 783, 830), (60, 194, 215)]
)
def test_it_is_a_little_more_than_the_normal_approximation_says(share, least, most):
    """The approximation is (1.96 / 2 + 0.8416 sqrt(p(1-p)))^2 / (p - 1/2)^2, worked by hand for `least`."""
    assert least <= buyers_needed(share) <= most
    assert buyers_needed(share) == buyers_needed(100 - share)


def test_simulated_tests_find_the_share_eight_times_in_ten():
    rng, n = np.random.default_rng(0), buyers_needed(57)
    taken = rng.binomial(n, 0.57, 20_000)
    found = np.minimum(taken, n - taken) <= rejected(n)
    assert found.mean() == pytest.approx(0.8, abs=0.015)


def test_views_are_those_of_published_tables(monkeypatch):
    assert views_needed(200 / 3, 0.05) == 435  # Fleiss: .05 against .10, without correction for continuity
    monkeypatch.setattr("gigs.verify.people_needed.POWER", 0.9)
    assert views_needed(60, 0.5) == 77  # R's manual: power.prop.test(p1 = .50, p2 = .75, power = .90) is 76.7


def test_simulated_shops_find_the_share_eight_times_in_ten():
    rng, n = np.random.default_rng(0), views_needed(54, 0.03)
    first, second = rng.binomial(n, 0.03, 20_000) / n, rng.binomial(n, 0.03 * 54 / 46, 20_000) / n
    both = (first + second) / 2
    z = (second - first) / np.sqrt(2 * both * (1 - both) / n)
    assert (abs(z) > 1.959964).mean() == pytest.approx(0.8, abs=0.015)


@pytest.mark.parametrize("share", [49, 49.5, 50, 51])
def test_within_a_point_of_even_no_test_is_worth_it(share):
    assert buyers_needed(share) is None
    assert views_needed(share, 0.02) is None


@pytest.mark.parametrize("share", [-1, 100.1, float("nan")])
def test_what_is_no_share_is_refused(share):
    with pytest.raises(InputError, match="of 100"):
        buyers_needed(share)


@pytest.mark.parametrize("conversion", [0, 1, -0.1, float("nan")])
def test_what_is_no_conversion_is_refused(conversion):
    with pytest.raises(InputError, match="sales for each view"):
        views_needed(54, conversion)


@pytest.mark.parametrize("share", [75, 100])
def test_a_redesign_that_would_have_to_sell_to_everybody_is_refused(share):
    with pytest.raises(InputError, match="everybody"):
        views_needed(share, 0.4)


@pytest.mark.parametrize(("number", "said"), [(7, "7"), (99, "99"), (195, "200"), (1226, "1,300"), (19_700, "20,000")])
def test_numbers_are_said_as_one_says_them(number, said):
    assert f"{about(number):,}" == said
