"""Paired comparisons of two ways on the same items: the difference with an interval, and two tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

from gigs.metrics.figure import COVERAGE, RESAMPLES, figure

LEAST_GAIN = 0.05  # of the target, in z: a share of less than this says nothing


def paired(first: Mapping[int, float], second: Mapping[int, float], *, seed: int = 0) -> dict[str, Any]:
    """First minus second, over the items that both have.

    Args:
        first: One number an item.
        second: The same.
        seed: Of the bootstrap.

    Returns:
        `difference`, `low`, `high` (bootstrap over items, 95%), `n`, `first` and `second` (means), and the p-values of
        the paired t-test and of Wilcoxon's signed-rank test; None where there are fewer than two items or no
        differences.
    """
    shared = sorted(set(first) & set(second))
    a, b = np.array([first[item] for item in shared]), np.array([second[item] for item in shared])
    if not shared:
        return {"n": 0, "difference": None, "low": None, "high": None, "t_test_p": None, "wilcoxon_p": None}
    difference = figure([[value] for value in (a - b)], seed=seed)
    tests: dict[str, float | None] = {"t_test_p": None, "wilcoxon_p": None}
    if len(shared) > 1 and np.ptp(a - b) > 0:
        tests = {
            "t_test_p": float(stats.ttest_rel(a, b).pvalue),
            "wilcoxon_p": float(stats.wilcoxon(a, b).pvalue),
        }
    return {
        "n": len(shared),
        "first": float(a.mean()),
        "second": float(b.mean()),
        "difference": difference.mean,
        "low": difference.low,
        "high": difference.high,
        **tests,
    }


def lead(first: Mapping[int, float], second: Mapping[int, float], *, seed: int = 0) -> dict[str, Any]:
    """By what share the first mean is above the second, as the paper puts its claims; over shared items.

    `share` is None where the second mean is not clearly positive: a share of something about 0 says nothing. Its
    interval resamples items for both means at once; draws with a second mean that is not positive count as infinite.
    """
    shared = sorted(set(first) & set(second))
    a, b = np.array([first[item] for item in shared]), np.array([second[item] for item in shared])
    comparison: dict[str, Any] = {"n": len(shared), "share": None, "low": None, "high": None}
    if len(shared) < 2:
        return comparison
    draws = np.random.default_rng(seed).integers(0, len(shared), (RESAMPLES, len(shared)))
    below = b[draws].mean(1)
    if b.mean() <= 0 or (below <= 0).mean() > (1 - COVERAGE) / 2:
        return comparison
    shares = np.where(below > 0, a[draws].mean(1) / np.where(below > 0, below, 1.0) - 1, np.inf)
    low, high = np.quantile(shares, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2], method="nearest")
    return comparison | {"share": float(a.mean() / b.mean() - 1), "low": float(low), "high": float(high)}


def retained(judges: Mapping[int, float], target: Mapping[int, float], *, seed: int = 0) -> dict[str, Any]:
    """Share of the target's mean gain that judges grant; None where the target gained nothing to speak of."""
    shared = sorted(set(judges) & set(target))
    a, b = np.array([judges[item] for item in shared]), np.array([target[item] for item in shared])
    comparison: dict[str, Any] = {"n": len(shared), "share": None, "low": None, "high": None}
    if not shared or b.mean() < LEAST_GAIN:
        return comparison
    draws = np.random.default_rng(seed).integers(0, len(shared), (RESAMPLES, len(shared)))
    below = b[draws].mean(1)
    kept = below >= LEAST_GAIN
    low, high = np.quantile(a[draws].mean(1)[kept] / below[kept], [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    return comparison | {"share": float(a.mean() / b.mean()), "low": float(low), "high": float(high)}


def slope(counts: Sequence[int], values: Sequence[Mapping[int, float]], *, seed: int = 0) -> dict[str, Any]:
    """How a figure changes with ten times as many users: least squares on log10(users), interval over items.

    Args:
        counts: Numbers of users, two or more.
        values: For each of them one number an item.
        seed: Of the bootstrap.
    """
    shared = sorted(set.intersection(*(set(each) for each in values)))
    trend: dict[str, Any] = {"n": len(shared), "counts": list(counts), "slope": None, "low": None, "high": None}
    if len(shared) < 2 or len(counts) < 2:
        return trend
    x = np.log10(np.asarray(counts, dtype=float))
    x = x - x.mean()
    table = np.array([[each[item] for each in values] for item in shared])
    slopes = table @ x / (x @ x)
    each = figure([[value] for value in slopes], seed=seed)
    return trend | {"slope": each.mean, "low": each.low, "high": each.high}
