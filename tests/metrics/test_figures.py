"""Figures with intervals: known answers, shards that merge, and items rather than pictures resampled."""

import numpy as np
import pytest
import torch

from gigs.errors import InputError
from gigs.metrics.figure import bootstrapped, figure
from gigs.metrics.preference import PreferenceSums, best, preference_score, preference_shift


def test_mean_sd_and_counts_are_over_single_values():
    one = figure([[1.0, 2.0], [3.0], [6.0, 8.0]])
    assert one.mean == 4.0 and one.n == 5 and one.items == 3
    assert one.sd == pytest.approx(np.std([1, 2, 3, 6, 8], ddof=1))


def test_the_interval_resamples_items_and_not_their_pictures():
    """A hundred copies of each picture say no more about other items."""
    few, many = figure([[0.0], [1.0], [2.0]]), figure([[0.0] * 100, [1.0] * 100, [2.0] * 100])
    assert (few.low, few.high) == (many.low, many.high) and many.high - many.low > 1


def test_the_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(0)
    found = [figure(rng.normal(3.0, 2.0, (40, 1)).tolist(), resamples=400) for _ in range(150)]
    covered = np.mean([one.low <= 3.0 <= one.high for one in found])
    assert 0.88 <= covered <= 0.99


def test_a_single_item_has_no_interval_and_none_at_all_is_refused():
    assert figure([[1.0, 2.0]]).low is None
    with pytest.raises(InputError, match="one value"):
        figure([[], []])


def test_a_figure_that_is_no_mean_has_its_value_inside_its_interval():
    values = np.random.default_rng(1).normal(0, 1, 30)
    one = bootstrapped(lambda items: float(values[items].max()), 30, 30)  # resamples can only lie below the maximum
    assert one.mean == values.max() and one.low < one.mean < one.high


def test_the_score_of_several_users_is_their_mean_score():
    phi, theta = torch.randn(4, 5), torch.randn(3, 5)
    assert torch.allclose(preference_score(phi, theta), (phi.double() @ theta.double().T).mean(1))
    with pytest.raises(InputError, match="do not go together"):
        preference_score(phi, torch.randn(4))


def test_a_gain_is_positive():
    assert preference_shift(torch.tensor([3.0, 1.0]), 2.0).tolist() == [1.0, -1.0]


def test_the_best_three_of_six_raise_the_mean_as_the_published_code_does():
    scores = [0.1, 0.9, -1.0, 0.5, 0.3, 0.2]
    assert best(scores, 3) == [1, 3, 4] and best(scores, None) == [0, 1, 2, 3, 4, 5]


def test_shards_merge_to_the_same_figure():
    values = {f"i{number}": [number / 7, number / 3] for number in range(9)}
    whole, left, right = PreferenceSums(), PreferenceSums(), PreferenceSums()
    for number, (item, own) in enumerate(values.items()):
        whole.update(item, own)
        (left if number % 3 else right).update(item, torch.tensor(own, dtype=torch.float64))
    right.merge(left)
    assert right.compute(seed=4) == whole.compute(seed=4)
    with pytest.raises(InputError, match="twice"):
        right.merge(left)
