"""Kernel distance between two sets of features (Binkowski et al. 2018, arXiv:1801.01401), unbiased at any n.

On InceptionV3's features it is called KID. On others it is not, and has the feature set's name behind: `kid_vgg16`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gigs.errors import InputError
from gigs.metrics.features import FeaturePairs, as_matrix

SUBSETS = 100
SUBSET_SIZE = 1000
BLOCK = 1024  # rows of the kernel matrix that are in memory at a time


class KernelFigures(NamedTuple):
    """Mean and standard deviation over subsets.

    The subsets are drawn from the same pictures and overlap, so `sd` is no error of `mean`.
    """

    mean: float
    sd: float


class KernelDistance(FeaturePairs):
    """`kernel_distance` of features that come in batches."""

    def __init__(self, *, subsets: int = SUBSETS, subset_size: int = SUBSET_SIZE, seed: int = 0) -> None:
        super().__init__()
        self.subsets, self.subset_size, self.seed = subsets, subset_size, seed

    def compute(self) -> KernelFigures:
        """Compare what was added so far."""
        real, fake = self.features(real=True), self.features(real=False)
        rng = np.random.default_rng(self.seed)
        return kernel_distance(real, fake, subsets=self.subsets, subset_size=self.subset_size, rng=rng)


def kernel_distance(
    real: np.ndarray,
    fake: np.ndarray,
    *,
    subsets: int = SUBSETS,
    subset_size: int = SUBSET_SIZE,
    rng: np.random.Generator,
) -> KernelFigures:
    """Unbiased squared maximum mean discrepancy with the kernel `(x.y / D + 1)^3`, over random subsets.

    Args:
        real: Features `[N,D]`.
        fake: Features `[M,D]`.
        subsets: How many pairs of subsets.
        subset_size: Pictures in each subset, drawn without replacement from either side.
        rng: Draws the subsets.

    Returns:
        About 0 for sets of one distribution (it can fall below), greater the further they are apart.

    Raises:
        InputError: Fewer pictures than a subset takes, subsets of less than 2, or features that do not go together.
    """
    x, y = as_matrix(real).astype(np.float64), as_matrix(fake).astype(np.float64)
    if x.shape[1] != y.shape[1]:
        raise InputError(f"features of {x.shape[1]} and of {y.shape[1]} numbers cannot be compared")
    if subsets < 1 or not 2 <= subset_size <= min(len(x), len(y)):
        raise InputError(f"{subsets} subsets of {subset_size} from {len(x)} real and {len(y)} generated pictures")
    in_x, in_y = (_members(len(side), subsets, subset_size, rng) for side in (x, y))
    within = _pair_sums(x, x, in_x, in_x) + _pair_sums(y, y, in_y, in_y)
    between = _pair_sums(x, y, in_x, in_y)
    values = within / (subset_size * (subset_size - 1)) - 2 * between / subset_size**2
    return KernelFigures(float(values.mean()), float(values.std()))


def _members(count: int, subsets: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Which pictures are in which subset: float64 `[count,subsets]` of 0 and 1."""
    members = np.zeros((count, subsets))
    for subset in range(subsets):
        members[rng.choice(count, size=size, replace=False), subset] = 1.0
    return members


def _pair_sums(x: np.ndarray, y: np.ndarray, in_x: np.ndarray, in_y: np.ndarray) -> np.ndarray:
    """Sum of the kernel over all pairs of each subset, `[subsets]`; a picture makes no pair with itself.

    All subsets come from one pass over the kernel matrix, of which only a block of rows exists at a time.
    """
    sums = np.zeros(in_x.shape[1])
    for start in range(0, len(x), BLOCK):
        rows = slice(start, start + BLOCK)
        kernel = (x[rows] @ y.T / x.shape[1] + 1.0) ** 3
        if x is y:
            place = np.arange(len(kernel))
            kernel[place, start + place] = 0.0
        sums += np.einsum("ns,ns->s", in_x[rows], kernel @ in_y)
    return sums
