"""Presets for the exports of common shop systems: the names of their columns and their special formats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from gigs.data.importers.columns import USUAL, Names, plain
from gigs.data.importers.raw_table import RawTable
from gigs.errors import InputError

COLOUR_WORDS = frozenset(("colour", "color", "farbe", "couleur", "colore", "kleur", "cor", "färg", "farve", "kolor"))
ALONE = ("type", "group")  # a usual name would be another thing here: WooCommerce's type is "simple" or "variable"
TYPE, GROUP, COLOUR = "product type", "product group", "colour"  # columns that `prepared` adds


@dataclass(frozen=True)
class ShopPreset:
    """The columns of one system's exports.

    Attributes:
        names: Column names by table and role, as `plain` writes them. Most are tried before the usual ones.
        ids: Pairs of columns with the item's id in items and in interactions. The first pair that both tables have is
            used.
        category: Column of paths such as "Clothing > Tops, Sale", whose last part is the type.
        own_type: Column with the shop's own type, which is preferred to the path's.
        options: Names of the columns with an option's name and value, with {} for the option's number.
    """

    names: Names
    ids: tuple[tuple[str, str], ...]
    category: str
    own_type: str
    options: tuple[str, str]


# fmt: off
PRESETS = {
    "shopify": ShopPreset(
        names={
            "items": {
                "image": ("imagesrc",), "variant_image": ("variantimage",), "product": ("handle",), "name": ("title",),
                "type": (plain(TYPE),), "group": (plain(GROUP),), "section": ("googleshoppinggender", "targetgender"),
            },
            "users": {"user": ("email", "customerid")},
            "interactions": {
                "user": ("email", "customerid"), "weight": ("lineitemquantity",), "time": ("createdat", "paidat"),
                "order": ("name", "id"),
            },
        },
        ids=(("variantsku", "lineitemsku"), ("sku", "lineitemsku"), ("variantid", "lineitemvariantid")),
        category="productcategory", own_type="type", options=("option{}name", "option{}value"),
    ),
    "woocommerce": ShopPreset(
        names={
            "items": {
                "image": ("images",), "product": ("parent",), "name": ("name",), "type": (plain(TYPE),),
                "group": (plain(GROUP),),
            },
            "users": {"user": ("email", "billingemail", "emailbilling", "customerid", "userid")},
            "interactions": {
                "user": ("email", "billingemail", "emailbilling", "customeremail", "customerid", "customeruserid",
                         "userid"),
                "weight": ("quantity", "qty", "itemquantity", "quantityrefund"),
                "time": ("orderdate", "date", "datecreated", "paiddate"),
                "order": ("ordernumber", "orderid", "order"),
            },
        },
        ids=(("sku", "sku"), ("sku", "productsku"), ("sku", "itemsku"), ("id", "variationid"), ("id", "productid"),
             ("id", "itemid")),
        category="categories", own_type="", options=("attribute{}name", "attribute{}values"),
    ),
}
# fmt: on


def preset_called(name: str) -> ShopPreset | None:
    """The preset with a name; None for an empty name.

    Raises:
        InputError: There is no preset with this name.
    """
    if name and name not in PRESETS:
        raise InputError(f"preset {name!r} is unknown; choose one of {', '.join(PRESETS)}, or name the columns")
    return PRESETS.get(name)


def prepared(tables: Mapping[str, RawTable], preset: ShopPreset | None) -> tuple[dict[str, RawTable], Names]:
    """Add columns of type, group and colour to the items. Returns tables, and column names by role."""
    found = dict(tables)
    if preset is None:
        return found, {}
    names = {
        table: {role: own if role in ALONE else own + USUAL[table].get(role, ()) for role, own in roles.items()}
        for table, roles in preset.names.items()
    }
    headers = {table: {plain(header) for header in raw.frame.columns} for table, raw in tables.items()}
    for own, theirs in preset.ids:
        if own in headers["items"] and theirs in headers["interactions"]:
            names["items"]["item"], names["interactions"]["item"] = (own,), (theirs,)
            break
    frame = tables["items"].frame
    found["items"] = replace(tables["items"], frame=frame.assign(**_kinds(frame, preset), **_colour(frame, preset)))
    return found, names


def _column(frame: pd.DataFrame, name: str) -> pd.Series | None:
    return next((frame[header] for header in frame.columns if name and plain(header) == name), None)


def _kinds(frame: pd.DataFrame, preset: ShopPreset) -> dict[str, pd.Series]:
    """Type and group from the category's path; the shop's own type where there is one."""
    paths, own = _column(frame, preset.category), _column(frame, preset.own_type)
    if paths is None:
        return {} if own is None else {TYPE: own}
    parts = [[] if not isinstance(cell, str) else [p.strip() for p in cell.split(",")[0].split(">")] for cell in paths]
    last = pd.Series([part[-1] if part else None for part in parts], index=frame.index, dtype=object)
    wider = pd.Series([part[-2:][0] if part else None for part in parts], index=frame.index, dtype=object)
    return {TYPE: last if own is None else own.fillna(last), GROUP: wider}


def _colour(frame: pd.DataFrame, preset: ShopPreset) -> dict[str, pd.Series]:
    """The value of the option that is named like a colour. Only a product's first row holds an option's name."""
    handle = _column(frame, preset.names["items"]["product"][0])
    colour = pd.Series([None] * len(frame), index=frame.index, dtype=object)
    for number in range(1, 4):
        name, value = (_column(frame, pattern.format(number)) for pattern in preset.options)
        if name is None or value is None:
            continue
        if handle is not None:
            name = name.fillna(handle.map(name.groupby(handle).first()))
        is_colour = name.map(lambda text: isinstance(text, str) and plain(text) in COLOUR_WORDS)
        colour = colour.fillna(value.where(is_colour))
    return {COLOUR: colour} if colour.notna().any() else {}
