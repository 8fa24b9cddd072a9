"""An alternative to a purchase is of its kind, was on sale that day, and was left by its buyer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gigs.data.choices import ChoiceSettings, read_choices, usual_days
from gigs.errors import DataError

DAY_ONE = pd.Timestamp("2020-01-01")


def shop(tiny_catalogue, kinds, sales):
    """A catalogue of items of these kinds, each with a picture, and sales `(user, item, day, split)`."""
    ids = [f"i{n}" for n in range(len(kinds))]
    items = pd.DataFrame({"item_id": ids, "type": kinds, "section": "S", "has_image": True})
    table = pd.DataFrame(sales, columns=["user", "item", "first", "split"])
    table["first"] = DAY_ONE + pd.to_timedelta(table["first"], unit="D")
    table["last"] = table["first"]
    return replace(tiny_catalogue, items=items, interactions=table)


def test_alternatives_are_of_the_kind_on_sale_and_not_owned(tiny_catalogue):
    catalogue = shop(
        tiny_catalogue,
        ["shirt", "shirt", "shirt", "shirt", "skirt", "shirt"],
        [
            (0, 0, 100, "test"),
            (0, 1, 90, "train"),  # owned
            (1, 2, 110, "train"),  # the one alternative
            (1, 3, 300, "train"),  # not yet on sale
            (1, 4, 100, "train"),  # of another kind
        ],  # item 5 was never bought
    )
    found = read_choices(catalogue, ("test",), settings=ChoiceSettings(days=40))
    assert (found.users.tolist(), found.bought.tolist(), found.other.tolist()) == ([0], [0], [2])
    assert (found.purchases, found.alone) == (1, 0)
    later = read_choices(catalogue, ("test",), settings=ChoiceSettings(days=400))
    assert sorted(later.other.tolist()) == [2, 3]


def test_a_purchase_without_alternative_is_counted_alone(tiny_catalogue):
    catalogue = shop(
        tiny_catalogue, ["shirt", "shirt", "skirt"], [(0, 0, 1, "test"), (1, 1, 1, "train"), (0, 2, 1, "test")]
    )
    found = read_choices(catalogue, ("test",))
    assert (len(found), found.purchases, found.alone) == (1, 1, 1)


def test_an_item_bought_once_counts_as_on_sale_as_long_as_items_usually_are(tiny_catalogue):
    often = [(user, 0, day, "train") for user, day in enumerate((0, 50, 100, 150, 200))]
    catalogue = shop(tiny_catalogue, ["shirt"] * 3, [*often, (9, 1, 100, "test"), (8, 2, 240, "train")])
    found = read_choices(catalogue, ("test",), settings=ChoiceSettings(alternatives=5))
    assert found.days == 300  # 200 days x 6/4
    assert sorted(found.other.tolist()) == [0, 2]  # bought once on day 240: from day 90 to day 390
    assert usual_days(np.array([0.0, np.nan]), np.array([1, 9])) == 0


def test_items_without_a_date_are_always_on_sale(tiny_catalogue):
    catalogue = shop(tiny_catalogue, ["shirt", "shirt"], [(0, 0, 1, "test"), (1, 1, 900, "train")])
    catalogue.interactions.loc[1, ["first", "last"]] = pd.NaT
    assert read_choices(catalogue, ("test",)).other.tolist() == [1]


def test_the_draw_is_seeded_and_without_repetition(tiny_catalogue):
    sales = [(0, 0, 1, "test"), *((1, item, 1, "train") for item in range(1, 9))]
    catalogue = shop(tiny_catalogue, ["shirt"] * 9, sales)
    first, again, other = (
        read_choices(catalogue, ("test",), settings=ChoiceSettings(alternatives=5, seed=seed)).other
        for seed in (0, 0, 1)
    )
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert len(set(first.tolist())) == 5


def test_only_the_asked_buyers(tiny_catalogue):
    catalogue = shop(tiny_catalogue, ["shirt"] * 3, [(0, 0, 1, "test"), (1, 1, 1, "test"), (2, 2, 1, "test")])
    found = read_choices(catalogue, ("test",), np.array([1]))
    assert set(found.users.tolist()) == {1}
    assert len(read_choices(catalogue, ("test",)).of(np.array([0, 2]))) == 4


def test_a_missing_column_and_no_choice_at_all_are_refused(tiny_catalogue):
    catalogue = shop(tiny_catalogue, ["shirt"], [(0, 0, 1, "test")])
    with pytest.raises(DataError, match="no column fabric"):
        read_choices(catalogue, ("test",), settings=ChoiceSettings(kind=("fabric",)))
    with pytest.raises(DataError, match="no purchase in test has an alternative"):
        read_choices(catalogue, ("test",))
