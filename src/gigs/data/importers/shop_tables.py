"""A shop's item and user tables, with the columns that gigs uses and the shop's own columns."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import NamedTuple

import pandas as pd

from gigs.data.importers.cell_values import clean_ids, remedy_for, typed, unusable_ids
from gigs.data.importers.dropped_rows import DroppedRows
from gigs.data.importers.raw_table import RawTable
from gigs.data.importers.variants import complete_variants
from gigs.errors import DataError

# Columns that a shop's further ones must not take the place of; `bought_...` are those that audiences derive.
RESERVED = {
    "item_id", "user_id", "product_code", "name", "type", "group", "section", "colour", "held_out", "has_image",
    "source_row", "purchases", "main_section",
}  # fmt: skip
ALL = "all"  # the one kind of a shop that tells none apart


class PhotoCells(NamedTuple):
    """What rows say about photos, by item: its own rows, and its product's. One line each, None for nothing."""

    own_photos: pd.Series
    product_photos: pd.Series


def item_table(table: RawTable, columns: Mapping[str, str], dropped: DroppedRows) -> tuple[pd.DataFrame, PhotoCells]:
    """The item table, and for each item what its own rows and those of its product say about photos.

    Without a column of products, each item is a product. Type and group stand in for each other. Without these and a
    section, all items are of the kind "all".

    Raises:
        DataError: No row has a usable id.
    """
    known = complete_variants(table.frame, columns)
    reason = "a product's row without an item id: its variants take over what it says"
    products = known.frame.loc[known.without_id, columns["product"]] if known.without_id else ()
    dropped.add(table.name, known.without_id, products, reason, "none needed", "note")
    if known.filled:
        table.notes.append(f"{known.filled:,} variants took over what their product's first row or parent says")
    rows = known.frame.assign(own_photos=known.own, product_photos=known.photos)
    frame = _identified(replace(table, frame=rows.drop(index=known.without_id)), columns["item"], "item", dropped)
    if frame.empty:
        faults = unusable_ids(clean_ids(rows[columns["item"]]))
        worst = faults.value_counts().index[0] if len(faults) else "the table has no rows"
        raise DataError(
            f"{table.source}: no row has a usable item id in the column {columns['item']!r} ({worst}); "
            f"{remedy_for(worst)}, or name another column"
        )
    told_photos = frame.groupby("item_id", sort=False)[["own_photos", "product_photos"]].agg(_joined)
    beside = {"own_photos", "product_photos", columns.get("image"), columns.get("variant_image")}
    frame = _once(frame, "item_id", "items", dropped, beside=beside)

    def told(*roles: str) -> pd.Series:
        """The column of the first of these roles that has one; otherwise blanks."""
        column = next((columns[role] for role in roles if role in columns), None)
        return frame[column] if column else pd.Series([None] * len(frame), index=frame.index, dtype=object)

    ids = frame["item_id"]
    items = pd.DataFrame(
        {
            "item_id": ids, "product_code": clean_ids(told("product")).fillna(ids), "name": told("name").fillna(ids),
            "type": told("type", "group").fillna(ALL), "group": told("group", "type").fillna(ALL),
            "section": told("section").fillna(ALL), "colour": told("colour"), "source_row": frame.index,
        }
    )  # fmt: skip
    items = _with_others(items, frame, {*columns.values(), *PhotoCells._fields})
    cells = (ids.map(told_photos[name]).reset_index(drop=True) for name in PhotoCells._fields)
    return items.reset_index(drop=True), PhotoCells(*cells)


def user_table(
    table: RawTable | None, columns: Mapping[str, str], seen: pd.Series, k_core: int, dropped: DroppedRows
) -> tuple[pd.DataFrame, int]:
    """The user table with users who are only in the interactions added, and how many were added.

    Args:
        table: The shop's user table, if it has one.
        columns: By role.
        seen: User ids in the interactions that are used.
        k_core: If above 0, users outside the k-core are left out.
        dropped: Collects what is left out.
    """
    if table is None:
        return pd.DataFrame({"user_id": seen.to_numpy(), "source_row": 0}), 0
    frame = _once(_identified(table, columns["user"], "user", dropped), "user_id", "users", dropped)
    users = pd.DataFrame({"user_id": frame["user_id"], "source_row": frame.index})
    users = _with_others(users, frame, set(columns.values()))
    if k_core > 1:
        outside = ~users["user_id"].isin(seen)
        gone, fix = users[outside], "none needed: the k-core was asked for"
        dropped.add("users", gone.index, gone["user_id"], f"outside the {k_core}-core", fix, "note")
        users = users[~outside]
    missing = seen[~seen.isin(users["user_id"])]
    added = pd.DataFrame({"user_id": missing.to_numpy(), "source_row": 0})
    return pd.concat([users, added], ignore_index=True), len(added)


def _joined(cells: pd.Series) -> str | None:
    return "\n".join(cells.dropna()) or None


def _identified(table: RawTable, column: str, role: str, dropped: DroppedRows) -> pd.DataFrame:
    """Add cleaned ids to a table, and drop rows without a usable id."""
    dropped.add_broken(table.name, table.broken)
    frame = table.frame.assign(**{f"{role}_id": clean_ids(table.frame[column])})
    faults = unusable_ids(frame[f"{role}_id"])
    for fault in sorted(set(faults) - {""}):
        gone = frame[faults == fault]
        dropped.add(table.name, gone.index, gone[f"{role}_id"], fault, remedy_for(fault))
    return frame[faults == ""]


def _once(
    frame: pd.DataFrame, key: str, name: str, dropped: DroppedRows, beside: Collection[str | None] = ()
) -> pd.DataFrame:
    """Keep the first row of each id. A later row that says something else (except in `beside`) gives a warning."""
    first, later = frame.drop_duplicates(key), frame[frame.duplicated(key)]
    compared = [column for column in frame.columns if column != key and column not in beside]
    model = first.set_index(key)[compared].reindex(later[key].to_numpy())
    cells = later[compared]
    # The kind is said, for of a table without further columns pandas makes an array of numbers.
    blank, same = cells.isna().to_numpy(dtype=bool), (cells == model.set_axis(cells.index)).to_numpy(dtype=bool)
    agrees = (blank | same).all(axis=1)
    for mask, reason, fix, severity in (
        (agrees, "repeats an item or user above it", "none needed", "note"),
        (
            ~agrees,
            "has the same id as a row above it, which was kept",
            "give different items or users different ids",
            "warning",
        ),
    ):
        dropped.add(name, later.index[mask], later[key][mask], reason, fix, severity)
    return first


def _with_others(table: pd.DataFrame, frame: pd.DataFrame, used: set[str]) -> pd.DataFrame:
    """Add the shop's other columns, with names that conditions can use, and as numbers where they are numbers."""
    found: dict[str, pd.Series] = {}
    for header in frame.columns:
        if header in used or header in ("item_id", "user_id"):
            continue
        name = re.sub(r"\W+", "_", str(header)).strip("_").lower() or "column"
        taken = name in RESERVED or name in table or name in found
        if taken or keyword.iskeyword(name) or name[0].isdigit() or name[:7] == "bought_":
            name = f"x_{name}"
        if name not in table and name not in found:
            found[name] = typed(frame[header])
    # All at once: a column at a time copies the table for each.
    return pd.concat([table, pd.DataFrame(found, index=table.index)], axis=1)
