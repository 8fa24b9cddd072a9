"""The messy shop imported, and what its import left out."""

from __future__ import annotations

import csv

from gigs.data.catalogue import Catalogue
from gigs.data.importers.folder import ShopFiles, import_folder
from gigs.data.importers.shop import ShopSettings
from gigs.progress import silent

WEIGHTS = {"view": 0.2, "purchase": 1.0, "return": -1.0}


def load(folder, out, users="users.csv", on_step=silent, **settings) -> Catalogue:
    """Import the shop with these settings."""
    chosen = ShopSettings(**{"image_size": 32, "hold_out": 3, **settings})
    files = ShopFiles(items=folder / "items.csv", interactions=folder / "events.csv", users=users and folder / users)
    return import_folder(files, folder / "photos", out, settings=chosen, on_step=on_step)


def dropped(catalogue) -> dict[tuple[str, str], list[tuple[int, str]]]:
    """`dropped.csv` by table and reason: rows and ids."""
    found: dict = {}
    with (catalogue.root / "dropped.csv").open(newline="", encoding="utf-8") as handle:
        for line in csv.DictReader(handle):
            found.setdefault((line["table"], line["reason"]), []).append((int(line["row"]), line["id"]))
    return found
