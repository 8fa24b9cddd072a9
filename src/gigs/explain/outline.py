"""How a product's outline changes: longer, shorter, wider or narrower."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

VISIBLE = 1.1  # ratio of lengths; redrawing alone moves outlines by a few per cent
OTHER = 0.85  # intersection over union below which the outline is another one


@dataclass(frozen=True)
class Outline:
    """Ratios after/before of the product's width and height, and the overlap of the two outlines."""

    width: float
    height: float
    overlap: float

    @property
    def words(self) -> list[str]:
        """What changes, such as `longer`; nothing if the outlines are nearly the same."""
        differences = []
        if not 1 / VISIBLE < self.height < VISIBLE:
            differences.append("longer" if self.height > 1 else "shorter")
        if not 1 / VISIBLE < self.width < VISIBLE:
            differences.append("wider" if self.width > 1 else "narrower")
        return differences if differences or self.overlap >= OTHER else ["of another outline"]


def outline(before: np.ndarray, after: np.ndarray) -> Outline:
    """Compare the masks of two pictures of a product, bool `[H,W]`."""
    (old_width, old_height), (new_width, new_height) = _extent(before), _extent(after)
    overlap = float((before & after).sum() / max((before | after).sum(), 1))
    return Outline(new_width / old_width, new_height / old_height, overlap)


def _extent(mask: np.ndarray) -> tuple[float, float]:
    """Width and height in pixels, ignoring a stray pixel or two."""
    rows, columns = np.nonzero(mask)
    (left, right), (top, bottom) = np.quantile(columns, [0.01, 0.99]), np.quantile(rows, [0.01, 0.99])
    return float(right - left + 1), float(bottom - top + 1)
