"""A second view of every item: what the generator makes of its photo.

A recommender that knows photos alone moves its score by as much for crossing into the generator's domain as a redesign
gains. Trained on photos and reconstructions alike, it stops noticing the difference.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gigs.errors import InputError

BATCH = 64


@dataclass(frozen=True)
class View:
    """Pictures of a catalogue's items beside their photos.

    Attributes:
        pictures: uint8 `[items,S,S,3]`.
        rows: bool `[items]`: which items have one; the photo stands in for the others.
    """

    pictures: np.ndarray
    rows: np.ndarray

    def check(self, items: int) -> None:
        """Refuse a view that does not go with a catalogue of so many items.

        Raises:
            InputError: It has another number of pictures.
        """
        if len(self.pictures) != items or len(self.rows) != items:
            raise InputError(f"an extra view has not one picture for each of the {items} items, in their order")
