import numpy as np
import pytest

from gigs.recommender.train.learner import principal


@pytest.mark.parametrize("most", [3, 10, 40])
def test_principal_components_are_the_longest_that_there_are(most):
    features = np.random.default_rng(0).normal(size=(6, 40))
    moment = features.T @ features / 6
    lengths, components = principal(moment, most)
    every, directions = np.linalg.eigh(moment)
    kept = min(most, 6)  # the others are zero but for rounding
    assert lengths == pytest.approx(every[::-1][:kept])
    assert np.abs((components * directions.T[::-1][:kept]).sum(1)) == pytest.approx(np.ones(kept))


@pytest.mark.parametrize("moment", [np.zeros((40, 40)), -1e-20 * np.eye(40)])
def test_nothing_is_principal_where_all_is_zero(moment):
    lengths, components = principal(moment, 5)
    assert len(lengths) == 0 and components.shape == (0, 40)


def test_equal_eigenvalues_end():
    lengths, components = principal(np.eye(300), 20)
    assert lengths == pytest.approx(np.ones(20)) and components @ components.T == pytest.approx(np.eye(20))
