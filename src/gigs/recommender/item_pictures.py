"""Other views of items besides their photos, such as reconstructions by a generator.

For a recommender that knows only photos, the step from a photo to its reconstruction changes the score as much as a
redesign does. Trained on both, it scores them alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gigs.data.catalogue import Catalogue
from gigs.errors import InputError
from gigs.vision.backbone import Backbone


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


@dataclass(frozen=True)
class ItemPictures:
    """What a recommender sees of a catalogue's items while it learns, where that is more than their photos.

    Attributes:
        catalogue: The items and who bought them.
        extra_views: Further pictures of the same items, such as their reconstructions by a generator
            (`inversion.catalogue_reconstructions`): every draw of an item takes one of its views at random.
        backbone: VBPR's frozen network; by default fetched by name.
    """

    catalogue: Catalogue
    extra_views: Sequence[View] = ()
    backbone: Backbone | None = None
