"""Precision and recall: cases whose answer is known, a plain double loop, shards; and the Fréchet distance."""

import numpy as np
import pytest
import torch
from torchmetrics.image.fid import FrechetInceptionDistance

from gigs.errors import InputError
from gigs.metrics.frechet import FrechetDistance, Moments, frechet_distance
from gigs.metrics.precision_recall import PrecisionRecall, precision_recall


def draws(n, *, shift=0.0, width=8, seed=0):
    return np.random.default_rng(seed).normal(shift, 1.0, (n, width)).astype(np.float32)


def brute_force(real, fake, k):
    """Kynkäänniemi et al., Eqs. 1 and 2, one pair at a time."""

    def reach(side):
        return [
            sorted(np.linalg.norm(side[i] - side[j]) for j in range(len(side)) if j != i)[k - 1]
            for i in range(len(side))
        ]

    def share(of, inside):
        reaches = reach(inside)
        return np.mean([any(np.linalg.norm(a - b) <= r for b, r in zip(inside, reaches, strict=True)) for a in of])

    return share(fake, real), share(real, fake)


def test_equal_sets_have_both():
    real = draws(60)
    assert precision_recall(real, real[::-1]) == (1.0, 1.0)


def test_equal_sets_of_many_copies_have_both():
    real = np.repeat(draws(15, shift=100.0, width=300), 5, axis=0)  # every ball has the size 0
    assert precision_recall(real, real) == (1.0, 1.0)


def test_sets_far_apart_have_neither():
    assert precision_recall(draws(60), draws(60, shift=50.0)) == (0.0, 0.0)


def test_one_mode_of_four_is_precise_and_recalls_little():
    centres = np.eye(8)[:4] * 100.0
    modes = [draws(40, seed=seed) + centre for seed, centre in enumerate(centres)]
    precision, recall = precision_recall(np.concatenate(modes), modes[0] + 1e-3)
    assert precision == 1.0
    assert recall == 0.25


def test_more_modes_than_there_are_recall_all_and_are_half_precise():
    mode, invented = draws(40, seed=1), draws(40, shift=100.0, seed=2)
    assert precision_recall(mode, np.concatenate([mode, invented])) == (0.5, 1.0)


@pytest.mark.parametrize("nearest", [1, 3, 5])
def test_it_is_the_definition_pair_by_pair(nearest):
    real, fake = draws(50, width=3, seed=1), draws(40, width=3, shift=0.7, seed=2)
    expected = brute_force(real.astype(np.float64), fake.astype(np.float64), nearest)
    assert min(expected) > 0.1 and max(expected) < 1  # or the case would say little
    assert precision_recall(real, fake, nearest=nearest) == pytest.approx(expected)


def test_blocks_do_not_change_it(monkeypatch):
    real, fake = draws(70, seed=1), draws(55, shift=0.5, seed=2)
    whole = precision_recall(real, fake)
    monkeypatch.setattr("gigs.metrics.precision_recall.BLOCK", 16)
    assert precision_recall(real, fake) == whole


def test_shards_merge():
    real, fake = draws(50, seed=1), draws(50, shift=0.5, seed=2)
    whole, first, second = PrecisionRecall(), PrecisionRecall(), PrecisionRecall()
    for metric, rows in ((whole, slice(None)), (first, slice(0, 20)), (second, slice(20, None))):
        metric.update(real[rows], real=True)
        metric.update(fake[rows], real=False)
    first.merge(second)
    assert first.compute() == whole.compute()


def test_too_few_pictures_are_named():
    with pytest.raises(InputError, match="3 real and 10 generated pictures: more than k=3"):
        precision_recall(draws(3), draws(10))


def test_frechet_is_torchmetrics_fid_on_the_same_features():
    real, fake = draws(80, seed=1), draws(70, shift=0.4, seed=2) * 1.5
    network = torch.nn.Identity()
    network.num_features = 8
    theirs = FrechetInceptionDistance(feature=network)
    mine = FrechetDistance(8)
    for features, is_real in ((real, True), (fake, False)):
        theirs.update(torch.from_numpy(features).double(), real=is_real)
        mine.update(features, real=is_real)
    assert mine.compute() == pytest.approx(float(theirs.compute()), rel=1e-8)


def test_frechet_is_zero_for_equal_sets_also_with_fewer_pictures_than_features():
    moments = Moments(40)
    moments.update(draws(15, width=40))
    assert frechet_distance(moments, moments) == pytest.approx(0.0, abs=1e-4)


def test_frechet_of_a_shift_is_its_square():
    here, there = Moments(8), Moments(8)
    here.update(draws(100))
    there.update(draws(100) + 2.0)
    assert frechet_distance(here, there) == pytest.approx(8 * 4.0, rel=1e-5)


def test_frechet_shards_add_up_and_too_few_are_named():
    whole, first, second = FrechetDistance(8), FrechetDistance(8), FrechetDistance(8)
    for metric, rows in ((whole, slice(None)), (first, slice(0, 20)), (second, slice(20, None))):
        metric.update(draws(50, seed=1)[rows], real=True)
        metric.update(draws(50, seed=2)[rows], real=False)
    first.merge(second)
    assert first.compute() == pytest.approx(whole.compute(), rel=1e-10)
    with pytest.raises(InputError, match="needs two of each"):
        FrechetDistance(8).compute()
