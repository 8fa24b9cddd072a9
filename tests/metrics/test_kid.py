"""Kernel distance: torchmetrics' formula on the same features, unbiased, and the same from shards."""

import numpy as np
import pytest
import torch
from torchmetrics.image.kid import KernelInceptionDistance

from gigs.errors import InputError
from gigs.metrics.kid import KernelDistance, kernel_distance


def draws(n, *, shift=0.0, width=16, seed=0):
    return np.random.default_rng(seed).normal(shift, 1.0, (n, width)).astype(np.float32)


def rng(seed=0):
    return np.random.default_rng(seed)


def theirs(real, fake, **options):
    """torchmetrics on features: a module that passes its input through stands in for the network."""
    metric = KernelInceptionDistance(feature=torch.nn.Identity(), **options)
    metric.update(torch.from_numpy(real).double(), real=True)
    metric.update(torch.from_numpy(fake).double(), real=False)
    return [float(value) for value in metric.compute()]


def brute_force(x, y):
    """The unbiased estimate, pair by pair."""

    def kernel(a, b):
        return (float(a @ b) / len(a) + 1.0) ** 3

    n = len(x)
    within = [kernel(side[i], side[j]) for side in (x, y) for i in range(n) for j in range(n) if i != j]
    return sum(within) / (n * (n - 1)) - 2 * sum(kernel(a, b) for a in x for b in y) / n**2


def test_all_pictures_in_one_subset_give_torchmetrics_kid():
    real, fake = draws(90, seed=1), draws(90, shift=0.3, seed=2)
    mine = kernel_distance(real, fake, subsets=3, subset_size=90, rng=rng())
    expected, _ = theirs(real, fake, subsets=1, subset_size=90)
    assert mine.mean == pytest.approx(expected, rel=1e-9)
    assert mine.sd == pytest.approx(0.0, abs=1e-12)


def test_subsets_give_torchmetrics_mean_and_spread():
    real, fake = draws(300, seed=1), draws(400, shift=0.3, seed=2)
    mine = kernel_distance(real, fake, subsets=400, subset_size=50, rng=rng())
    with torch.random.fork_rng():
        torch.manual_seed(0)
        mean, sd = theirs(real, fake, subsets=400, subset_size=50)
    assert mine.mean == pytest.approx(mean, abs=4 * sd * (2 / 400) ** 0.5)  # other subsets, the same distribution
    assert mine.sd == pytest.approx(sd, rel=0.2)


def test_it_is_the_formula_pair_by_pair():
    real, fake = draws(12, seed=3).astype(np.float64), draws(12, shift=1.0, seed=4).astype(np.float64)
    mine = kernel_distance(real, fake, subsets=1, subset_size=12, rng=rng())
    assert mine.mean == pytest.approx(brute_force(real, fake), rel=1e-12)


def test_blocks_do_not_change_it(monkeypatch):
    real, fake = draws(70, seed=1), draws(55, shift=0.2, seed=2)
    whole = kernel_distance(real, fake, subsets=5, subset_size=40, rng=rng())
    monkeypatch.setattr("gigs.metrics.kid.BLOCK", 16)
    assert kernel_distance(real, fake, subsets=5, subset_size=40, rng=rng()) == pytest.approx(whole, rel=1e-10)


def test_it_is_unbiased_for_one_distribution_and_positive_for_two():
    def one(seed, shift):
        pair = draws(60, seed=2 * seed), draws(60, shift=shift, seed=2 * seed + 1)
        return kernel_distance(*pair, subsets=1, subset_size=60, rng=rng()).mean

    same = np.array([one(seed, 0.0) for seed in range(200)])
    error = same.std() / len(same) ** 0.5
    assert abs(same.mean()) < 3.5 * error
    assert same.min() < 0  # an estimate that never is cannot have the mean 0
    assert one(0, 0.5) > 10 * same.std()


def test_shards_merge_and_the_seed_decides():
    real, fake = draws(100, seed=1), draws(100, shift=0.2, seed=2)
    whole, first, second = (KernelDistance(subsets=7, subset_size=30, seed=5) for _ in range(3))
    whole.update(real, real=True)
    whole.update(torch.from_numpy(fake), real=False)
    for shard, rows in ((first, slice(0, 40)), (second, slice(40, None))):
        shard.update(real[rows], real=True)
        shard.update(fake[rows], real=False)
    first.merge(second)
    assert first.compute() == whole.compute() == whole.compute()
    assert kernel_distance(real, fake, subsets=7, subset_size=30, rng=rng(6)) != whole.compute()


@pytest.mark.parametrize("options", [{"subset_size": 11}, {"subset_size": 1}, {"subsets": 0, "subset_size": 5}])
def test_impossible_subsets_are_named(options):
    with pytest.raises(InputError, match="from 20 real and 10 generated"):
        kernel_distance(draws(20), draws(10), rng=rng(), **options)


def test_features_that_do_not_go_together_or_are_not_finite_are_refused():
    with pytest.raises(InputError, match="16 and of 8"):
        kernel_distance(draws(20), draws(20, width=8), subset_size=5, rng=rng())
    with pytest.raises(InputError, match="finite"):
        kernel_distance(draws(20), np.full((20, 16), np.nan), subset_size=5, rng=rng())
    with pytest.raises(InputError, match="generated pictures yet"):
        metric = KernelDistance()
        metric.update(draws(20), real=True)
        metric.compute()
