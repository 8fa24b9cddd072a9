"""The choice of each item's photo: the first readable one that its row names or its id leads to."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gigs.data.importers.cell_values import one_line
from gigs.data.importers.dropped_rows import DroppedRows
from gigs.data.importers.photos import Photos, photos_in_cell
from gigs.data.importers.shop_tables import PhotoCells
from gigs.errors import InputError
from gigs.vision import images


class ItemPhotos:
    """The photos of each item of a table, in order.

    Args:
        photos: All photos of the export.
        items: The item table.
        cells: For each item, what its own rows and those of its product say about photos.
        size: Side in pixels of the squares.
    """

    def __init__(self, photos: Photos, items: pd.DataFrame, cells: PhotoCells, size: int) -> None:
        self._photos, self._size = photos, size
        self._ids = items["item_id"].to_numpy()
        self._rows = items["source_row"].to_numpy()
        by_id, products = photos.by_ids(self._ids), items["product_code"].to_numpy()
        by_product = photos.by_ids(set(products) - set(self._ids))
        self._unknown: list[list[str]] = []
        self._keys: list[list[str]] = []
        for identifier, product, own, shared in zip(self._ids, products, *cells, strict=True):
            keys, unknown = self._named(own)
            # An item whose row names photos has no others, unless none of those is there; then its product's may do.
            keys = keys or by_id.get(identifier, [])
            if not keys:
                keys, further = self._named(shared)
                keys, unknown = keys or by_product.get(product, []), unknown + further
            self._unknown.append(unknown)
            self._keys.append(list(dict.fromkeys(keys)))
        used = {key for keys in self._keys for key in keys}
        self.unused = len(photos) - len(used)
        self._skipped: dict[int, list[tuple[str, str]]] = {}  # by item, the photos that came before the one taken

    def _named(self, cell: object) -> tuple[list[str], list[str]]:
        """The photos that a cell names, and names in it that match no photo."""
        named = photos_in_cell(cell if isinstance(cell, str) else None)
        matches = [self._photos.by_path(name) for name in named]
        return [key for key in matches if key], [name for name, key in zip(named, matches, strict=True) if key is None]

    def decode(self, row: int) -> np.ndarray | str | None:
        """An item's square picture, what is wrong with its photos, or None if it has none."""
        faults: list[tuple[str, str]] = []
        for key in self._keys[row]:
            try:
                square = images.fit_square(self._photos.read(key), self._size)[0]
            except InputError as error:
                faults.append((key, str(error)))
                continue
            if faults:
                self._skipped[row] = faults
            return square
        if faults:
            return faults[0][1]
        if self._unknown[row]:
            return one_line(f"{self._unknown[row][0]:.120}: not in {self._photos.source}")
        return None

    def note(self, dropped: DroppedRows) -> None:
        """List the photos that were not used. Call it after all are decoded."""
        for row in sorted(self._skipped):
            faults = self._skipped[row]
            names = [f"{self._ids[row]}: {fault}" for _, fault in faults]
            reason = "cannot be read; the item's next photo was used"
            dropped.add("photos", [self._rows[row]] * len(faults), names, reason, "replace these photos")
        for row, keys in enumerate(self._keys):
            further = keys[1 + len(self._skipped.get(row, [])) :]
            names = [f"{self._ids[row]}: {key}" for key in further]
            reason = "further photos of an item: only its first is used"
            fix = "none needed; list the best photo first"
            dropped.add("photos", [self._rows[row]] * len(further), names, reason, fix, "note")
