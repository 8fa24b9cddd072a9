"""Classes by rule: the six where the catalogue tells them, its most frequent kinds otherwise."""

import numpy as np
import pandas as pd
import pytest

from gigs.data.catalogue import Catalogue
from gigs.data.classes import classes_of
from gigs.errors import DataError

SIX = ("women's upper", "women's lower", "women's shoes", "men's upper", "men's lower", "men's shoes")


def catalogue(**columns):
    items = pd.DataFrame(columns)
    return Catalogue(None, {}, items, pd.DataFrame(), pd.DataFrame()), np.arange(len(items))


def shop(repeat=2):
    """Every group in every section, `repeat` times."""
    groups = ["Garment Upper body", "Garment Lower body", "Shoes", "Garment and Shoe care", None]
    sections = ["Ladieswear", "Menswear", "Baby/Children", None]
    pairs = [(group, section) for group in groups for section in sections] * repeat
    return {"group": [group for group, _ in pairs], "section": [section for _, section in pairs]}


def test_the_six_classes_of_the_hm_data():
    shown, rows = catalogue(**shop())
    found = classes_of(shown, rows, 2)
    assert found.names == SIX
    expected = {(group, section): 3 * men + kind
                for men, section in enumerate(["Ladieswear", "Menswear"])
                for kind, group in enumerate(["Garment Upper body", "Garment Lower body", "Shoes"])}  # fmt: skip
    keys = zip(shown.items["group"], shown.items["section"], strict=True)
    assert list(found.labels) == [expected.get(key, -1) for key in keys]


@pytest.mark.parametrize("section", ["Women's fashion", "womenswear", "LADIES", "women"])
def test_sections_are_told_by_their_words(section):
    columns = shop()
    columns["section"] = [section if each == "Ladieswear" else each for each in columns["section"]]
    shown, rows = catalogue(**columns)
    found = classes_of(shown, rows, 2)
    assert found.names == SIX and (found.labels >= 0).sum() == 12


def test_the_six_must_all_have_photos_among_the_rows():
    shown, rows = catalogue(**shop(), type=["Dress", "Boot", "Hat", "Bag"] * 10)
    assert classes_of(shown, rows, 2).names == SIX
    without = rows[~((shown.items["group"] == "Shoes") & (shown.items["section"] == "Menswear"))]
    assert set(classes_of(shown, without, 2).names) == {"Dress", "Boot", "Hat", "Bag"}
    assert set(classes_of(shown, rows, 3).names) == {"Dress", "Boot", "Hat", "Bag"}


def test_the_most_frequent_kinds_by_number():
    counts = {f"kind {number}": 12 - number for number in range(10)} | {"Unknown": 50, "": 50, "rare": 1}
    shown, rows = catalogue(type=[name for name, count in counts.items() for _ in range(count)])
    found = classes_of(shown, rows, 2)
    assert found.names == tuple(f"kind {number}" for number in range(8))
    assert (found.labels == 0).sum() == 12 and (found.labels == -1).sum() == 4 + 3 + 101


def test_groups_where_types_are_too_few():
    groups = ["w", "x", "y", "z", "w"] * 4
    shown, rows = catalogue(type=["a", "b"] * 10, group=groups)
    assert classes_of(shown, rows, 2).names == ("w", "x", "y", "z")
    shown, rows = catalogue(type=["a", "b", "c", "c"] * 5, group=["x", "y"] * 10)
    assert classes_of(shown, rows, 2).names == ("c", "a", "b")  # three are more than two


def test_a_catalogue_that_tells_no_kinds_is_refused():
    for columns in ({"name": ["a"] * 9}, {"type": ["a"] * 9}, {"type": [None] * 9, "group": ["unknown"] * 9}):
        with pytest.raises(DataError, match="fewer than two values of the columns type and group have 3 photos"):
            classes_of(*catalogue(**columns), 3)
