"""K-means (Lloyd 1982; greedy k-means++ starts, Arthur and Vassilvitskii 2007) for a product's few colours.

The clusters are those of `sklearn.cluster.KMeans(n_init=1, random_state=0, max_iter=50)`. It is written out because
scikit-learn imports pandas and most of SciPy, which takes a tenth of a short run.
"""

from __future__ import annotations

import math

import numpy as np

ROUNDS = 50
TOLERANCE = 1e-4  # of the mean variance: what centres may still move in a last round


def cluster(points: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Centres `[count,D]` of clusters, and the cluster `[N]` of each of `points` `[N,D]`.

    `count` is at most the number of different points. The same points give the same clusters.
    """
    middle = points.mean(0)
    centred = points - middle
    centres = _starts(centred, count, np.random.RandomState(0))
    least = TOLERANCE * float(centred.var(0).mean())
    labels = np.full(len(points), -1)
    for _ in range(ROUNDS):
        before, labels = labels, _squares(centres, centred).argmin(0)
        means = [centred[labels == one].mean(0) if (labels == one).any() else centres[one] for one in range(count)]
        moved, centres = float(((np.array(means) - centres) ** 2).sum()), np.array(means)
        if np.array_equal(labels, before):
            break
        if moved <= least:
            labels = _squares(centres, centred).argmin(0)
            break
    else:
        labels = _squares(centres, centred).argmin(0)
    return centres + middle, labels


def _starts(points: np.ndarray, count: int, draws: np.random.RandomState) -> np.ndarray:
    """Points `[count,D]` that lie apart: each the best of a few that are drawn by their distance to those before."""
    weights = np.ones(len(points))
    chosen = [int(draws.choice(len(points), p=weights / weights.sum()))]
    nearest = _squares(points[chosen], points)[0]
    for _ in range(1, count):
        places = draws.uniform(size=2 + int(math.log(count))) * nearest.sum()
        drawn = np.searchsorted(np.cumsum(nearest), places).clip(max=len(points) - 1)
        closer = np.minimum(nearest, _squares(points[drawn], points))
        best = int(closer.sum(1).argmin())
        chosen.append(int(drawn[best]))
        nearest = closer[best]
    return points[chosen]


def _squares(centres: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Squared distances `[K,N]`."""
    return np.stack([((points - centre) ** 2).sum(1) for centre in centres])
