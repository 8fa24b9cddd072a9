"""The type of each photo's product, read from a shop's item table."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from gigs.data.importers.columns import choose_columns
from gigs.data.importers.tables import read_table
from gigs.errors import DataError


@dataclass(frozen=True)
class ItemTypes:
    """Types of products in photos, from a table.

    Attributes:
        named: The type of each photo for which the table names a known type.
        without_row: Names of photos without a row in the table, or without a type in their row.
        unknown: Types in the rows of these photos that are not known, each once.
    """

    named: dict[Path, str]
    without_row: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def missing(self, table: Path) -> str | None:
        """A sentence about the photos whose type must be recognised from the picture; None if there are none."""
        parts = []
        if self.without_row:
            parts.append(f"names no type of {_few(self.without_row)}")
        if self.unknown:
            parts.append(f"calls products {_few(self.unknown)}, which the pack does not tell apart")
        if not parts:
            return None
        return f"{table.name}: {' and '.join(parts)}; for these, the type is recognised from the photo"


def item_types(table: Path, photos: Sequence[Path], known: Iterable[str]) -> ItemTypes:
    """Look up the types of photos' products in a shop's item table.

    A row belongs to a photo if its item id, or the picture file that it names, has the photo's name. Case, suffix,
    leading zeros and characters between letters and digits are ignored.

    Args:
        table: CSV, TSV, JSON Lines or Parquet file with a column of items or pictures and one of types.
        photos: Files.
        known: Known types, such as `T-shirt`. The table's `T-Shirts` counts as the same.

    Raises:
        DataError: The table cannot be read or has no such columns.
    """
    raw = read_table(table, "items")
    columns = choose_columns({"items": raw}, {})[0]["items"]
    if "type" not in columns:
        raise DataError(
            f"{table}: no column looks like the products' type; name one 'type' (the columns are "
            f"{', '.join(raw.frame.columns)})"
        )
    rows: dict[str, str] = {}
    for role in ("image", "item"):  # an id counts for more than the picture that a row names
        if role in columns:
            for cell, kind in zip(raw.frame[columns[role]], raw.frame[columns["type"]], strict=True):
                if cell and kind:
                    rows[_key(cell)] = kind
    names = {_plain(name): name for name in known}
    said = {photo: rows.get(_key(photo.name)) for photo in photos}
    told = {photo: names.get(_plain(kind)) for photo, kind in said.items() if kind}
    return ItemTypes(
        named={photo: name for photo, name in told.items() if name},
        without_row=tuple(photo.name for photo, kind in said.items() if not kind),
        unknown=tuple(dict.fromkeys(str(said[photo]) for photo, name in told.items() if not name)),
    )


def _key(name: str) -> str:
    """The form of a picture's name or an item's id in which the two are compared."""
    last = name.replace("\\", "/") if re.search(r"\.\w{2,5}$", name) else name.replace("/", "_")
    stem = PurePath(last).name
    while re.search(r"\.(jpe?g?|jfif|png|webp|gif|bmp|tiff?|heic|avif)$", stem, re.IGNORECASE):
        stem = stem.rpartition(".")[0]
    plain = re.sub(r"[\W_]+", "_", unicodedata.normalize("NFC", stem).casefold()).strip("_")
    return plain.lstrip("0") or plain


def _plain(kind: str) -> str:
    """A type's name for comparison: without case, punctuation and plural ending."""
    word = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", kind).casefold())
    for ending, singular in (("sses", "ss"), ("shes", "sh"), ("ches", "ch"), ("xes", "x"), ("ies", "y")):
        if word.endswith(ending):
            return word.removesuffix(ending) + singular
    return word if word.endswith("ss") else word.removesuffix("s")


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} others"
