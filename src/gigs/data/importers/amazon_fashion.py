"""Importer for the four data sets of Kang et al. 2017 (DVBPR) in the `.npy` files that the authors publish.

A file holds `[user_train, user_validation, user_test, Item, usernum, itemnum]`: for each user from 0 a list of records
with an item's number under `productid`, and for each item from 0 a record with its JPEG file under `imgs` and, in
AmazonFashion6, its class as a one-hot vector under `c`. https://github.com/kang205/DVBPR uses them so.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gigs.data.catalogue import Catalogue, hold_out_products
from gigs.data.importers.catalogue_writer import CatalogueContent, check_size, write_catalogue
from gigs.data.importers.dropped_rows import DroppedRows
from gigs.data.importers.pickle_arrays import read_object_array
from gigs.data.importers.pickle_stand_ins import PlainArray, Span
from gigs.data.splits import SPLITS
from gigs.errors import DataError, InputError
from gigs.progress import OnStep, silent
from gigs.vision import images

PARTS = 6
JPEG_AS_TEXT = b"\xc3\xbf\xc3\x98\xc3\xbf"  # ff d8 ff, as letters, in UTF-8
# What the authors' README says of each file: users, images, actions.
PUBLISHED = {
    "AmazonFashion6ImgPartitioned": ("64K", "234K", "0.5M"),
    "AmazonWomenWithImgPartitioned": ("97K", "347K", "0.8M"),
    "AmazonMenWithImgPartitioned": ("34K", "110K", "0.2M"),
    "TradesyImgPartitioned": ("33K", "326K", "0.6M"),
}


@dataclass(frozen=True, kw_only=True)
class AmazonFashionSettings:
    """How one of the four files is imported.

    Attributes:
        image_size: Side in pixels of the packed squares.
        hold_out: Number of items to hold out from generators, encoders and classifiers. 0 is the paper's protocol.
        classes: Names of the classes in the order of the one-hot vector. Default: `class 0`, `class 1`, ...
        seed: Draws the held-out items.
    """

    image_size: int = 128
    hold_out: int = 1000
    classes: tuple[str, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        check_size(self.image_size)


USUAL = AmazonFashionSettings()


def import_amazon_fashion(
    source: str | Path, out: str | Path, settings: AmazonFashionSettings = USUAL, *, on_step: OnStep = silent
) -> Catalogue:
    """Import one of the four files, with the authors' splits and classes.

    Photos are read from the file one by one, so only users, items and interactions take memory.

    Args:
        source: The `.npy` file.
        out: Folder of the catalogue.
        settings: Size, held-out items, names of classes.
        on_step: Progress.

    Raises:
        DataError: The file is missing, damaged, has another structure, or holds anything but plain data.
    """
    source = Path(source)
    dropped = DroppedRows()
    tables, photos, info = _read(source, settings.classes, dropped, on_step)
    items = tables["items"]
    items["held_out"] = hold_out_products(items["product_code"], settings.hold_out, settings.seed)
    about = {"seed": settings.seed, "held_out_products": settings.hold_out} | info
    with _Photos(source, photos, settings.image_size) as decode:
        content = CatalogueContent(
            tables=tables, picture=decode, info=lambda: about, more_files={"dropped.csv": dropped.write}
        )
        return write_catalogue(out, content, image_size=settings.image_size, on_step=on_step)


def _read(
    source: Path, classes: tuple[str, ...], dropped: DroppedRows, on_step: OnStep
) -> tuple[dict[str, pd.DataFrame], list[bytes | Span | None], dict[str, Any]]:
    """Read the three tables, the place of each item's photo, and facts to report."""
    *splits, item_part, user_count, item_count = read_object_array(source, PARTS, on_step)
    records = _numbered(item_part, item_count, f"{source}: items")
    _numbered(splits[0], user_count, f"{source}: users")
    pairs, actions = _pairs(splits, len(records), user_count, dropped)
    users = pd.DataFrame({"user_id": [str(user) for user in range(user_count)]})
    tables = {"items": _items(records, classes), "users": users, "interactions": pairs}
    about = {
        "source": "amazon-fashion", "file": source.name, "dated": False,
        **{name: len(table) for name, table in tables.items()},
        "table_1": {"users": len(users), "items": len(records), "interactions": actions},
        "dropped": dropped.summary(), "dropped_interactions": dropped.count("interactions"),
    }  # fmt: skip
    return tables, [_photo_of(record) for record in records], about


def published(catalogue: Catalogue) -> tuple[str, str, str] | None:
    """The numbers of users, images and actions that the authors state for a file, rounded; None for other files."""
    return PUBLISHED.get(str(catalogue.info.get("file", "")).removesuffix(".npy"))


def _numbered(part: Any, count: Any, what: str) -> list[Any]:
    """The records 0 to count - 1 of a mapping, list or array."""
    if isinstance(part, PlainArray):
        part = part.values
    if type(count) is not int or not isinstance(part, dict | list) or len(part) != count or not count:
        held = len(part) if isinstance(part, dict | list) else type(part).__name__
        raise DataError(f"{what}: the file holds {held!r}, but announces {count!r:.40}; is this the right file?")
    try:
        return [part[number] for number in range(count)]
    except KeyError as error:
        raise DataError(f"{what}: number {error} is missing; is this the right file?") from error


