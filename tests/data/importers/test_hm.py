"""The importer takes the Kaggle layout as it is, and what it makes of it is what was bought."""

from __future__ import annotations

import dataclasses
import shutil

import numpy as np
import pandas as pd
import pytest

from gigs.data.check.catalogue import check_catalogue
from gigs.data.importers import hm
from gigs.data.importers.hm import HmSettings, import_hm
from gigs.data.splits import SplitSettings
from gigs.vision import images
from tests.data.importers.kaggle import ARTICLES, CUSTOMERS, TRANSACTIONS, edit, photo_of
from tests.helpers.tiny import write_tiny_kaggle

# What is imported


def test_columns_are_of_plain_types(tiny_catalogue):
    items, users, pairs = tiny_catalogue.items, tiny_catalogue.users, tiny_catalogue.interactions
    assert all(pd.api.types.is_string_dtype(items[name].dropna()) for name in items.columns[:8])
    assert items["held_out"].dtype == bool and items["has_image"].dtype == bool
    assert users["age"].dtype == np.float64 and pd.api.types.is_string_dtype(users["user_id"])
    assert [str(pairs[name].dtype) for name in ("user", "item", "count")] == ["int64"] * 3
    assert all(pd.api.types.is_datetime64_dtype(pairs[name]) for name in ("first", "last"))


def test_ids_keep_their_leading_zero_and_blanks_stay_blank(tiny_catalogue):
    assert tiny_catalogue.items["item_id"].iloc[:2].tolist() == ["0700000001", "0700000002"]
    assert tiny_catalogue.items["product_code"].iloc[0] == "0700000"
    assert tiny_catalogue.users["age"].isna().tolist() == [user == 3 for user in range(12)]
    assert tiny_catalogue.items["appearance"].isna().sum() == 30


def test_units_become_pairs_with_counts_and_days(tiny_source, tiny_catalogue):
    rows = pd.read_csv(tiny_source / TRANSACTIONS, dtype=str)
    own = rows[rows["customer_id"] == tiny_catalogue.users["user_id"][0]]
    twice = own["article_id"].value_counts().idxmax()
    pairs = tiny_catalogue.interactions
    row = pairs[(pairs["user"] == 0) & (tiny_catalogue.items["item_id"].to_numpy()[pairs["item"]] == twice)].iloc[0]
    days = pd.to_datetime(own.loc[own["article_id"] == twice, "t_dat"])
    assert (row["count"], row["first"], row["last"]) == (2, days.min(), days.max())
    assert pairs["count"].sum() == len(rows) == 108


def test_the_known_taste_is_in_the_pairs(tiny_catalogue):
    pairs = tiny_catalogue.interactions
    colours = tiny_catalogue.items["colour"].to_numpy()[pairs["item"]]
    assert set(colours[pairs["user"] % 2 == 0]) == {"Red"} and set(colours[pairs["user"] % 2 == 1]) == {"Blue"}


def test_pictures_sit_in_the_row_of_their_item(tiny_source, tiny_catalogue):
    packed = tiny_catalogue.images(64)
    for row in (0, 1, 31, 59):
        photo = images.read_photo(photo_of(tiny_source, tiny_catalogue.items["item_id"][row]))
        assert (packed[row] == images.fit_square(photo, 64)[0]).all()
    centre = packed[:, 28:34, 32].mean(axis=1)
    assert ((centre[:, 0] > centre[:, 2]) == (np.arange(60) % 2 == 0)).all()


def test_same_seed_same_catalogue(tiny_source, tiny_catalogue, tmp_path):
    again = import_hm(tiny_source, tmp_path / "again", HmSettings(image_size=64, hold_out=5))
    other = import_hm(tiny_source, tmp_path / "other", HmSettings(image_size=64, hold_out=5, seed=1))
    for name in ("images-64.npy", "catalogue.json", "items.parquet", "interactions.parquet"):
        assert (again.root / name).read_bytes() == (tiny_catalogue.root / name).read_bytes()
    assert (other.items["held_out"] != again.items["held_out"]).any()
    for catalogue in (again, other):
        assert catalogue.items.groupby("product_code")["held_out"].nunique().max() == 1
        assert catalogue.items.loc[catalogue.items["held_out"], "product_code"].nunique() == 5


