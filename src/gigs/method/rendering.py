"""Redesigns as they are shown: on the photo, or as the generator drew them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from gigs.method.choice import Choice
from gigs.transfer import Canvas, Change, apply_change

SKETCH = 0.6  # residual above which the picture is called a sketch


@dataclass(frozen=True)
class Rendering:
    """Redesigns as they are shown.

    Attributes:
        images: What is scored, judged and described, squares `[n,3,R,R]` in `[0,1]`.
        changes: The changes applied to the photo, one per redesign; None if drawings are shown.
        canvas: The photo.
        held: Finished pictures, uint8 `[H,W,3]`.
        cutouts: Where the product is in the squares of the photo and of each redesign, bool `[1+n,R,R]`.
        candidates: Index of each redesign among the candidates of `choice`.
        choice: How they were chosen; None if drawings are shown.
    """

    images: Tensor
    changes: tuple[Change, ...] | None = None
    canvas: Canvas | None = None
    held: tuple[np.ndarray, ...] | None = None
    cutouts: np.ndarray | None = None
    candidates: tuple[int, ...] = ()
    choice: Choice | None = None

    @property
    def on_photo(self) -> bool:
        """Whether the seller's own photo is shown."""
        return self.changes is not None

    def picked(self, order: Sequence[int]) -> Rendering:
        """The same in another order."""
        return Rendering(
            self.images[list(order)],
            None if self.changes is None else tuple(self.changes[row] for row in order),
            self.canvas,
            None if self.held is None else tuple(self.held[row] for row in order),
            None if self.cutouts is None else self.cutouts[[0, *(row + 1 for row in order)]],
            tuple(self.candidates[row] for row in order) if self.candidates else (),
            self.choice,
        )

    def residual(self, row: int) -> float | None:
        """Share of a redesign's change that is left undone; None if the drawing is shown."""
        return None if self.changes is None else float(self.changes[row].residual[0])

    def picture(self, row: int) -> np.ndarray:
        """A redesign at the photo's own size, uint8 `[H,W,3]`."""
        assert self.changes is not None and self.canvas is not None
        return self.held[row] if self.held is not None else apply_change(self.canvas, self.changes[row])
