"""The few main colours of a product, and how one product's colours turn into another's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from gigs.explain.clusters import cluster
from gigs.explain.colours import difference, hex_of, name_of

CLUSTERS = 5
SAME = 9.0  # CIEDE2000 with lightness at half weight; closer clusters are one colour in light and shade
SMALLEST = 0.06  # share of the product; smaller ones are seams, skin and shadows
PARTS = 20  # a palette is compared in parts of 5%


@dataclass(frozen=True)
class Swatch:
    """One colour of a product: CIELAB `[3]`, and the share of the product that has it."""

    lab: np.ndarray
    share: float

    @property
    def name(self) -> str:
        """Its name."""
        return name_of(self.lab)

    @property
    def hex(self) -> str:
        """The colour as `#rrggbb`."""
        return hex_of(self.lab)


@dataclass(frozen=True)
class Flow:
    """A share of the product that changes from one colour to another; `delta_e` is CIEDE2000 between them."""

    before: Swatch
    after: Swatch
    share: float
    delta_e: float


def palette(lab: np.ndarray, mask: np.ndarray) -> list[Swatch]:
    """Colours of the product, largest share first.

    Args:
        lab: CIELAB `[H,W,3]`.
        mask: Which pixels are the product, bool `[H,W]`.

    Returns:
        One to five swatches whose shares sum to 1: k-means clusters, merged if they differ only as light and shade.
    """
    pixels = lab[_inside(mask)]
    clusters = min(CLUSTERS, len(np.unique(pixels, axis=0)))
    centres, labels = cluster(pixels, clusters)
    swatches = [
        Swatch(centre, count / len(pixels))
        for centre, count in zip(centres, np.bincount(labels, minlength=clusters), strict=True)
        if count
    ]
    while len(swatches) > 1 and (pair := _closest(swatches)) is not None:
        swatches = [one for number, one in enumerate(swatches) if number not in pair] + [
            _merged(*(swatches[number] for number in pair))
        ]
    swatches = [one for one in swatches if one.share >= SMALLEST]
    total = sum(one.share for one in swatches)
    ordered = sorted(swatches, key=lambda one: -one.share)
    return [Swatch(one.lab, one.share / total) for one in ordered]


def flows(before: list[Swatch], after: list[Swatch]) -> list[Flow]:
    """How one palette turns into the other with the least total change of colour, largest share first."""
    old, new = _parts(before), _parts(after)
    costs = difference(
        np.array([one.lab for one in before])[old][:, None], np.array([one.lab for one in after])[new][None]
    )
    rows, columns = linear_sum_assignment(costs)
    pairs = [(int(old[row]), int(new[column])) for row, column in zip(rows, columns, strict=True)]
    all_flows = []
    for one, other in sorted(set(pairs), key=lambda pair: -pairs.count(pair)):
        delta = float(difference(before[one].lab, after[other].lab))
        all_flows.append(Flow(before[one], after[other], pairs.count((one, other)) / PARTS, delta))
    return all_flows


def share_like(swatches: list[Swatch], lab: np.ndarray) -> float:
    """Share of a palette that is a given colour `[3]`, ignoring light and shade."""
    return sum(one.share for one in swatches if difference(one.lab, lab, textile=True) < SAME)


def _inside(mask: np.ndarray) -> np.ndarray:
    """The mask without its rim, where the product's colour mixes with the backdrop's; all of it if that is little."""
    inner = mask.copy()
    inner[1:] &= mask[:-1]
    inner[:-1] &= mask[1:]
    inner[:, 1:] &= mask[:, :-1]
    inner[:, :-1] &= mask[:, 1:]
    return inner if inner.sum() >= 0.3 * mask.sum() else mask


def _closest(swatches: list[Swatch]) -> tuple[int, int] | None:
    """The two that differ least, if only as light and shade."""
    colours = np.array([one.lab for one in swatches])
    apart = difference(colours[:, None], colours[None], textile=True)
    np.fill_diagonal(apart, np.inf)
    one, other = np.unravel_index(apart.argmin(), apart.shape)
    return (int(one), int(other)) if apart[one, other] < SAME else None


def _merged(one: Swatch, other: Swatch) -> Swatch:
    share = one.share + other.share
    return Swatch((one.lab * one.share + other.lab * other.share) / share, share)


def _parts(swatches: list[Swatch]) -> np.ndarray:
    """Indices `[PARTS]` of a palette's colours, each as often as its share says (largest remainders)."""
    exact = np.array([one.share for one in swatches]) * PARTS
    counts = np.floor(exact).astype(int)
    for number in np.argsort(counts - exact)[: PARTS - counts.sum()]:
        counts[number] += 1
    return np.repeat(np.arange(len(swatches)), counts)
