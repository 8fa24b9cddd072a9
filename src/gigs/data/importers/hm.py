"""Importer for the public H&M data in Kaggle's layout (a sample or the full download).

Other folders of photos with an `articles.csv` may be added. No purchases are read from them: they serve generators,
encoders and classifiers, which learn from pictures only.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gigs.data.bounds import TableBounds
from gigs.data.catalogue import Catalogue, hold_out_products
from gigs.data.importers.catalogue_writer import CatalogueContent, check_size, write_catalogue
from gigs.data.importers.cell_values import remedy_for, unusable_ids
from gigs.data.importers.photos import Photos, loose_note
from gigs.data.importers.spelling import SHORTENED_ID, hint_for
from gigs.data.splits import USUAL as USUAL_SPLIT
from gigs.data.splits import SplitSettings, split_pairs
from gigs.errors import DataError, InputError
from gigs.progress import OnStep, silent
from gigs.vision import images

ARTICLE_COLUMNS = {
    "article_id": "item_id",
    "product_code": "product_code",
    "prod_name": "name",
    "product_type_name": "type",
    "product_group_name": "group",
    "graphical_appearance_name": "appearance",
    "colour_group_name": "colour",
    "index_group_name": "section",
}
# What the item table of a further folder may leave out.
OPTIONAL = ("prod_name", "product_group_name", "graphical_appearance_name", "index_group_name")
SUFFIXES = (".jpg", ".webp")
ROWS_AT_ONCE = 1_000_000
USER_COLUMNS = {
    "customer_id": "user_id",
    "age": "age",
    "club_member_status": "member_status",
    "fashion_news_frequency": "news_frequency",
}


@dataclass(frozen=True, kw_only=True)
class HmSettings:
    """How the Kaggle layout is imported.

    Attributes:
        image_size: Side in pixels of the packed squares.
        hold_out: Number of products (not items) to hold out. They are drawn among those of the download, so that the
            same seed holds out the same ones whatever folders are added. Items of added folders with one of their
            product codes are held out with them.
        split: Which purchases are for training and which for testing.
        seed: Draws the held-out products and the order of purchases of one day.
    """

    image_size: int = 128
    hold_out: int = 1000
    split: SplitSettings = USUAL_SPLIT
    seed: int = 0

    def __post_init__(self) -> None:
        check_size(self.image_size)


USUAL = HmSettings()


def import_hm(
    source: str | Path | Sequence[str | Path],
    out: str | Path,
    settings: HmSettings = USUAL,
    *,
    on_step: OnStep = silent,
) -> Catalogue:
    """Import the Kaggle layout (`articles.csv`, `customers.csv`, `transactions_train.csv`, `images/`).

    Args:
        source: Folder of the download. In a list, other folders with `articles.csv` and `images/` follow it; their
            items come after its own, each once.
        out: Folder of the catalogue. A finished catalogue in it is replaced.
        settings: Size, held-out products, split.
        on_step: Progress.

    Raises:
        DataError: A file or column is missing, or a row cannot be read. The message names it.
    """
    folders = [Path(source)] if isinstance(source, str | Path) else [Path(one) for one in source]
    tables, info = _tables(folders[0], settings)
    items = tables["items"]
    held_out = set(items["product_code"][hold_out_products(items["product_code"], settings.hold_out, settings.seed)])
    items, origin, repeated = _joined(items, folders[1:])
    items["held_out"] = items["product_code"].isin(held_out)
    item_ids, tables["items"] = items["item_id"].to_numpy(), items

    photos = [_Photos(folder / "images", item_ids[origin == place]) for place, folder in enumerate(folders)]

    def decode(row: int) -> np.ndarray | str | None:
        return photos[origin[row]](item_ids[row], settings.image_size)

    def told() -> dict[str, Any]:
        return about | info | {"notes": [note for one in photos for note in one.notes()]}

    about = {"source": "hm", "seed": settings.seed, "held_out_products": settings.hold_out}
    if len(folders) > 1:
        info |= {"items": len(items), "items_of_more": int((origin > 0).sum()), "repeated_items_of_more": repeated}
    content = CatalogueContent(tables=tables, picture=decode, info=told)
    return write_catalogue(out, content, image_size=settings.image_size, on_step=on_step)


def _joined(items: pd.DataFrame, more: list[Path]) -> tuple[pd.DataFrame, np.ndarray, int]:
    """The items of all folders, each once; each item's folder by number (0: `source`); and the number of repeats."""
    tables = [items]
    for folder in more:
        table = _read(folder / "articles.csv", ARTICLE_COLUMNS, key="item_id", optional=OPTIONAL)
        table["product_code"] = table["product_code"].fillna(table["item_id"].str[:7])
        group = table["type"].map(_only_group(items))
        table["group"] = group if table["group"].isna().all() else table["group"].fillna(group)
        tables.append(table)
    joined = pd.concat(tables, ignore_index=True)
    origin = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
    first = ~joined.duplicated("item_id").to_numpy()
    return joined[first].reset_index(drop=True), origin[first], int((~first).sum())


def _only_group(items: pd.DataFrame) -> pd.Series:
    """The group of each type that occurs in one group only."""
    pairs = items[["type", "group"]].dropna().drop_duplicates()
    return pairs.drop_duplicates("type", keep=False).set_index("type")["group"]


