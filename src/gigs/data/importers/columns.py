"""The role of each column in a shop's tables: named by the user, or guessed from usual names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from gigs.data.importers.raw_table import RawTable
from gigs.errors import DataError, InputError

# Usual names of each role, most telling first, written without case, spaces and punctuation.
# fmt: off
USUAL: dict[str, dict[str, tuple[str, ...]]] = {
    "items": {
        "item": ("itemid", "articleid", "sku", "variantsku", "productid", "asin", "variantid", "articlenumber",
                 "itemnumber", "item", "article", "product", "id", "handle", "code"),
        "image": ("image", "imagepath", "imagefile", "imagefilename", "images", "photo", "photopath", "photofile",
                  "photos", "picture", "pictures", "imageurl", "imagelink", "imagesrc", "img", "filename", "file",
                  "path"),
        "product": ("productcode", "parentid", "parentasin", "parentsku", "itemgroupid", "styleid", "stylecode",
                    "modelid", "productid", "parent", "handle", "producthandle"),
        "name": ("name", "title", "itemname", "productname", "prodname", "producttitle"),
        "type": ("type", "producttype", "producttypename", "itemtype", "subcategory", "category", "class"),
        "group": ("group", "productgroup", "productgroupname", "department", "maincategory", "category"),
        "section": ("section", "gender", "indexgroupname", "division", "department"),
        "colour": ("colour", "color", "colourname", "colorname", "colourgroupname", "basecolour"),
        "variant_image": ("variantimage",),
    },
    "users": {"user": ("userid", "customerid", "visitorid", "clientid", "memberid", "buyerid", "shopperid", "accountid",
                       "user", "customer", "id")},
    "interactions": {
        "user": ("userid", "customerid", "visitorid", "clientid", "memberid", "buyerid", "shopperid", "accountid",
                 "user", "customer"),
        "item": ("itemid", "articleid", "sku", "variantsku", "lineitemsku", "productid", "asin", "variantid",
                 "articlenumber", "itemnumber", "item", "article", "product"),
        "event": ("event", "eventtype", "eventname", "action", "interaction", "behavior", "behaviour", "kind"),
        "weight": ("weight", "quantity", "qty", "count", "units"),
        "time": ("time", "timestamp", "datetime", "date", "createdat", "eventtime", "orderdate", "purchasedate", "tdat",
                 "day", "ts", "unixtime"),
        "order": ("orderid", "ordernumber", "orderno", "ordername", "invoice", "invoiceno", "invoicenumber"),
    },
}
# fmt: on
NEEDED = {"items": ("item",), "users": ("user",), "interactions": ("user", "item")}
# For each role what the user named: columns, each for one table or, under "", for any.
Named = Mapping[str, Mapping[str, str]]
Chosen = dict[str, dict[str, str]]
# For each table, by role, names that go before the usual ones; none at all where an empty tuple says so.
Names = Mapping[str, Mapping[str, tuple[str, ...]]]


def parse_named(role: str, given: Sequence[str]) -> dict[str, str]:
    """Parse how the user named a role's column: `COLUMN`, or `TABLE=COLUMN` if the tables differ."""
    named: dict[str, str] = {}
    for text in given:
        table, _, column = text.rpartition("=")
        if table not in ("", *USUAL):
            raise InputError(f"column of the {role}, {text!r}: the table must be one of {', '.join(USUAL)}")
        named[table] = column
    return named


def choose_columns(tables: Mapping[str, RawTable], named: Named, known: Names | None = None) -> tuple[Chosen, Chosen]:
    """Find the column of each role in each table.

    Args:
        tables: Tables by name: `items`, `interactions` and perhaps `users`.
        named: Columns that the user named.
        known: Column names of a preset.

    Returns:
        All choices (table to role to column), and those among them that were guessed.

    Raises:
        DataError: A needed or named column is in none of the tables. The message lists the columns.
    """
    chosen: Chosen = {}
    guessed: Chosen = {}
    for name, table in tables.items():
        headers = list(table.frame.columns)
        mine = {role: _given(named.get(role, {}), name, headers) for role in USUAL[name]}
        chosen[name] = {role: column for role, column in mine.items() if column}
        usual = {**USUAL[name], **(known or {}).get(name, {})}
        guessed[name] = _guess(usual, headers, chosen[name], _shared(name, tables))
        chosen[name] |= guessed[name]
        for role in NEEDED[name]:
            if role not in chosen[name]:
                raise DataError(
                    f"{table.source}: no column looks like the {role}'s id; name it with `{role}_id`; the columns are "
                    f"{', '.join(headers)}"
                )
    _all_found(named, chosen, tables)
    return chosen, guessed


def plain(header: str) -> str:
    """A column's name without case, width variants, spaces and punctuation: "Product ID" becomes "productid"."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", header).casefold())


def _given(named: Mapping[str, str], table: str, headers: list[str]) -> str | None:
    """The column that the user named for this table or for any table, if the table has it."""
    wanted = named.get(table, named.get(""))
    if wanted is None:
        return None
    if wanted in headers:
        return wanted
    return next((header for header in headers if plain(header) == plain(wanted)), None)


def _shared(name: str, tables: Mapping[str, RawTable]) -> set[str]:
    """Column names that another table has too, such as an id that links two tables."""
    others = [plain(header) for other, table in tables.items() if other != name for header in table.frame.columns]
    return set(others)


def _guess(
    names: Mapping[str, tuple[str, ...]], headers: list[str], taken: Mapping[str, str], shared: set[str]
) -> dict[str, str]:
    """Guess columns for the remaining roles, each column for one role. An id that tables share comes first."""
    free = {plain(header): header for header in reversed(headers) if header not in taken.values()}
    chosen: dict[str, str] = {}
    for role, usual in names.items():
        if role in taken:
            continue
        order = sorted(usual, key=lambda each: each not in shared) if role in ("item", "user") else usual
        if match := next((each for each in order if each in free), None):
            chosen[role] = free.pop(match)
    return chosen


def _all_found(named: Named, chosen: Chosen, tables: Mapping[str, RawTable]) -> None:
    """Refuse a named column that no table has."""
    for role, columns in named.items():
        for table, column in columns.items():
            places = [table] if table else [name for name in tables if role in USUAL[name]]
            missing = [
                name for name in places if name not in tables or plain(chosen[name].get(role, "")) != plain(column)
            ]
            if len(missing) == len(places):
                headers = "; ".join(
                    f"{name}: {', '.join(tables[name].frame.columns)}" for name in places if name in tables
                )
                raise DataError(
                    f"column of the {role}, {column!r}: no such column; there are {headers or 'no such tables'}"
                )
