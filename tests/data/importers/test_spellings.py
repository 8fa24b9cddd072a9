"""Photos and ids find one another however files were named and whatever a spreadsheet did; where not, it is said."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pandas as pd
import pytest

from gigs.data.importers.cell_values import unusable_ids
from gigs.data.importers.folder import ShopFiles, import_folder
from gigs.data.importers.photos import Photos, photos_in_cell
from gigs.data.importers.shop import ShopSettings
from gigs.data.importers.spelling import bare, hint_for
from gigs.errors import DataError
from tests.data.importers.kaggle import ARTICLES, TRANSACTIONS, edit, photo_of
from tests.data.importers.shops import dropped
from tests.helpers.command_line import gigs
from tests.helpers.pictures import encoded, quadrants


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(encoded(quadrants(), "JPEG"))
    return folder


@pytest.mark.parametrize(
    "suffix", [".jfif", ".jpe", ".JPE", ".JPG", ".JPEG", ".JPG.jpeg", ".jpg.webp", ".Png", ".avif"]
)
def test_photos_of_every_suffix_are_seen(tmp_path: Path, suffix: str) -> None:
    photos = Photos(touch(tmp_path, f"AB12{suffix}", f"AB13-front{suffix}"))
    assert photos.by_ids(["AB12", "AB13"]) == {"AB12": [f"AB12{suffix}"], "AB13": [f"AB13-front{suffix}"]}
    for cell in ("AB12", "AB12.jpg", "AB12.JPG", "ab12.png", "x/AB12.jpeg"):
        assert photos.by_path(cell) == f"AB12{suffix}", cell


@pytest.mark.parametrize("suffix", [".heic", ".HEIF", ".gif", ".tiff", ".bmp"])
def test_a_photo_that_cannot_be_read_is_named_and_comes_last(tmp_path: Path, suffix: str) -> None:
    photos = Photos(touch(tmp_path, f"A{suffix}", "B.jpg", f"B-1{suffix}", "B-2.jpg"))
    assert photos.by_ids(["A", "B"]) == {"A": [f"A{suffix}"], "B": ["B.jpg", "B-2.jpg", f"B-1{suffix}"]}


@pytest.mark.parametrize(
    "name",
    ["AB_12.jpg", "AB-12.jpg", "AB 12.jpg", "AB12.jpg", "AB%2F12.jpg", "AB:12.jpg", "AB/12.jpg", "AB\u221512.jpg",
     "ab_12.JPG", "AB_12-front.jpg", "AB_12 (2).jpg", "x/AB_12.jpg", "AB_12/1.jpg"],
)  # fmt: skip
def test_what_a_file_name_cannot_hold_may_be_written_otherwise(tmp_path: Path, name: str) -> None:
    assert Photos(touch(tmp_path, name)).by_ids(["AB", "AB/12", "C:1"]) == {"AB/12": [name]}


def test_a_spelling_that_two_ids_share_leads_to_neither(tmp_path: Path) -> None:
    photos = Photos(touch(tmp_path, "A_1.jpg"))
    assert photos.by_ids(["A/1", "A:1"]) == {}
    assert photos.by_ids(["A/1", "A_1"]) == {"A_1": ["A_1.jpg"]}  # the id itself goes before


def test_zeros_that_were_eaten_are_no_obstacle_where_nothing_else_fits(tmp_path: Path) -> None:
    photos = Photos(touch(tmp_path, "0108775015.jpg", "010/0108775044_2.jpg", "0007.jpg", "12345.jpg"))
    found = photos.by_ids(["108775015", "108775044", "7", "12345.0", "0108775099"])
    assert found == {
        "108775015": ["0108775015.jpg"], "108775044": ["010/0108775044_2.jpg"], "12345.0": ["12345.jpg"],
    }  # fmt: skip
    assert photos.loosely == set(found)
    assert Photos(tmp_path).by_ids(["00012345", "012345"]) == {}  # either might be meant
    whole = Photos(tmp_path)
    assert "12345" in whole.by_ids(["12345", "0012345"]) and not whole.loosely


def test_names_of_one_cell_are_told_apart() -> None:
    assert photos_in_cell("a.jfif, b.heic,c.JPG") == ["a.jfif", "b.heic", "c.JPG"]
    urls = "https://x.org/a.jpg?v=1, https://x.org/b.jpg?v=2"
    assert photos_in_cell(urls) == urls.split(", ")
    assert photos_in_cell("shirt, red.jpg") == ["shirt, red.jpg"]


@pytest.mark.parametrize("identifier", ["1.23E+12", "1,23E+12", "9.78014E+12", "1e+15", "-1.5E+10"])
def test_ids_that_a_spreadsheet_shortened_cannot_be_used(identifier: str) -> None:
    assert "shortened by a spreadsheet" in unusable_ids(pd.Series([identifier], dtype=object))[0]


@pytest.mark.parametrize("identifier", ["1E5", "12E+", "A1.2E+12", "1.23E+12-S", "E+12", "3E8"])
def test_codes_with_an_e_stay_codes(identifier: str) -> None:
    assert unusable_ids(pd.Series([identifier], dtype=object))[0] == ""


@pytest.mark.parametrize(
    ("asked", "known", "hint"),
    [
        (["7", "18"], ["007", "018"], "leading zeros"),
        (["12345.0", "2.0"], ["12345", "2"], "decimal numbers"),
        (["ab-1", "ab-2"], ["AB-1", "AB-2"], "capitals"),
        (["'007", "'8"], ["007", "8"], "apostrophe"),
        (["'7.0"], ["007"], "a spreadsheet changed"),
        (["x"], ["y"], None),
    ],
)
def test_what_happened_to_most_unknown_ids_is_said(asked, known, hint) -> None:
    said = hint_for(pd.Series(asked, dtype=object), known)
    assert (said is None) if hint is None else hint in said


@pytest.mark.parametrize("text", ["0", "000", "0.0", "é", "'"])
def test_bare_ids_are_never_nothing_but_for_signs(text: str) -> None:
    assert bare(text) or text == "'"


def shop(folder: Path, items: str, events: str, **settings):
    (folder / "items.csv").write_text(items, encoding="utf-8")
    (folder / "events.csv").write_text(events, encoding="utf-8")
    files = ShopFiles(items=folder / "items.csv", interactions=folder / "events.csv")
    chosen = ShopSettings(**{"image_size": 32, "hold_out": 0, **settings})
    return import_folder(files, folder / "photos", folder / "out", settings=chosen)


def test_shortened_ids_are_left_out_with_what_to_do_and_merge_nothing(tmp_path: Path) -> None:
    touch(tmp_path, "photos/5.jpg")
    items = "sku,title\n1.23E+12,a\n1.23E+12,b\n1.23E+12,c\n5,d\n"
    found = shop(tmp_path, items, "user_id,sku\nu,5\nu,1.23E+12\n")
    assert found.items["item_id"].tolist() == ["5"] and len(found.interactions) == 1
    assert dropped(found)["items", "id shortened by a spreadsheet, as in 1.23E+12"] == [
        (row, "1.23E+12") for row in (2, 3, 4)
    ]
    assert ("interactions", "item id shortened by a spreadsheet, as in 1.23E+12") in dropped(found)
    assert all("export it again" in kind["fix"] for kind in found.info["dropped"])
    with pytest.raises(DataError, match=r"shortened by a spreadsheet.*export it again"):
        shop(tmp_path, "sku,title\n1.23E+12,a\n", "user_id,sku\nu,5\n")


def test_photos_that_were_found_loosely_are_told_of(tmp_path: Path) -> None:
    touch(tmp_path, "photos/0012345.jpg", "photos/0012346.jpg")
    done = shop(tmp_path, "sku,title\n12345,a\n12346,b\n", "user_id,sku\nu,12345\n")
    assert done.items["has_image"].all() and "2 items found their photos" in done.info["notes"][0]


# The Kaggle layout


def strip(column: pd.Series) -> pd.Series:
    return column.str.lstrip("0")


def test_hm_ids_without_zeros_still_have_their_photos_and_it_is_said(source, tmp_path, tiny_catalogue) -> None:
    for name in (ARTICLES, TRANSACTIONS):
        edit(source / name, lambda table: table.assign(article_id=strip(table["article_id"])))
    done = gigs("data", "import", "hm", source, "--out", tmp_path / "out", "--size", 64, "--hold-out", 5)
    assert done.returncode == 0 and "other spellings of their ids" in done.stderr, done.stderr
    before = tiny_catalogue.images(64)
    from gigs.data.catalogue import Catalogue

    after = Catalogue.open(tmp_path / "out")
    assert after.items["has_image"].tolist() == tiny_catalogue.items["has_image"].tolist()
    assert (after.images(64) == before).all() and len(after.interactions) == len(tiny_catalogue.interactions)


def test_zeros_lost_in_one_hm_table_are_refused_with_what_to_do(source, load) -> None:
    edit(source / ARTICLES, lambda table: table.assign(article_id=strip(table["article_id"])))
    with pytest.raises(
        DataError, match=r"rows name nothing that is in articles\.csv; one of the tables lost leading zeros"
    ):
        load()


def test_shortened_hm_ids_are_refused_with_their_row(source, load) -> None:
    edit(source / ARTICLES, lambda table: table.assign(article_id=["1.09E+08", *table["article_id"][1:]]))
    with pytest.raises(DataError, match=r"articles\.csv: row 2, 1\.09E\+08: id shortened.*export it again"):
        load()


@pytest.mark.parametrize("name", ["{}.JPG", "{}.jpeg", "{}.jfif", "{}.JPG.jpeg", "../{}.jpg", "{}_1.jpg"])
def test_hm_photos_of_another_name_are_found(source, load, tiny_catalogue, name) -> None:
    for item in tiny_catalogue.items.loc[tiny_catalogue.items["has_image"], "item_id"]:
        path = photo_of(source, item)
        path.rename(path.parent / name.format(unicodedata.normalize("NFC", item)))
    assert load().items["has_image"].tolist() == tiny_catalogue.items["has_image"].tolist()