def _tables(source: Path, settings: HmSettings) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """The three tables, how many rows were kept and left out, and a description of the split."""
    articles = _read(source / "articles.csv", ARTICLE_COLUMNS, key="item_id")
    customers = _read(source / "customers.csv", USER_COLUMNS, key="user_id")
    items = articles.drop_duplicates("item_id").reset_index(drop=True)
    users = customers.drop_duplicates("user_id").reset_index(drop=True)
    # The first seven digits of an H&M article are its product; a blank code must not make one product of many.
    items["product_code"] = items["product_code"].fillna(items["item_id"].str[:7])
    users["age"] = pd.to_numeric(users["age"], errors="coerce").astype(np.float64)
    interactions, dropped = _interactions(source / "transactions_train.csv", items, users)
    interactions["split"], split = split_pairs(interactions, settings.split, seed=settings.seed)
    tables = {"items": items, "users": users, "interactions": interactions}
    return tables, {name: len(table) for name, table in tables.items()} | {
        "dropped_interactions": dropped,
        "duplicate_items": len(articles) - len(items),
        "duplicate_users": len(customers) - len(users),
        "split": split,
    }


def _read(path: Path, columns: dict[str, str], key: str | None = None, optional: Sequence[str] = ()) -> pd.DataFrame:
    """Read columns as text (article ids keep their leading zero) and rename them; optional ones may be missing."""
    if not path.is_file():
        raise DataError(f"{path}: missing; give the folder that holds articles.csv, as Kaggle distributes it")
    try:
        # Only a blank is a missing value: somebody may be called NA, and a product None.
        present = pd.read_csv(path, dtype=str, nrows=0).columns
        TableBounds.of_file(path).check(0, len(present))
        wanted = [name for name in columns if name in present or name not in optional]
        pieces, rows, bounds = [], 0, TableBounds.of_file(path)
        for piece in pd.read_csv(
            path, dtype=str, usecols=wanted, keep_default_na=False, na_values=[""], chunksize=ROWS_AT_ONCE
        ):
            rows += len(piece)
            bounds.check(rows, len(wanted))
            pieces.append(piece)
        table = pd.concat(pieces) if len(pieces) > 1 else pieces[0]
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: {' '.join(str(error).split())}") from error
    table = table.reindex(columns=list(columns)).rename(columns=columns)
    if key and (blank := int(table[key].isna().sum())):
        raise DataError(f"{path}: {blank} rows without an id; remove them and import again")
    if key and (faults := unusable_ids(table[key])).eq(SHORTENED_ID).any():
        row = int(faults.eq(SHORTENED_ID).to_numpy().argmax())
        raise DataError(f"{path}: row {row + 2}, {table[key][row]}: {SHORTENED_ID}; {remedy_for(SHORTENED_ID)}")
    return table


def _interactions(path: Path, items: pd.DataFrame, users: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Distinct (user, item) pairs with the count of units, first and last day; and how many rows were dropped."""
    rows = _read(path, {"t_dat": "day", "customer_id": "user_id", "article_id": "item_id"})
    item_row = pd.Series(np.arange(len(items)), index=items["item_id"])
    user_row = pd.Series(np.arange(len(users)), index=users["user_id"])
    rows["item"] = rows["item_id"].map(item_row)
    rows["user"] = rows["user_id"].map(user_row)
    for column, table, source in (("item", items, "articles.csv"), ("user", users, "customers.csv")):
        asked = rows.loc[rows[column].isna(), f"{column}_id"].dropna()
        if len(asked) > len(rows) / 2 and (hint := hint_for(asked, table[f"{column}_id"])):
            raise DataError(f"{path}: {len(asked):,} of {len(rows):,} rows name nothing that is in {source}; {hint}")
    known = rows.dropna(subset=["item", "user"]).astype({"item": np.int64, "user": np.int64})
    days = pd.to_datetime(known["day"], format="%Y-%m-%d", errors="coerce")
    if (unread := days.isna()).any():
        row = unread.idxmax()
        raise DataError(
            f"{path}: {int(unread.sum())} rows without a day like 2020-09-22; row {row + 2}: {rows['day'][row]!r}"
        )
    known["day"] = days
    grouped = known.groupby(["user", "item"], sort=True)["day"]
    pairs = grouped.agg(count="size", first="min", last="max").reset_index()
    return pairs, len(rows) - len(known)


class _Photos:
    """The photos of one folder's items: at the place that the layout gives, or else found among all photos there."""

    def __init__(self, folder: Path, item_ids: np.ndarray) -> None:
        self._folder, self._ids = folder, item_ids
        self._lock = threading.Lock()
        self._listed: tuple[Photos, dict[str, list[str]]] | None = None  # once one is not in its place

    def __call__(self, item_id: str, size: int) -> np.ndarray | str | None:
        """An item's square picture, what is wrong with its photo, or None if there is none."""
        if Path(item_id).name != item_id:
            return f"{item_id}: this id cannot be a file name"  # "../x" must not lead out of the folder
        paths = (self._folder / item_id[:3] / f"{item_id}{suffix}" for suffix in SUFFIXES)
        path = next(filter(Path.is_file, paths), None) or self._elsewhere(item_id)
        try:
            return None if path is None else images.fit_square(images.read_photo(path), size)[0]
        except (InputError, OSError) as error:
            return str(error)

    def _elsewhere(self, item_id: str) -> Path | None:
        """Find a photo with another suffix, in another folder, or by an id that lost its leading zeros."""
        if not self._folder.is_dir():
            return None
        with self._lock:
            if self._listed is None:
                photos = Photos(self._folder)
                self._listed = photos, photos.by_ids(self._ids)
        keys = self._listed[1].get(item_id)
        return self._folder / keys[0] if keys else None

    def notes(self) -> list[str]:
        """Notes on how photos were found."""
        return [] if self._listed is None else loose_note(self._listed[0])
