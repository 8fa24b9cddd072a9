"""Splits look only backwards, and nothing but the time of a purchase says where it goes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gigs.data.splits import SplitSettings, leave_last_out, split_pairs
from gigs.errors import DataError, InputError

BY_TIME = SplitSettings(kind="time", test_share=0.2)


def pairs(rows) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["user", "item", "first"])
    return table.assign(first=pd.to_datetime("2020-01-01") + pd.to_timedelta(table["first"], unit="D"))


def many(seed: int = 0) -> pd.DataFrame:
    drawn = np.random.default_rng(seed).integers(0, (30, 40, 9), size=(400, 3))
    rows = {(int(user), int(item)): int(day) for user, item, day in drawn}
    return pairs([(*pair, day) for pair, day in rows.items()])


# By each user's last items


def test_the_last_item_tests_and_the_one_before_validates():
    table = pairs([(0, 5, 9), (0, 1, 0), (0, 2, 3), (0, 9, 4), (1, 1, 0), (1, 2, 1), (1, 3, 2)])
    assert leave_last_out(table).tolist() == ["test", "train", "train", "validation", "train", "train", "train"]
    assert leave_last_out(table, minimum=3).tolist()[4:] == ["train", "validation", "test"]


def test_the_order_of_one_day_is_drawn_and_the_row_of_an_item_says_nothing_of_it():
    table = pairs([(user, item, 0) for user in range(2000) for item in (4, 2, 7, 1, 9)])
    tested = table["item"][(leave_last_out(table) == "test").to_numpy()].value_counts()
    assert tested.sum() == 2000
    assert tested.reindex([1, 2, 4, 7, 9]).between(330, 470).all()  # 400 each, four standard deviations of 18


def test_the_seed_and_not_the_order_of_the_rows_decides_a_day():
    table = pairs([(user, item, 0) for user in range(20) for item in (4, 2, 7, 1, 9)])
    shuffled = table.sample(frac=1, random_state=3)
    again = leave_last_out(shuffled).reindex(table.index)
    assert again.tolist() == leave_last_out(table).tolist()
    assert leave_last_out(table, seed=1).tolist() != again.tolist()


def test_training_never_sees_what_came_after_validation():
    table = many()
    table["split"] = leave_last_out(table)
    for _, own in table.groupby("user"):
        by = {name: part["first"] for name, part in own.groupby("split")}
        if "test" in by:
            assert (len(by["test"]), len(by["validation"])) == (1, 1)
            assert by["train"].max() <= by["validation"].min() <= by["test"].min()
        else:
            assert len(own) < 4


def test_no_pairs_make_no_splits():
    assert len(leave_last_out(pairs([]).astype({"user": int, "item": int}))) == 0


# By time


def test_one_day_parts_training_validation_and_test_for_everybody():
    table = many()
    split, about = split_pairs(table, BY_TIME)
    first = {name: table.loc[split == name, "first"] for name in ("train", "validation", "test")}
    assert first["train"].max() < first["validation"].min() <= first["validation"].max() < first["test"].min()
    assert str(first["test"].min()).startswith(about["test_from"][:10])
    assert str(first["validation"].min()).startswith(about["validation_from"][:10])
    assert about["pairs"] == split.value_counts().to_dict() and len(first["test"]) >= 0.2 * len(table)


def test_new_users_and_new_items_are_counted():
    old = [(user, item, item) for user in range(4) for item in range(10)]
    table = pairs([*old, (0, 90, 20), (9, 1, 20), (9, 91, 30), (1, 90, 30)])
    _, about = split_pairs(table, SplitSettings(kind="time", test_share=0.04))
    assert about["pairs"] == {"train": 40, "validation": 2, "test": 2}
    assert (about["new_users"], about["pairs_of_new_users"]) == (1, 2)
    assert (about["new_items"], about["pairs_of_new_items"]) == (2, 3)


def test_too_few_days_and_missing_times_are_refused():
    with pytest.raises(DataError, match="too few different times"):
        split_pairs(pairs([(0, item, 0) for item in range(50)]), BY_TIME)
    undated = many().assign(first=pd.NaT)
    with pytest.raises(DataError, match="column of times"):
        split_pairs(undated, BY_TIME)


@pytest.mark.parametrize("options", [{"kind": "random"}, {"test_share": 0.0}, {"test_share": 0.5}])
def test_impossible_splits_are_refused(options):
    with pytest.raises(InputError, match="`"):
        SplitSettings(**options)
