"""A catalogue opens whole or not at all, and its products stay together."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from gigs.data.catalogue import Catalogue, hold_out_products
from gigs.errors import DataError


@pytest.fixture
def copied(tiny_catalogue, tmp_path):
    """The tiny shop's catalogue as it was imported, whatever sizes other tests have derived from it since."""
    derived = shutil.ignore_patterns("images-[0-9].npy", "images-[0-5][0-9].npy")
    return shutil.copytree(tiny_catalogue.root, tmp_path / "catalogue", ignore=derived)


# Opening


def test_a_catalogue_opens_with_its_tables(tiny_catalogue):
    again = Catalogue.open(str(tiny_catalogue.root))
    assert (len(again.items), len(again.users), len(again.interactions)) == (60, 12, 96)
    pd.testing.assert_frame_equal(again.interactions, tiny_catalogue.interactions)
    assert repr(again) == f"<Catalogue {again.root}: 60 items, 12 users, 96 interactions>"


def test_a_folder_without_catalogue_json_is_none(tmp_path, copied):
    (copied / "catalogue.json").unlink()
    for folder in (tmp_path / "absent", tmp_path, copied):
        with pytest.raises(DataError, match="gigs data import"):
            Catalogue.open(folder)


@pytest.mark.parametrize("content", ["{", "[]", "null", '{"schema": 99}', "{}"])
def test_another_catalogue_json_is_refused(copied, content):
    (copied / "catalogue.json").write_text(content)
    with pytest.raises(DataError, match="import"):
        Catalogue.open(copied)


@pytest.mark.parametrize("name", ["items", "users", "interactions"])
def test_a_missing_or_damaged_table_is_named(copied, name):
    path = copied / f"{name}.parquet"
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"item_id,name\n1,a\n"):
        path.write_bytes(content)
        with pytest.raises(DataError, match=rf"{name}\.parquet"):
            Catalogue.open(copied)
    path.unlink()
    with pytest.raises(DataError, match=rf"{name}\.parquet"):
        Catalogue.open(copied)


# Pictures


def test_pictures_are_read_only_squares_and_smaller_sizes_are_derived_once(copied):
    catalogue, steps = Catalogue.open(copied), []
    assert catalogue.images(64).shape == (60, 64, 64, 3)
    small = catalogue.images(24, steps.append)
    assert small.shape == (60, 24, 24, 3) and small.dtype == np.uint8
    assert (steps[-1].done, steps[-1].total) == (60, 60)
    assert catalogue.images(24, lambda step: pytest.fail("derived twice")).tobytes() == small.tobytes()
    with pytest.raises(ValueError, match="read-only"):
        small[0] = 0


def test_derived_pictures_look_like_the_large_ones(copied):
    catalogue = Catalogue.open(copied)
    large = catalogue.images(64).reshape(60, 16, 4, 16, 4, 3).mean(axis=(2, 4))
    assert np.abs(large - catalogue.images(16)).mean() < 3


@pytest.mark.parametrize(("size", "reason"), [(128, "imported at 64 px"), (0, "not a valid"), (-1, "not a valid")])
def test_sizes_that_cannot_be_had_are_refused(tiny_catalogue, size, reason):
    with pytest.raises(DataError, match=reason):
        tiny_catalogue.images(size)


def test_missing_and_damaged_pictures_are_named(copied):
    catalogue, path = Catalogue.open(copied), copied / "images-64.npy"
    whole = path.read_bytes()
    for content in (whole[:-100], b"", b"text", whole[:30]):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"images-64\.npy"):
            catalogue.images(64)
    np.save(path, np.zeros((3, 64, 64, 3), np.uint8))
    with pytest.raises(DataError, match="not pictures of 60 items"):
        catalogue.images(64)
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="damaged"):
        catalogue.images(64)
    path.unlink()
    with pytest.raises(DataError, match="missing"):
        catalogue.images(64)


def test_rows_for_training_and_holding_out_share_nothing(tiny_catalogue):
    train, held_out = tiny_catalogue.train_items(), tiny_catalogue.held_out_items()
    assert len(train) == 50 and len(held_out) == 10 and not set(train) & set(held_out)
    assert tiny_catalogue.users_with_tests().tolist() == list(range(12))


# Held-out products


def test_whole_products_are_held_out_by_seed_whatever_the_order():
    codes = pd.Series([f"{item // 3:04d}" for item in range(90)])
    held_out = hold_out_products(codes, 7, seed=1)
    assert set(codes[held_out]).isdisjoint(codes[~held_out]) and codes[held_out].nunique() == 7
    assert (hold_out_products(codes, 7, seed=1) == held_out).all()
    assert (hold_out_products(codes[::-1], 7, seed=1)[::-1] == held_out).all()
    assert (hold_out_products(codes, 7, seed=2) != held_out).any()
    assert not hold_out_products(codes, 0, seed=1).any()


@pytest.mark.parametrize("count", [30, 1000, -1])
def test_an_impossible_number_of_products_is_refused(count):
    with pytest.raises(DataError, match="hold_out"):
        hold_out_products(pd.Series([f"{item // 3:04d}" for item in range(90)]), count, seed=0)


def test_catalogue_json_is_plain(tiny_catalogue):
    info = json.loads((tiny_catalogue.root / "catalogue.json").read_text(encoding="utf-8"))
    assert info == tiny_catalogue.info
    assert (info["items"], info["users"], info["interactions"], info["held_out_products"]) == (60, 12, 96, 5)
