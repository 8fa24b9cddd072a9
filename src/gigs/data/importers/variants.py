"""Rows that share cells with another row and leave them blank: variants of a product, and lines of an order.

A shop's export gives title, type and photo once per product: in its first row, or in the parent's row that its variants
point to. What a row says itself is always kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from gigs.data.importers.cell_values import clean_id, clean_ids
from gigs.data.importers.columns import plain

TOLD = ("name", "type", "group", "section")  # what is said of a product; a colour is its variants' own
NUMBERED = "id:"  # before a parent's number, where a parent is otherwise named by its code


@dataclass(frozen=True)
class Completed:
    """An item table whose variants are completed from their product's row.

    Attributes:
        frame: The table, with blank names, types, groups and sections filled in, and products named by their parent's
            id.
        own: What each row says about its own photos; None for nothing.
        photos: What its product says about photos, for rows without photos of their own.
        without_id: Rows without an id that need none: further photos of a product, or a parent of variants.
        filled: Number of rows that took something over.
    """

    frame: pd.DataFrame
    own: pd.Series
    photos: pd.Series
    without_id: list[int]
    filled: int


def complete_variants(frame: pd.DataFrame, columns: Mapping[str, str]) -> Completed:
    """Fill in the blanks of variants from their product.

    A row is completed from the row that its product column names. If it holds nothing but its product, it is completed
    from the product's first row that holds more.
    """
    nothing = pd.Series([None] * len(frame), index=frame.index, dtype=object)
    image = frame[columns["image"]] if "image" in columns else nothing
    if "product" not in columns:
        return Completed(frame, image, nothing, [], 0)
    told = list(dict.fromkeys(columns[role] for role in TOLD if role in columns))
    ids, products = clean_ids(frame[columns["item"]]), clean_ids(frame[columns["product"]])
    silent = frame[told].isna().all(axis=1) if told else pd.Series(False, index=frame.index)
    parents = _parents(frame, ids, products)
    sources = parents.where(parents.notna(), _first_rows(products, silent))
    has = sources.notna()
    done = frame.copy()
    for column in told:
        done.loc[has, column] = frame.loc[has, column].fillna(sources[has].map(frame[column]))
    if "variant_image" in columns:  # the other column then lists the product's photos, one a row
        own = frame[columns["variant_image"]].where(products.notna(), image)
        photos = _joined(products.map(_by_product(image, products)))
    else:
        own = image
        further = _by_product(image.where(ids.isna() & silent), products)
        photos = _joined(sources.map(image).where(has), products.map(further))
    done[columns["product"]] = parents.map(ids).fillna(products)
    changed = has & (done[told].notna().sum(axis=1).gt(frame[told].notna().sum(axis=1)) | photos.notna())
    continued = silent & products.notna() & sources.notna()
    needless = ids.isna() & (continued | frame.index.isin(parents.dropna()))
    return Completed(done, own, photos, frame.index[needless].tolist(), int(changed[ids.notna()].sum()))


def complete_orders(frame: pd.DataFrame, columns: Mapping[str, str]) -> tuple[pd.DataFrame, int]:
    """Fill in blank buyers and times in further lines of an order. Also returns how many were filled in."""
    if "order" not in columns:
        return frame, 0
    orders, done = clean_ids(frame[columns["order"]]), frame.copy()
    for role in ("user", "time"):
        if column := columns.get(role):
            first = frame[column].groupby(orders).first()  # the first that is not blank
            done[column] = frame[column].fillna(orders.map(first))
    return done, int(done.notna().sum(axis=1).gt(frame.notna().sum(axis=1)).sum())


def _by_product(cells: pd.Series, products: pd.Series) -> pd.Series:
    """All that a product's rows say, one line each, by product."""
    return cells.groupby(products).agg(lambda told: "\n".join(told.dropna()))


def _joined(*columns: pd.Series) -> pd.Series:
    """Join columns, one line each; None if all are blank."""
    rows = ([cell for cell in row if isinstance(cell, str) and cell] for row in zip(*columns, strict=True))
    return pd.Series(["\n".join(row) or None for row in rows], index=columns[0].index, dtype=object)


def _parents(frame: pd.DataFrame, ids: pd.Series, products: pd.Series) -> pd.Series:
    """For each row, the row that its product column names by an id, or by a number in the table's column of numbers."""
    numbers = next((frame[header] for header in frame.columns if plain(header) == "id"), ids)
    by_id = {identifier: row for row, identifier in reversed(list(ids.dropna().items()))}
    by_number = {clean_id(number): row for row, number in reversed(list(numbers.dropna().items()))}

    def parent(row: int, product: str | None) -> int | None:
        if product is None:
            return None
        if product.startswith(NUMBERED):
            found = by_number.get(clean_id(product.removeprefix(NUMBERED)))
        else:
            found = by_id.get(product)
        return None if found == row else found

    rows = [parent(row, product) for row, product in products.items()]
    return pd.Series(rows, index=frame.index, dtype=object)


def _first_rows(products: pd.Series, silent: pd.Series) -> pd.Series:
    """For rows that hold nothing but their product, the product's first row that holds more."""
    speaking = products[~silent].dropna()
    first = {product: row for row, product in reversed(list(speaking.items()))}
    rows = [first.get(product) if quiet else None for product, quiet in zip(products, silent, strict=True)]
    return pd.Series(rows, index=products.index, dtype=object)
