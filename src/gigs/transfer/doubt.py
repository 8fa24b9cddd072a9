"""How certain a cut-out is: the network's own doubt, agreement with the backdrop, area, pieces and holes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from gigs.transfer.matte import CLEAR, LEVEL, backdrop_distance
from gigs.transfer.pale import SIDE, pale_around

UNSURE = 0.5
WIDE = 0.015  # of the longest side: radius beyond which it is no longer an edge
SMALL, LARGE = 0.01, 0.9  # share of the photo: less is hardly a product, more is a close-up


@dataclass(frozen=True)
class Judged:
    """Confidence in `[0,1]`, and a plain sentence if it is below `UNSURE`."""

    confidence: float
    sentence: str | None


def judged(coarse: np.ndarray, alpha: np.ndarray, pixels: np.ndarray) -> Judged:
    """Grade a cut-out by the worst of several measures.

    Args:
        coarse: The network's answer, float `[.,.]` in `[0,1]`.
        alpha: The refined cut-out, float `[h,w]` in `[0,1]`.
        pixels: The photo at that size, uint8 `[h,w,3]`.
    """
    reasons = {
        "the product could not be told clearly from what is around it": _sureness(coarse),
        "it covers nearly all of the photo, as in a close-up": _falling(float(alpha.mean()), LARGE, 1.0),
        "hardly anything was found": _rising(float(alpha.mean()), 0.0, SMALL * 2),
        "its edge runs out into what is around it": _falling(_blurred(alpha), 0.03, 0.09),
        "it is in many pieces": _rising(_largest(alpha), 0.2, 0.8),
        "it leaves out parts that differ from the backdrop, or takes in some of it": _agreement(alpha, pixels),
    }
    reason, confidence = min(reasons.items(), key=lambda each: each[1])
    if confidence >= UNSURE:
        return Judged(confidence, None)
    return Judged(confidence, f"The cut-out is unsure: {reason}. Look at it, or give a mask of the product.")


def found_surely(coarse: np.ndarray) -> float:
    """Share of what was found that is certain; a network in doubt gives grey. 0 if nothing was found."""
    found = coarse > 0.1
    return float((coarse > 0.8).sum() / found.sum()) if found.any() else 0.0


def _sureness(coarse: np.ndarray) -> float:
    """The same as a confidence."""
    return _rising(found_surely(coarse), 0.35, 0.8)


def _blurred(alpha: np.ndarray) -> float:
    """Area that is neither product nor backdrop and wider than any edge, divided by the product's area."""
    radius = max(3, round(WIDE * max(alpha.shape)))
    disk = ndimage.iterate_structure(ndimage.generate_binary_structure(2, 1), radius)
    between = ndimage.binary_opening((alpha > 0.05) & (alpha < 0.95), disk)
    return float(between.sum() / max(1, (alpha > 0.5).sum()))


def _largest(alpha: np.ndarray) -> float:
    """Share of the cut-out in its two largest pieces, because shoes and socks come in pairs."""
    labels, count = ndimage.label(alpha > 0.5)
    if not count:
        return 0.0
    sizes = np.sort(np.bincount(labels.ravel())[1:])
    return float(sizes[-2:].sum() / sizes.sum())


def _agreement(alpha: np.ndarray, pixels: np.ndarray) -> float:
    """Agreement with what differs from an even backdrop; 1 if the backdrop is uneven and says nothing.

    A product in the backdrop's own colour is no disagreement. Something clearly different that was left out is one, and
    so is something that was included although it is backdrop surrounded by backdrop.
    """
    small = np.asarray(Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BOX))
    mask = np.asarray(Image.fromarray(alpha).resize((SIDE, SIDE), Image.Resampling.BOX)) > 0.5
    away, level = backdrop_distance(small)
    if level > LEVEL or not mask.any():
        return 1.0
    clear = ndimage.binary_opening(away > 2 * CLEAR)
    missed = clear & ~ndimage.binary_dilation(mask, iterations=3)
    return min(
        _falling(float(missed.sum() / mask.sum()), 0.05, 0.4),
        _falling(float(pale_around(alpha, pixels).sum() / mask.sum()), 0.3, 1.5),
    )


def _rising(value: float, low: float, high: float) -> float:
    return float(np.clip((value - low) / (high - low), 0, 1))


def _falling(value: float, low: float, high: float) -> float:
    return 1 - _rising(value, low, high)
