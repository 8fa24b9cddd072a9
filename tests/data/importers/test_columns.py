"""Columns are guessed from usual names, a shared id first; what is named is taken, or refused with a list."""

from __future__ import annotations

import pandas as pd
import pytest

from gigs.data.importers.columns import choose_columns, parse_named
from gigs.data.importers.raw_table import RawTable
from gigs.errors import DataError, InputError


def tables(items: str = "sku,title", interactions: str = "customer_id,sku", users: str = "") -> dict[str, RawTable]:
    headers = {"items": items, "interactions": interactions} | ({"users": users} if users else {})
    return {
        name: RawTable(name, f"{name}.csv", pd.DataFrame(columns=text.split(","))) for name, text in headers.items()
    }


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ("Product ID,Image URL,Gender,Category",
         {"item": "Product ID", "image": "Image URL", "section": "Gender", "type": "Category"}),
        ("article_id,prod_name,product_type_name,product_group_name,index_group_name,colour_group_name,product_code",
         {"item": "article_id", "name": "prod_name", "type": "product_type_name", "group": "product_group_name",
          "section": "index_group_name", "colour": "colour_group_name", "product": "product_code"}),
        ("id,title,item_group_id,color",
         {"item": "id", "name": "title", "product": "item_group_id", "colour": "color"}),
        ("sku,product_id,photo", {"item": "sku", "product": "product_id", "image": "photo"}),
        ("ASIN,price", {"item": "ASIN"}),
    ],
)  # fmt: skip
def test_usual_names_are_known(headers, expected):
    chosen, guessed = choose_columns(tables(items=headers, interactions="user,item"), {})
    assert chosen["items"] == guessed["items"] == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ("t_dat,customer_id,article_id,price", {"user": "customer_id", "item": "article_id", "time": "t_dat"}),
        (
            "visitorid,itemid,event,timestamp",
            {"user": "visitorid", "item": "itemid", "event": "event", "time": "timestamp"},
        ),
        (
            "User ID,Item ID,Quantity,Order date",
            {"user": "User ID", "item": "Item ID", "weight": "Quantity", "time": "Order date"},
        ),
    ],
)
def test_usual_names_of_events_are_known(headers, expected):
    assert choose_columns(tables(interactions=headers), {})[0]["interactions"] == expected


def test_an_id_that_both_tables_have_comes_first():
    chosen, _ = choose_columns(tables("item_id,code,product_id", "user,product_id,variant_id"), {})
    assert chosen["items"]["item"] == chosen["interactions"]["item"] == "product_id"


def test_what_is_named_is_taken_whatever_its_case():
    named = {"item": parse_named("item", ["items=code", "interactions=What"]), "time": {"": "WHEN it was"}}
    chosen, guessed = choose_columns(tables("sku,code", "customer_id,sku,what,when_it_was"), named)
    assert chosen["items"]["item"] == "code"
    assert chosen["interactions"] == {"item": "what", "time": "when_it_was", "user": "customer_id"}
    assert guessed["interactions"] == {"user": "customer_id"}


def test_a_name_that_only_one_table_has_leaves_the_other_to_be_guessed():
    chosen, _ = choose_columns(tables("code,title", "customer_id,sku"), {"item": {"": "code"}})
    assert (chosen["items"]["item"], chosen["interactions"]["item"]) == ("code", "sku")


@pytest.mark.parametrize(
    ("headers", "named", "reason"),
    [
        (
            {"items": "a,b"},
            {},
            "items.csv: no column looks like the item's id; name it with `item_id`; the columns are a, b",
        ),
        (
            {"interactions": "sku,day"},
            {},
            "interactions.csv: no column looks like the user's id; name it with `user_id`",
        ),
        ({"users": "age"}, {}, "users.csv.*user's id; name it"),
        (
            {},
            {"time": {"": "when"}},
            "column of the time, 'when': no such column; there are interactions: customer_id, sku",
        ),
        ({}, {"item": {"": "nothing"}}, "column of the item, 'nothing': no such column.*items: sku, title"),
        ({}, {"item": {"items": "nothing"}}, "column of the item, 'nothing'.*items: sku, title$"),
        ({}, {"user": {"users": "id"}}, "column of the user, 'id'.*no such tables"),
    ],
)
def test_what_is_missing_is_named_with_the_columns_there_are(headers, named, reason):
    with pytest.raises(DataError, match=reason):
        choose_columns(tables(**headers), named)


def test_an_unknown_table_is_refused():
    with pytest.raises(InputError, match="items, users, interactions"):
        parse_named("item", ["orders=sku"])
