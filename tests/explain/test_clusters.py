"""The clusters are scikit-learn's, for any colours."""

import numpy as np
import pytest
from sklearn.cluster import KMeans

from gigs.explain.clusters import cluster


@pytest.mark.parametrize(("seed", "points", "count"), [(0, 400, 5), (1, 900, 5), (2, 60, 3), (3, 5, 5), (4, 300, 1)])
def test_centres_and_labels_are_scikit_learns(seed, points, count):
    rng = np.random.default_rng(seed)
    colours = rng.normal(size=(points, 3)) * [20, 8, 8] + rng.choice([20.0, 50.0, 80.0], size=(points, 1))
    theirs = KMeans(count, n_init=1, random_state=0, max_iter=50).fit(colours)
    centres, labels = cluster(colours, count)
    assert np.array_equal(labels, theirs.labels_)
    assert np.allclose(centres, theirs.cluster_centers_, atol=1e-9)


def test_equal_colours_are_one_cluster():
    centres, labels = cluster(np.full((10, 3), 7.0), 1)
    assert np.allclose(centres, 7.0) and not labels.any()
