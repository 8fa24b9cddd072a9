"""A figure with its mean, standard deviation, n, and an interval that resamples items."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from gigs.errors import InputError

RESAMPLES = 2000
COVERAGE = 0.95
NORMAL = 1.959964  # half-width of a 95% interval, in standard errors


@dataclass(frozen=True)
class Figure:
    """One figure of a table.

    Attributes:
        mean: The figure itself: a mean, or what else was computed of all values.
        sd: Standard deviation over single values (pictures), divided by n - 1; None where it has none.
        n: Number of single values.
        items: Number of items (photos or users) that the values belong to; the interval resamples these.
        low: Lower end of the 95% interval; None for a single item.
        high: Upper end.
    """

    mean: float
    sd: float | None
    n: int
    items: int
    low: float | None
    high: float | None

    def record(self) -> dict[str, float | int | None]:
        """JSON-able."""
        return asdict(self)


def figure(values: Sequence[Sequence[float]], *, seed: int = 0, resamples: int = RESAMPLES) -> Figure:
    """Mean of values with a percentile bootstrap over items; pictures of one item are not independent.

    Args:
        values: By item, the values of its pictures; items may have different numbers of them.
        seed: Of the bootstrap.
        resamples: Of the bootstrap.

    Raises:
        InputError: There is no value.
    """
    kept = [np.asarray(each, dtype=np.float64) for each in values if len(each)]
    if not kept:
        raise InputError("a figure needs at least one value")
    everything = np.concatenate(kept)
    sd = float(everything.std(ddof=1)) if len(everything) > 1 else None
    low, high = None, None
    if len(kept) > 1:
        sums, counts = np.array([each.sum() for each in kept]), np.array([len(each) for each in kept])
        draws = np.random.default_rng(seed).integers(0, len(kept), (resamples, len(kept)))
        means = sums[draws].sum(1) / counts[draws].sum(1)
        low, high = (float(value) for value in np.quantile(means, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2]))
    return Figure(float(everything.mean()), sd, len(everything), len(kept), low, high)


def bootstrapped(
    statistic: Callable[[np.ndarray], float], items: int, n: int, *, seed: int = 0, resamples: int = 50
) -> Figure:
    """A figure that is not a mean (IS, FID, KID), with the interval `value -+ 1.96 standard errors`.

    The standard error is the standard deviation over resamples of items. Percentiles would not do: a resample repeats
    pictures, and such figures see repetitions as a lack of variety, so its whole distribution lies to one side.

    Args:
        statistic: Of the items with these numbers (int64, some repeated).
        items: How many there are.
        n: How many pictures they hold.
        seed: Of the bootstrap.
        resamples: Of the bootstrap.
    """
    value = statistic(np.arange(items))
    if items < 2:
        return Figure(value, None, n, items, None, None)
    rng = np.random.default_rng(seed)
    error = float(np.std([statistic(rng.integers(0, items, items)) for _ in range(resamples)], ddof=1))
    return Figure(value, None, n, items, value - NORMAL * error, value + NORMAL * error)
