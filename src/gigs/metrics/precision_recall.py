"""Improved precision and recall (Kynkäänniemi et al. 2019, arXiv:1904.06991): quality and coverage of pictures.

A set's manifold is the union of balls around its features, each as large as the way to the k-th nearest neighbour.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gigs.errors import InputError
from gigs.metrics.features import FeaturePairs, as_matrix

NEAREST = 3  # k; the authors' choice
BLOCK = 1024  # rows of the distance matrix that are in memory at a time
ROUNDING = 1e-12  # squared distances below this share of the squared norms are those of equal vectors


class PrecisionRecallFigures(NamedTuple):
    """Shares in `[0,1]`: of generated pictures in the real manifold, and of real pictures in the generated one."""

    precision: float
    recall: float


class PrecisionRecall(FeaturePairs):
    """`precision_recall` of features that come in batches."""

    def __init__(self, *, nearest: int = NEAREST) -> None:
        super().__init__()
        self.nearest = nearest

    def compute(self) -> PrecisionRecallFigures:
        """Compare what was added so far."""
        return precision_recall(self.features(real=True), self.features(real=False), nearest=self.nearest)


def precision_recall(real: np.ndarray, fake: np.ndarray, *, nearest: int = NEAREST) -> PrecisionRecallFigures:
    """Precision and recall (Eqs. 1 and 2 of the paper). Compare only figures from the same numbers of pictures.

    Args:
        real: Features `[N,D]`.
        fake: Features `[M,D]`.
        nearest: k: a ball reaches to the k-th nearest other vector of its own set.

    Raises:
        InputError: Not more than k pictures on either side, or features that do not go together.
    """
    x, y = as_matrix(real).astype(np.float64), as_matrix(fake).astype(np.float64)
    if x.shape[1] != y.shape[1]:
        raise InputError(f"features of {x.shape[1]} and of {y.shape[1]} numbers cannot be compared")
    if not 1 <= nearest < min(len(x), len(y)):
        raise InputError(f"{len(x)} real and {len(y)} generated pictures: more than k={nearest} of each are needed")
    centre = x.mean(0)  # distances stay, the norms that they are the difference of shrink
    x, y = x - centre, y - centre
    real_reach, fake_reach = _reach(x, nearest), _reach(y, nearest)
    in_real, in_fake = np.zeros(len(y), dtype=bool), np.zeros(len(x), dtype=bool)
    for start in range(0, len(x), BLOCK):
        rows = slice(start, start + BLOCK)
        distances = _squared_distances(x[rows], y)
        in_real |= (distances <= real_reach[rows, None]).any(0)
        in_fake[rows] = (distances <= fake_reach).any(1)
    return PrecisionRecallFigures(float(in_real.mean()), float(in_fake.mean()))


def _reach(x: np.ndarray, nearest: int) -> np.ndarray:
    """Squared distance `[N]` of each vector to the k-th nearest other one of `[N,D]`."""
    reach = np.empty(len(x))
    for start in range(0, len(x), BLOCK):
        distances = _squared_distances(x[start : start + BLOCK], x)
        place = np.arange(len(distances))
        distances[place, start + place] = np.inf  # not its own neighbour; copies of it are
        reach[start : start + BLOCK] = np.partition(distances, nearest - 1, axis=1)[:, nearest - 1]
    return reach


def _squared_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances `[N,M]` of `[N,D]` and `[M,D]`, exactly 0 for equal vectors."""
    norms = np.square(x).sum(1)[:, None] + np.square(y).sum(1)
    distances = norms - 2.0 * (x @ y.T)
    distances[distances <= ROUNDING * norms] = 0.0
    return distances
