"""Paired tests, leads, slopes and the pictures' figures: equal to scipy and to the plain metrics."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from gigs.errors import InputError
from gigs.experiments import quality
from gigs.experiments.compare import lead, paired, retained, slope
from gigs.metrics.frechet import Moments, frechet_distance
from gigs.metrics.inception import InceptionScore
from gigs.metrics.kid import kernel_distance

RNG = np.random.default_rng(0)
A = dict(enumerate(RNG.normal(2.0, 0.5, 30)))
B = {item: value - 0.3 + RNG.normal(0, 0.1) for item, value in A.items()}


def test_p_values_are_scipys_over_shared_items():
    found = paired(A, {**B, 99: 5.0})
    a, b = np.array(list(A.values())), np.array(list(B.values()))
    assert found["n"] == 30 and found["difference"] == pytest.approx((a - b).mean())
    assert found["t_test_p"] == pytest.approx(stats.ttest_rel(a, b).pvalue)
    assert found["wilcoxon_p"] == pytest.approx(stats.wilcoxon(a, b).pvalue)
    assert found["low"] < 0.3 < found["high"] and found["low"] > 0


def test_pairing_finds_what_unpaired_means_would_not():
    """Items differ by far more than the two ways do."""
    wide = {item: 10.0 * item for item in range(30)}
    found = paired({item: value + 0.1 + 0.01 * (item % 3) for item, value in wide.items()}, wide)
    assert found["low"] > 0 and found["wilcoxon_p"] < 0.001


def test_equal_ways_have_no_p_value_and_strangers_nothing_to_compare():
    assert paired(A, A)["wilcoxon_p"] is None and paired(A, A)["difference"] == 0
    assert paired(A, {-1: 2.0})["n"] == 0 and paired(A, {-1: 2.0})["difference"] is None


def test_a_lead_is_a_share_of_the_second_mean():
    found = lead({item: 1.2 * value for item, value in A.items()}, A)
    assert found["share"] == pytest.approx(0.2) and found["low"] == pytest.approx(0.2)


def test_a_lead_over_something_about_zero_says_nothing():
    nothing = {item: (-1.0) ** item for item in range(30)}
    assert lead(A, nothing)["share"] is None and lead(A, dict.fromkeys(A, -1.0))["share"] is None


def test_retained_is_the_judges_share_and_none_where_the_target_gained_nothing():
    assert retained({item: 0.4 * value for item, value in A.items()}, A)["share"] == pytest.approx(0.4)
    assert retained(A, dict.fromkeys(A, 0.0))["share"] is None


def test_the_slope_is_per_ten_times_as_many_users():
    values = [{item: base - 0.5 * step for item, base in A.items()} for step in range(3)]
    found = slope([10, 100, 1000], values)
    assert found["slope"] == pytest.approx(-0.5) and found["n"] == 30
    assert slope([10], values[:1])["slope"] is None


def features(items=6, each=5, width=8, shift=0.0, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(shift, 1.0, (each, width)).astype(np.float32) for _ in range(items)]


def test_frechet_is_the_metrics():
    real, fake = np.concatenate(features(seed=1, items=9)), features(shift=0.4, seed=2)
    moments = [Moments(8), Moments(8)]
    moments[0].update(real)
    moments[1].update(np.concatenate(fake))
    found = quality.frechet(real, fake)
    assert found.mean == pytest.approx(frechet_distance(*moments), rel=1e-6)
    assert (found.n, found.items) == (30, 6) and found.low < found.mean < found.high


def test_kernel_is_the_metrics_without_subsets():
    real, fake = np.concatenate(features(seed=1)), features(shift=0.4, seed=2)
    rng = np.random.default_rng(0)
    whole = kernel_distance(real, np.concatenate(fake), subsets=1, subset_size=30, rng=rng)
    assert quality.kernel(real, fake).mean == pytest.approx(whole.mean, rel=1e-9)


def test_kernel_of_one_distribution_is_about_zero_whatever_its_copies():
    real, fake = np.concatenate(features(items=40, seed=3)), features(items=40, seed=4)
    found = quality.kernel(real, fake)
    assert found.low < 0 < found.high


def test_inception_score_is_the_metrics():
    rng = np.random.default_rng(0)
    probabilities = [rng.dirichlet(np.ones(5), 4) for _ in range(6)]
    whole = InceptionScore()
    for each in probabilities:
        whole.update(each)
    found = quality.inception_score(probabilities)
    assert found.mean == pytest.approx(whole.compute(), rel=1e-12) and found.n == 24


def test_a_lone_picture_has_no_distance():
    with pytest.raises(InputError, match="two of each"):
        quality.frechet(np.zeros((1, 3)), [np.zeros((1, 3))])


def test_text_diversity_pairs_pictures_of_different_items():
    alike = [torch.full((3, 3, 16, 16), 0.5)] * 3
    assert quality.text_diversity(alike).mean == pytest.approx(0.0, abs=1e-9)
    own = [torch.rand(1, 3, 16, 16).repeat(3, 1, 1, 1) for _ in range(3)]  # no variety within an item
    assert quality.text_diversity(own).mean > 0.3
    assert quality.text_diversity(own[:1]) is None


def test_rows_come_back_by_item():
    images = [torch.zeros(2, 3, 4, 4), torch.zeros(3, 3, 4, 4)]
    assert [len(each) for each in quality.by_item(np.arange(5), images)] == [2, 3]
    assert quality.pictures_of(images).shape == (5, 4, 4, 3)
