"""Fréchet distance between two sets of features taken as normal distributions (Heusel et al. 2017, arXiv:1706.08500).

On InceptionV3's features it is called FID; here it has the feature set's name behind. It is biased upwards, the more
the fewer pictures there are: compare only figures of the same numbers of pictures.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor

from gigs.errors import InputError
from gigs.metrics.features import as_matrix


class Moments:
    """Sums in float64 from which mean and covariance follow; those of shards are added.

    Args:
        width: D, the length of a feature vector.
    """

    def __init__(self, width: int) -> None:
        self.count = 0
        self.total = np.zeros(width)
        self.products = np.zeros((width, width))

    def update(self, features: np.ndarray | Tensor) -> None:
        """Add features `[N,D]`."""
        matrix = as_matrix(features).astype(np.float64)
        if matrix.shape[1] != len(self.total):
            raise InputError(f"features of {matrix.shape[1]} numbers, {len(self.total)} expected")
        self.count += len(matrix)
        self.total += matrix.sum(0)
        self.products += matrix.T @ matrix

    def merge(self, other: Moments) -> None:
        """Add what another shard has seen."""
        if len(other.total) != len(self.total):
            raise InputError(f"features of {len(other.total)} numbers, {len(self.total)} expected")
        self.count += other.count
        self.total += other.total
        self.products += other.products

    @property
    def mean(self) -> np.ndarray:
        """Mean `[D]`."""
        return self.total / self.count

    @property
    def covariance(self) -> np.ndarray:
        """Covariance `[D,D]`, divided by count - 1."""
        return (self.products - self.count * np.outer(self.mean, self.mean)) / (self.count - 1)


class FrechetDistance:
    """`frechet_distance` of features `[N,D]` that come in batches.

    Args:
        width: D.
    """

    def __init__(self, width: int) -> None:
        self.real, self.fake = Moments(width), Moments(width)

    def update(self, features: np.ndarray | Tensor, *, real: bool) -> None:
        """Add features `[N,D]` of real or of generated pictures."""
        (self.real if real else self.fake).update(features)

    def merge(self, other: FrechetDistance) -> None:
        """Add what another shard has seen."""
        self.real.merge(other.real)
        self.fake.merge(other.fake)

    def compute(self) -> float:
        """Compare what was added so far."""
        return frechet_distance(self.real, self.fake)


def frechet_distance(a: Moments, b: Moments) -> float:
    """`|mean_a - mean_b|^2 + tr(A + B - 2 (A B)^(1/2))` with the covariances A and B; at least 0.

    Raises:
        InputError: Fewer than two vectors on either side.
    """
    if min(a.count, b.count) < 2:
        raise InputError(f"{a.count} and {b.count} feature vectors: the Fréchet distance needs two of each")
    first, second = a.covariance, b.covariance
    root = _root(first)
    # R^T B R with A = R R^T has the eigenvalues of A B and is symmetric: no complex numbers to throw away.
    crossed = np.linalg.eigvalsh(root.T @ second @ root).clip(0.0)
    distance = np.square(a.mean - b.mean).sum() + np.trace(first) + np.trace(second) - 2.0 * np.sqrt(crossed).sum()
    return max(0.0, float(distance))


def _root(covariance: np.ndarray) -> np.ndarray:
    """R `[D,rank]` with `R R^T` the covariance; directions that only rounding gave a variance are left out."""
    values, vectors = np.linalg.eigh(covariance)
    kept = values > values[-1] * len(values) * np.finfo(np.float64).eps
    return vectors[:, kept] * np.sqrt(values[kept])
