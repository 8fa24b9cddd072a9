"""Figures of a cell's pictures: Inception Score, Fréchet and kernel distance to real photos, opposite SSIM of the text.

The bootstrap resamples items, so what a resample needs is computed once: class probabilities summed by item, and the
products of the pictures' features with one another and with the real ones'.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from gigs.errors import InputError
from gigs.metrics.diversity import opposite_ssim_text
from gigs.metrics.figure import Figure, bootstrapped, figure
from gigs.metrics.inception import plogp

RESAMPLES = 50


def inception_score(probabilities: Sequence[np.ndarray], *, seed: int = 0) -> Figure:
    """Inception Score of pictures by item, `[n,C]` of class probabilities each."""
    sums = np.stack([each.sum(0) for each in probabilities])
    entropies = np.array([plogp(each) for each in probabilities])
    counts = np.array([len(each) for each in probabilities])

    def score(items: np.ndarray) -> float:
        total = counts[items].sum()
        return float(np.exp(entropies[items].sum() / total - plogp(sums[items].sum(0) / total)))

    return bootstrapped(score, len(counts), int(counts.sum()), seed=seed, resamples=RESAMPLES)


def frechet(real: np.ndarray, fake: Sequence[np.ndarray], *, seed: int = 0) -> Figure:
    """Fréchet distance (`metrics.frechet`) of pictures by item, `[n,D]` of features each, to real ones `[N,D]`.

    tr (A B)^(1/2) is the sum of the singular values of the product of both sides' centred features: a matrix of
    pictures by pictures, however many features there are.
    """
    _require_two(len(real), sum(map(len, fake)))
    real = real.astype(np.float64)
    centre = real.mean(0)
    y = real - centre
    x, place = _joined(fake)
    x = x - centre  # a common shift of both sides changes nothing
    spread_y = np.square(y).sum() / (len(y) - 1)
    crossed = x @ y.T

    def distance(items: np.ndarray) -> float:
        rows = _rows(place, items)
        mean = x[rows].mean(0)
        spread_x = np.square(x[rows] - mean).sum() / (len(rows) - 1)
        own = crossed[rows] - crossed[rows].mean(0)
        small = own @ own.T if len(rows) <= len(y) else own.T @ own
        roots = np.sqrt(np.linalg.eigvalsh(small).clip(0.0)).sum() / np.sqrt((len(rows) - 1) * (len(y) - 1))
        return max(0.0, float(np.square(mean).sum() + spread_x + spread_y - 2 * roots))

    return bootstrapped(distance, len(fake), len(x), seed=seed, resamples=RESAMPLES)


def kernel(real: np.ndarray, fake: Sequence[np.ndarray], *, seed: int = 0) -> Figure:
    """Kernel distance (`metrics.kid`) over all pictures at once, without subsets: the unbiased estimate for any n."""
    _require_two(len(real), sum(map(len, fake)))
    y = real.astype(np.float64)
    x, place = _joined(fake)
    within_y = _kernel(y, y)
    own_y = (within_y.sum() - np.trace(within_y)) / (len(y) * (len(y) - 1))
    within, between = _kernel(x, x), _kernel(x, y).mean(1)
    np.fill_diagonal(within, 0.0)
    items = len(fake)
    member = np.zeros((len(x), items))
    member[np.arange(len(x)), place] = 1.0
    by_item, sizes = member.T @ within @ member, member.sum(0)
    to_real = member.T @ between

    def distance(chosen: np.ndarray) -> float:
        weight = np.bincount(chosen, minlength=items).astype(np.float64)
        pictures = weight @ sizes
        # A resampled item meets its own copies; pairs of a picture with itself stay out, also across copies.
        pairs = pictures**2 - (weight**2) @ sizes
        return float((weight @ by_item @ weight) / pairs + own_y - 2 * (weight @ to_real) / pictures)

    return bootstrapped(distance, items, len(x), seed=seed, resamples=RESAMPLES)


def text_diversity(images: Sequence[Tensor], *, seed: int = 0) -> Figure | None:
    """Opposite SSIM of the text: each picture with one made for the next item of a random order; None for one item."""
    if len(images) < 2:
        return None
    order = np.random.default_rng(seed).permutation(len(images))
    values = []
    for number, item in enumerate(order):
        other = images[order[(number + 1) % len(order)]]
        shared = min(len(images[item]), len(other))
        values.append(opposite_ssim_text(images[item][:shared], other[:shared]).tolist())
    return figure(values, seed=seed)


def pictures_of(images: Sequence[Tensor]) -> np.ndarray:
    """uint8 `[N,R,R,3]` of all suggestions, item after item."""
    joined = torch.cat(list(images))
    return joined.mul(255).round().byte().permute(0, 2, 3, 1).contiguous().numpy()


def by_item(values: np.ndarray, images: Sequence[Tensor]) -> list[np.ndarray]:
    """Rows of `values` split again by item."""
    return np.split(values, np.cumsum([len(each) for each in images])[:-1])


def _joined(parts: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """All rows in float64, and the number of the item of each."""
    place = np.repeat(np.arange(len(parts)), [len(each) for each in parts])
    return np.concatenate(parts).astype(np.float64), place


def _rows(place: np.ndarray, items: np.ndarray) -> np.ndarray:
    starts = np.searchsorted(place, items)
    ends = np.searchsorted(place, items, side="right")
    return np.concatenate([np.arange(start, end) for start, end in zip(starts, ends, strict=True)])


def _kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (x @ y.T / x.shape[1] + 1.0) ** 3


def _require_two(real: int, fake: int) -> None:
    if min(real, fake) < 2:
        raise InputError(f"{real} real and {fake} generated pictures: two of each are needed")
