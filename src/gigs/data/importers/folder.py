"""Importer for a shop's exported files: tables in CSV, TSV, JSON Lines or Parquet, photos in a folder or a zip."""

from __future__ import annotations

from pathlib import Path

from gigs.data.catalogue import Catalogue
from gigs.data.importers.photos import Photos
from gigs.data.importers.shop import ShopSettings, import_shop
from gigs.data.importers.tables import RawTable, read_table
from gigs.progress import OnStep, Step, silent


def import_folder(
    photos: str | Path,
    items: str | Path,
    interactions: str | Path,
    out: str | Path,
    *,
    users: str | Path | None = None,
    settings: ShopSettings | None = None,
    encoding: str = "",
    on_step: OnStep = silent,
) -> Catalogue:
    """Import a shop's export. What cannot be used is left out and listed in `dropped.csv`, never guessed.

    Args:
        photos: Folder or zip of the photos.
        items: Table of items: an id, and whatever else is known.
        interactions: Table of what users did: user, item, and perhaps event, weight and time.
        out: Folder of the catalogue.
        users: Table of users, if there is one.
        settings: Columns, weights, filters; see `ShopSettings`.
        encoding: Of text files; found out if empty.
        on_step: Progress.

    Raises:
        DataError: A file is missing or damaged, a column cannot be found, or nothing usable is left.
    """
    files = {"items": items, "interactions": interactions} | ({"users": users} if users else {})
    tables: dict[str, RawTable] = {}
    for done, (name, path) in enumerate(files.items(), start=1):
        tables[name] = read_table(path, name, encoding=encoding)
        on_step(Step("reading tables", done, len(files)))
    about = {"source": "folder", "files": {name: Path(path).name for name, path in files.items()}}
    with Photos(photos) as found:
        return import_shop(tables, found, out, settings or ShopSettings(), about, on_step)
