"""The authors' files become a catalogue with their splits and classes; what is wrong with one is named."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

from gigs.data.catalogue import Catalogue
from gigs.data.check.catalogue import check_catalogue
from gigs.data.importers.amazon_fashion import AmazonFashionSettings, import_amazon_fashion, published
from gigs.errors import DataError
from gigs.recommender.feedback import read_feedback
from gigs.vision import images
from tests.data.importers.python2 import jpeg, shop, write_npy
from tests.helpers.command_line import gigs

NAME = "AmazonFashion6ImgPartitioned.npy"


@pytest.fixture
def load(tmp_path):
    """Write the parts and import them."""

    def run(parts=None, **options):
        source = write_npy(tmp_path / NAME, parts or shop())
        settings = AmazonFashionSettings(**{"image_size": 32, "hold_out": 3, **options})
        return import_amazon_fashion(source, tmp_path / "out", settings)

    return run


def test_splits_classes_and_counts_are_the_authors(load):
    catalogue = load()
    assert catalogue.info["table_1"] == {"users": 12, "items": 20, "interactions": 60}
    pairs = catalogue.interactions
    assert pairs.groupby("split").size().to_dict() == {"test": 12, "train": 36, "validation": 12}
    assert all(set(rows["item"] - user) == {0, 1, 2} for user, rows in pairs[pairs["split"] == "train"].groupby("user"))
    assert (pairs.loc[pairs["split"] == "test", "item"] == np.arange(12) + 4).all()
    assert catalogue.items["type"].tolist() == [f"class {number % 6}" for number in range(20)]
    assert catalogue.items["item_id"].tolist() == [f"B{number:09d}" for number in range(20)]
    assert catalogue.users["user_id"].tolist() == [str(user) for user in range(12)]
    assert published(catalogue) == ("64K", "234K", "0.5M")


def test_pictures_sit_in_the_row_of_their_item(load):
    catalogue = load(image_size=64)
    for row in (0, 7, 19):
        expected = images.fit_square(images.decode_photo(jpeg((10 * row, 200, 90)), "x"), 64)[0]
        assert (catalogue.images(64)[row] == expected).all()


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("encoding", ["bytes", "latin1"])
def test_a_file_that_python_3_saved_again_says_the_same(load, tmp_path, protocol, encoding):
    """`numpy.save(FILE, numpy.load(FILE, allow_pickle=True, encoding=...))`, as people move the files to Python 3."""
    before = load()
    tables = {name: getattr(before, name).copy() for name in ("items", "users", "interactions")}
    pictures, about = before.images(32).copy(), before.info["table_1"]
    again = np.load(tmp_path / NAME, allow_pickle=True, encoding=encoding)
    write_npy(tmp_path / NAME, [1] * 6, pickled=pickle.dumps(again, protocol))
    after = import_amazon_fashion(tmp_path / NAME, tmp_path / "out", AmazonFashionSettings(image_size=32, hold_out=3))
    assert (after.images(32) == pictures).all() and after.info["table_1"] == about
    for name, table in tables.items():
        pd.testing.assert_frame_equal(getattr(after, name), table)


def test_the_rest_of_the_package_can_use_it(load):
    catalogue = load()
    report = check_catalogue(catalogue)
    assert report.ok, report.rows()
    assert report.counts["test"] == report.counts["validation"] == 12
    assert len(read_feedback(catalogue).user_ids) == 12
    everything = read_feedback(load(hold_out=0))
    assert len(everything.split("validation")[0]) == 12


def test_files_without_classes_or_asins_are_numbered(load):
    parts = shop()
    parts[3] = {number: {b"imgs": record[b"imgs"]} for number, record in parts[3].items()}
    items = load(parts).items
    assert items["item_id"].tolist() == [str(number) for number in range(20)] and set(items["type"]) == {"all"}


def test_classes_can_be_named_and_lists_will_do(load):
    parts = shop()
    for record in parts[3].values():
        record[b"c"] = record[b"c"].tolist()
    parts[3] = list(parts[3].values())
    assert load(parts, classes=("tops", "shoes")).items["type"].tolist()[:3] == ["tops", "shoes", "class 2"]


def test_an_item_in_two_splits_is_tested_not_trained_on(load):
    parts = shop()
    parts[0][5].append({b"productid": 9})  # item 9 is user 5's test item
    pairs = load(parts).interactions
    assert pairs.query("user == 5 and item == 9")["split"].tolist() == ["test"]


def test_strange_entries_are_left_out_and_listed(load, tmp_path):
    parts = shop()
    parts[0][0] += [{b"productid": 20}, {b"productid": -1}, {b"productid": b"7"}, {b"other": 1}]
    parts[1][99] = [{b"productid": 1}]
    catalogue = load(parts)
    assert catalogue.info["dropped_interactions"] == 5 and catalogue.info["table_1"]["interactions"] == 60
    assert len((tmp_path / "out" / "dropped.csv").read_text().splitlines()) == 6


def test_bytes_that_are_no_picture_are_listed(load):
    parts = shop()
    whole = parts[3][2][b"imgs"]
    for number, content in enumerate((b"no picture" * 200, b"GIF89a" + b"x" * 2000, whole[: len(whole) // 2], b"", 5)):
        parts[3][number][b"imgs"] = content
    catalogue = load(parts)
    assert catalogue.items["has_image"].tolist() == [False] * 5 + [True] * 15
    problems = catalogue.info["image_problems"]
    assert list(problems) == [f"B{number:09d}" for number in range(4)]  # a number is no photo at all
    assert "GIF" in problems["B000000001"] and "cannot be decoded" in problems["B000000002"]


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        (4, 13, "holds 12, but announces 13"),
        (5, 10**12, "holds 20, but announces 1000000000000"),
        (5, b"20", "announces"),
        (3, {}, "holds 0, but announces 20"),
        (3, {number + 1: {} for number in range(20)}, "number 0 is missing"),
        (1, 7, "validation part is not a table"),
        (0, None, "NoneType"),
    ],
)
def test_another_structure_is_named_and_nothing_is_made(load, tmp_path, place, value, reason):
    parts = shop()
    parts[place] = value
    with pytest.raises(DataError, match=reason):
        load(parts)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("count", [5, 7])
def test_the_wrong_number_of_parts_is_named(load, count):
    with pytest.raises(DataError, match="6 objects"):
        load((shop() * 2)[:count])


def test_the_command_prints_table_1(tmp_path):
    source = write_npy(tmp_path / NAME, shop())
    run = gigs("data", "import", "amazon-fashion", source, "--out", tmp_path / "out", "--size", 32, "--hold-out", 2)
    assert run.returncode == 0, run.stderr
    assert "12 users, 20 items, 60 interactions" in run.stdout and "64K" in run.stdout
    assert len(Catalogue.open(tmp_path / "out").items) == 20


def test_the_command_refuses_a_hostile_file_in_one_line(tmp_path):
    source = write_npy(tmp_path / NAME, [1] * 6, pickled=b"\x80\x02cos\nsystem\nU\x0ctouch canaryU\x01x\x86R.")
    run = gigs("data", "import", "amazon-fashion", source, "--out", tmp_path / "out")
    assert run.returncode == 2 and "refused to unpickle" in run.stderr and "Traceback" not in run.stderr
    assert not (tmp_path / "out").exists()
