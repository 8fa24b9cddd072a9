"""Types of products by a shop's item table, whatever it calls photos and types."""

from pathlib import Path

import pytest

from gigs.data.importers.item_types import item_types
from gigs.errors import DataError

KNOWN = ("Dress", "T-shirt", "Trousers", "Leggings/Tights", "Polo shirt")


def table(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_are_found_by_the_items_id_or_the_picture_and_types_in_the_shops_words(tmp_path):
    rows = table(
        tmp_path / "items.csv",
        "sku,Image file,Product Type\n"
        "123,,dresses\nAB/12,,T-Shirts\nC-3,photos/front view.JPG,TROUSERS\nD4,,Polo-Shirt\nE5,,leggings / tights\n",
    )
    photos = [Path(p) for p in ("in/0000123.jpg", "AB_12.jpeg", "x/Front-View.jpg.jpeg", "d4.PNG", "e5.webp")]
    found = item_types(rows, photos, KNOWN)
    assert list(found.named.values()) == ["Dress", "T-shirt", "Trousers", "Polo shirt", "Leggings/Tights"]
    assert found.missing(rows) is None


def test_what_the_table_does_not_say_is_named(tmp_path):
    rows = table(tmp_path / "items.csv", "id,type\na,Kimono\nb,\nd,Dress\n")
    found = item_types(rows, [Path("a.jpg"), Path("b.jpg"), Path("c.jpg"), Path("d.jpg")], KNOWN)
    assert found.named == {Path("d.jpg"): "Dress"}
    said = found.missing(rows)
    assert "no type of b.jpg, c.jpg" in said and "Kimono" in said and "the type is recognised from the photo" in said


def test_a_table_without_types_is_refused_with_its_columns(tmp_path):
    with pytest.raises(DataError, match=r"no column looks like the products' type; name one 'type' .*id, price"):
        item_types(table(tmp_path / "items.csv", "id,price\na,3\n"), [Path("a.jpg")], KNOWN)