def test_the_tiny_shop_is_the_same_each_time(tiny_source, tmp_path):
    again = write_tiny_kaggle(tmp_path / "again")
    names = sorted(path.relative_to(again) for path in again.rglob("*.*"))
    assert len(names) == 63
    assert all((again / name).read_bytes() == (tiny_source / name).read_bytes() for name in names)


def test_unusual_texts_survive(source, load):
    names = ['=cmd("x")', "Größe é é", "مرحبا", "👗", "NA", "None", 'a,"b"\nc']
    edit(source / ARTICLES, lambda table: table.assign(prod_name=names + list(table["prod_name"][len(names) :])))
    edit(source / CUSTOMERS, lambda table: table.assign(customer_id=["NA", "null", *table["customer_id"][2:]]))
    catalogue = load()
    assert catalogue.items["name"].iloc[: len(names)].tolist() == names
    assert catalogue.users["user_id"].iloc[:2].tolist() == ["NA", "null"]


# The real sample


@pytest.mark.hm
def test_the_sample_has_the_documented_counts(hm_source):
    tables, info = hm._tables(hm_source, HmSettings())
    split = info.pop("split")
    assert split["pairs"] == {"train": 23_420, "validation": 870, "test": 870}
    assert info == {
        "items": 24_717,
        "users": 1_228,
        "interactions": 25_160,
        "dropped_interactions": 0,
        "duplicate_items": 0,
        "duplicate_users": 0,
    }
    assert tables["interactions"]["count"].sum() == 29_008
    assert (tables["interactions"]["split"] == "test").sum() == 870
    assert tables["items"]["item_id"].str.fullmatch(r"0\d{9}").all()
    assert (tables["items"]["item_id"].str[:7] == tables["items"]["product_code"]).all()
    assert str(tables["interactions"]["last"].max().date()) == "2020-09-22"


@pytest.mark.hm
def test_a_part_of_the_sample_is_imported_and_passes_its_check(hm_source, tmp_path):
    part = tmp_path / "part"
    part.mkdir()
    articles = pd.read_csv(hm_source / ARTICLES, dtype=str).iloc[::80]
    articles.to_csv(part / ARTICLES, index=False)
    shutil.copy(hm_source / CUSTOMERS, part)
    shutil.copy(hm_source / TRANSACTIONS, part)
    for item_id in articles["article_id"]:
        photo_of(part, item_id).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(photo_of(hm_source, item_id), photo_of(part, item_id))
    catalogue = import_hm(part, tmp_path / "out", HmSettings(image_size=64, hold_out=30))
    report = check_catalogue(catalogue)
    assert report.ok and report.counts["items"] == report.counts["pictures"] == len(articles)
    assert report.counts["held_out_products"] == 30 and catalogue.info["dropped_interactions"] > 20_000


def test_a_split_by_time_is_told_and_holds_for_everybody(source, load):
    catalogue = load(split=SplitSettings(kind="time", test_share=0.2))
    pairs, told = catalogue.interactions, catalogue.info["split"]
    newest = pairs.groupby("split")["first"].agg(["min", "max"])
    assert newest.loc["train", "max"] < newest.loc["validation", "min"]
    assert newest.loc["validation", "max"] < newest.loc["test", "min"] == pd.Timestamp(told["test_from"])
    assert told["kind"] == "time" and told["pairs"] == pairs["split"].value_counts().to_dict()
    assert check_catalogue(catalogue).ok
    border = pairs["first"].max()
    swapped = dataclasses.replace(catalogue, interactions=pairs.assign(first=border))
    assert not check_catalogue(swapped).ok  # nothing is newer than anything: the split no longer holds
