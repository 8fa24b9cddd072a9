"""Importer for a shop's exported files: tables in CSV, TSV, JSON Lines or Parquet, photos in a folder or a zip."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gigs.data.catalogue import Catalogue
from gigs.data.importers.photos import Photos
from gigs.data.importers.raw_table import RawTable
from gigs.data.importers.shop import ShopSettings, import_shop
from gigs.data.importers.tables import read_table, stream_table
from gigs.progress import OnStep, Step, silent


@dataclass(frozen=True, kw_only=True)
class ShopFiles:
    """A shop's exported tables.

    Attributes:
        items: Table of items: an id and anything else that is known.
        interactions: Table of what users did: user, item, and perhaps event, weight and time.
        users: Table of users, if there is one.
        encoding: Encoding of text files; detected if empty.
    """

    items: str | Path
    interactions: str | Path
    users: str | Path | None = None
    encoding: str = ""

    def paths(self) -> dict[str, str | Path]:
        """The files by table."""
        paths = {"items": self.items, "interactions": self.interactions}
        return paths | ({"users": self.users} if self.users else {})


def import_folder(
    files: ShopFiles,
    photos: str | Path,
    out: str | Path,
    *,
    settings: ShopSettings | None = None,
    on_step: OnStep = silent,
) -> Catalogue:
    """Import a shop's export. Rows that cannot be used are left out and listed in `dropped.csv`.

    Args:
        files: The tables.
        photos: Folder or zip of the photos.
        out: Folder of the catalogue.
        settings: Columns, weights, filters; see `ShopSettings`.
        on_step: Progress.

    Raises:
        DataError: A file is missing or damaged, a column cannot be found, or nothing usable is left.
    """
    paths = files.paths()
    tables: dict[str, RawTable] = {}
    for done, (name, path) in enumerate(paths.items(), start=1):
        read = stream_table if name == "interactions" else read_table  # the one table that may be of any length
        tables[name] = read(path, name, encoding=files.encoding)
        on_step(Step("reading tables", done, len(paths)))
    about = {"source": "folder", "files": {name: Path(path).name for name, path in paths.items()}}
    with Photos(photos) as opened:
        return import_shop(tables, opened, out, settings or ShopSettings(), about, on_step)
