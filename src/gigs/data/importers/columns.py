"""Which column of a shop's table is what: named by the user, or guessed from usual names and shown."""

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
OPTIONS = {"item": "--item-id", "user": "--user-id"}
# For each role what the user named: columns, each for one table or, under "", for any.
Named = Mapping[str, Mapping[str, str]]
Chosen = dict[str, dict[str, str]]
# For each table, by role, names that go before the usual ones; none at all where an empty tuple says so.
Names = Mapping[str, Mapping[str, tuple[str, ...]]]


def option_of(role: str) -> str:
    """The command line's option that names a role's column."""
    return OPTIONS.get(role, f"--{role}")


def parse_named(role: str, given: Sequence[str]) -> dict[str, str]:
    """What the user wrote after an option: `COLUMN`, or `TABLE=COLUMN` where tables differ."""
    named: dict[str, str] = {}
    for text in given:
        table, _, column = text.rpartition("=")
        if table not in ("", *USUAL):
            raise InputError(f"{option_of(role)} {text!r}: the table must be one of {', '.join(USUAL)}")
        named[table] = column
    return named


def choose_columns(tables: Mapping[str, RawTable], named: Named, known: Names | None = None) -> tuple[Chosen, Chosen]:
    """Find each role's column in each table.

    Args:
        tables: By `items`, `interactions` and perhaps `users`.
        named: What the user named.
        known: Names of a preset.

    Returns:
        All choices, table to role to column; and those among them that were guessed.

    Raises:
        DataError: A needed column, or one that was named, is in none of the tables; the message lists the columns.
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
                    f"{table.source}: no column looks like the {role}'s id; name it with {option_of(role)}; "
                    f"the columns are {', '.join(headers)}"
                )
    _all_found(named, chosen, tables)
    return chosen, guessed


def plain(header: str) -> str:
    """A column's name without case, accents of width, spaces and punctuation: "Product ID" is "productid"."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", header).casefold())


def _given(named: Mapping[str, str], table: str, headers: list[str]) -> str | None:
    """The column that was named for this table, or for any, if the table has it."""
    wanted = named.get(table, named.get(""))
    if wanted is None:
        return None
    if wanted in headers:
        return wanted
    return next((header for header in headers if plain(header) == plain(wanted)), None)


def _shared(name: str, tables: Mapping[str, RawTable]) -> set[str]:
    """Column names that another table has too: an id by which two tables speak of the same things."""
    others = [plain(header) for other, table in tables.items() if other != name for header in table.frame.columns]
    return set(others)


def _guess(
    names: Mapping[str, tuple[str, ...]], headers: list[str], taken: Mapping[str, str], shared: set[str]
) -> dict[str, str]:
    """Columns for the roles that are open, each column for one role only; an id that tables share comes first."""
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
    """Refuse a column that was named and is nowhere."""
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
                    f"{option_of(role)} {column!r}: no such column; there are {headers or 'no such tables'}"
                )
