"""Segments: groups of buyers with similar taste vectors, found by k-means, their number chosen by silhouette.

Lloyd 1982; Rousseeuw 1987. Distances use the few directions in which tastes differ most, where buyers with few
purchases add the least noise. Of the numbers whose silhouettes are within one standard error, the largest is taken,
because more groups say more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_samples
from torch import Tensor

from gigs.errors import InputError


@dataclass(frozen=True, kw_only=True)
class SegmentSettings:
    """Settings of the search for segments.

    Attributes:
        fewest: Least number of segments.
        most: Largest number of segments.
        axes: Number of principal directions to use.
        minimum: Least number of buyers in a segment; a division with a smaller one is rejected.
        restarts: Number of k-means runs from different starting points.
        seed: Seed of all random numbers.
    """

    fewest: int = 2
    most: int = 8
    axes: int = 8
    minimum: int = 50
    restarts: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        if not 2 <= self.fewest <= self.most:
            raise InputError(f"{self.fewest} to {self.most} segments: give 2 or more, and no fewer than the least")
        if min(self.axes, self.minimum, self.restarts) < 1:
            raise InputError("segments need 1 axis, 1 buyer and 1 start or more")


@dataclass(frozen=True)
class Segments:
    """Assigns taste vectors to segments; it holds no single user's vector.

    Attributes:
        mean: Mean of all taste vectors, `[K]`.
        axes: Orthonormal directions, `[A,K]`.
        centres: Centres of the segments along the axes, `[S,A]`, largest segment first.
        silhouette: By number of segments tried; None if a segment was too small.
    """

    mean: Tensor
    axes: Tensor
    centres: Tensor
    silhouette: dict[int, float | None]

    def assign(self, factors: Tensor) -> Tensor:
        """Number of the nearest segment, from 0, int64 `[U]`, of taste vectors `[U,K]`."""
        places = (factors.double() - self.mean.double()) @ self.axes.double().T
        return torch.cdist(places, self.centres.double()).argmin(1)


def find_segments(factors: Tensor, settings: SegmentSettings | None = None) -> Segments:
    """Find the segments of taste vectors `[U,K]`.

    Raises:
        InputError: Too few buyers, or no number of segments leaves each large enough.
    """
    settings = settings or SegmentSettings()
    if len(factors) < settings.fewest * settings.minimum:
        raise InputError(
            f"{len(factors)} buyers are too few for {settings.fewest} segments of {settings.minimum} or more"
        )
    values = factors.double()
    mean = values.mean(0)
    _, _, directions = torch.linalg.svd(values - mean, full_matrices=False)
    axes = directions[: settings.axes]
    places = ((values - mean) @ axes.T).numpy()
    tried: dict[int, float | None] = {}
    scores: dict[int, tuple[float, float]] = {}
    centres: dict[int, np.ndarray] = {}
    for count in range(settings.fewest, min(settings.most, len(places) - 1) + 1):
        clustering = KMeans(count, n_init=settings.restarts, random_state=settings.seed).fit(places)
        sizes = np.bincount(clustering.labels_, minlength=count)
        tried[count] = None
        if sizes.min() >= settings.minimum:
            each = silhouette_samples(places, clustering.labels_)
            tried[count], scores[count] = float(each.mean()), (float(each.mean()), float(each.std() / len(each) ** 0.5))
            centres[count] = clustering.cluster_centers_[np.argsort(-sizes, kind="stable")]
    if not scores:
        raise InputError(f"every division of these buyers has a segment of fewer than {settings.minimum}")
    best, error = max(scores.values())
    chosen = max(count for count, (score, _) in scores.items() if score >= best - error)
    return Segments(mean.float(), axes.float(), torch.from_numpy(centres[chosen]).float(), tried)