def _field(record: Any, name: str) -> Any:
    """Get a field by its name, which Python 2 wrote as bytes."""
    if not isinstance(record, dict):
        return None
    return record.get(name.encode(), record.get(name))


def _items(records: list[Any], classes: tuple[str, ...]) -> pd.DataFrame:
    """The item table. An item's id is its ASIN if every item has a unique one, otherwise its number."""
    asins = [_text(_field(record, "asin")) for record in records]
    named = None not in asins and len(set(asins)) == len(asins)
    ids = asins if named else [str(number) for number in range(len(records))]
    kinds = [_class_of(_field(record, "c"), classes) for record in records]
    return pd.DataFrame(
        {"item_id": ids, "product_code": ids, "name": ids, "type": kinds, "group": kinds, "section": kinds},
        dtype="str",
    )


def _text(value: Any) -> str | None:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return text if isinstance(text, str) and text else None


def _class_of(vector: Any, classes: tuple[str, ...]) -> str:
    """The class or classes that a one-hot vector marks; "all" if there is no vector."""
    values = vector.values if isinstance(vector, PlainArray) else vector
    if isinstance(values, np.ndarray):
        values = values.ravel().tolist()
    if isinstance(values, Span) or not isinstance(values, list | tuple):
        return "all"
    marked = [place for place, value in enumerate(values) if isinstance(value, int | float) and value]
    names = [classes[place] if place < len(classes) else f"class {place}" for place in marked]
    return " + ".join(names) or "all"


def _photo_of(record: Any) -> bytes | Span | None:
    content = _field(record, "imgs")
    if isinstance(content, str):
        return _from_text(content.encode())
    return bytes(content) if isinstance(content, bytes | bytearray) else content if isinstance(content, Span) else None


def _from_text(content: bytes) -> bytes:
    """Restore a JPEG file that Python 3 read as text (`encoding="latin1"`); return other bytes as they are."""
    if not content.startswith(JPEG_AS_TEXT):
        return content
    try:
        return content.decode().encode("latin1")
    except ValueError:
        return content


def _entries(splits: list[Any]) -> Iterator[tuple[Any, int, Any]]:
    """All actions as user, split (an index in `SPLITS`) and item; users and items are named as in the file."""
    for split, part in enumerate(splits):
        part = part.values if isinstance(part, PlainArray) else part
        if not isinstance(part, dict | list):
            raise DataError(f"the {SPLITS[split]} part is not a table of users; is this the right file?")
        for user, actions in part.items() if isinstance(part, dict) else enumerate(part):
            actions = actions.values if isinstance(actions, PlainArray) else actions
            if isinstance(actions, Span):
                raise DataError(f"user {user!r:.20} of the {SPLITS[split]} part has numbers instead of records; is "
                    "this the right file?")  # fmt: skip
            for action in actions if isinstance(actions, list | tuple | set) else [actions]:
                yield user, split, _field(action, "productid") if isinstance(action, dict) else action


def _pairs(splits: list[Any], item_count: int, user_count: int, dropped: DroppedRows) -> tuple[pd.DataFrame, int]:
    """Distinct pairs with their split and without dates, and the number of actions as Table 1 counts them."""
    rows: list[tuple[int, int, int]] = []
    strange: dict[int, str] = {}
    for number, (user, split, item) in enumerate(_entries(splits), start=1):
        if type(user) is int and type(item) is int and 0 <= user < user_count and 0 <= item < item_count:
            rows.append((user, item, split))
        else:
            strange[number] = f"user {user!r:.20}, item {item!r:.20}"
    reason, fix = "names a user or item that is not in the file", "none needed: it was published like this"
    dropped.add("interactions", strange, strange.values(), reason, fix)
    table = pd.DataFrame(np.array(rows, dtype=np.int64).reshape(-1, 3), columns=["user", "item", "split"])
    # An item that a user has in two splits is tested, not trained on.
    pairs = table.groupby(["user", "item"], sort=True)["split"].agg(count="size", split="max").reset_index()
    day = pd.Series(pd.NaT, index=pairs.index, dtype="datetime64[us]")
    names = pd.Series(np.array(SPLITS, dtype=object)[pairs["split"].to_numpy(dtype=np.int64)], dtype=object)
    return pairs.assign(first=day, last=day, split=names)[["user", "item", "count", "first", "last", "split"]], len(
        rows
    )


class _Photos:
    """Reads and decodes the photo of a row on demand; usable from several threads."""

    def __init__(self, source: Path, photos: list[bytes | Span | None], size: int) -> None:
        self._handle = source.open("rb")
        self._lock = threading.Lock()
        self._photos, self._size = photos, size

    def __enter__(self) -> _Photos:
        return self

    def __exit__(self, *error: object) -> None:
        self._handle.close()

    def __call__(self, row: int) -> np.ndarray | str | None:
        """An item's square picture, what is wrong with its photo, or None if it has none."""
        photo = self._photos[row]
        if photo is None:
            return None
        if isinstance(photo, Span):
            with self._lock:
                self._handle.seek(photo.offset)
                content = self._handle.read(photo.length)
            try:
                photo = photo.bytes_of(content) if photo.recoded else _from_text(content)
            except ValueError:
                return f"photo of item {row}: not a byte string; download the file again"
        try:
            return images.fit_square(images.decode_photo(photo, f"photo of item {row}"), self._size)[0]
        except InputError as error:
            return str(error)
