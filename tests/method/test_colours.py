"""The product in exact colours: which are chosen, what is shown, and what is left alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2lab

import gigs
from gigs.errors import InputError
from gigs.explain.colours import difference
from gigs.method import dyes
from gigs.method.colours import APART, Wish, choose_colours
from gigs.result.colourways import Colourways
from tests.report.test_words import seller_part, trade_words

SIZE, GARMENT = (240, 360), (50, 50, 190, 310)
NAMED = "navy, #7a1f2b"


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A blue garment with folds on an even backdrop."""
    folds = 12 * np.sin(np.linspace(0, 25, 140))[None, :, None]
    picture = Image.new("RGB", SIZE, (244, 243, 240))
    cloth = np.broadcast_to(np.array([70.0, 90, 150]) + folds, (260, 140, 3))
    picture.paste(Image.fromarray(cloth.round().astype(np.uint8)), GARMENT[:2])
    path = tmp_path_factory.mktemp("photo") / "jumper.png"
    picture.save(path)
    return path


def coloured(pack: Path, photo: Path, **options) -> Colourways:
    session = gigs.Session(pack)
    return session.colours(photo, session.audience("ladies", minimum=1), **{"n": 3, "colours": NAMED, **options})


@pytest.fixture(scope="module")
def found(shops_pack: Path, photo: Path, small_limits: None) -> Colourways:
    return coloured(shops_pack, photo)


def test_the_palette_is_fixed_and_within_what_a_screen_shows() -> None:
    every = dyes.palette()
    assert 60 <= len(every) <= 100 and len({one.name for one in every}) == len(every)
    assert dyes.names()["navy"].tolist() == dyes.names()["navy blue"].tolist()


def test_the_best_that_differ_are_chosen() -> None:
    labs = np.array([[50.0, 0, 0], [52, 0, 0], [50, 60, 0], [20, 0, 0], [90, 0, 0]])
    assert choose_colours(labs, [5, 4, 3, 2, -1], [], 4) == [0, 2, 3]  # not what is alike, nor what is liked less
    assert choose_colours(labs, [5, 4, 3, 2, -1], [np.array([51.0, 0, 0])], 1) == [2]
    assert choose_colours(labs, [-1] * 5, [], 4) == []


def test_the_garment_has_the_colour_and_the_backdrop_is_the_photos(found: Colourways, photo: Path) -> None:
    before = np.asarray(Image.open(photo))
    left, top, right, bottom = GARMENT
    backdrop = np.ones(before.shape[:2], dtype=bool)
    backdrop[top - 12 : bottom + 12, left - 12 : right + 12] = False
    for one in found:
        shown = np.asarray(one.image)
        assert one.image.size == SIZE and np.array_equal(shown[backdrop], before[backdrop])
        inner = rgb2lab(shown[top + 12 : bottom - 12, left + 12 : right - 12]).reshape(-1, 3)
        assert difference(inner.mean(0), np.array(one.lab)) < 2 and one.exact
        assert inner[:, 0].std() > 0.5  # its folds


def test_named_colours_are_there_and_the_others_differ(found: Colourways) -> None:
    assert {one.name for one in found if one.asked} == {"navy", "#7a1f2b"}
    assert next(one for one in found if one.near).hex == "#7a1f2b"
    labs = [np.array(one.lab) for one in found]
    for row, one in enumerate(found):
        if not one.asked:
            assert all(difference(labs[row], lab) >= APART for n, lab in enumerate(labs) if n != row)
    assert all(one.check is not None for one in found)
    gains = [one.gain for one in found]
    assert gains == sorted(gains, reverse=True)


def test_saved_it_is_complete_and_the_same_again(
    found: Colourways, shops_pack: Path, photo: Path, small_limits: None, tmp_path: Path
) -> None:
    coloured(shops_pack, photo).save(tmp_path / "again")
    found.save(tmp_path / "one")
    record = json.loads((tmp_path / "one" / "colours.json").read_text())
    assert len(record["colours"]) == len(found) and record["today"]["source"] == "jumper.png"
    for entry in record["colours"]:
        content = (tmp_path / "one" / entry["file"]).read_bytes()
        assert content == (tmp_path / "again" / entry["file"]).read_bytes()
        with Image.open(tmp_path / "one" / entry["file"]) as picture:
            assert picture.size == SIZE and "not a listing photo" in picture.info["Description"]
    page = (tmp_path / "one" / "colours.html").read_text()
    assert len(page) < 6_000_000 and "http" not in page and trade_words(seller_part(page)) == []
    assert "#7a1f2b" in page and "L* 27." in page


def test_an_earlier_result_is_replaced(found: Colourways, tmp_path: Path) -> None:
    found.save(tmp_path)
    kept = tmp_path / "colour-99.png"
    kept.write_bytes(b"another's")
    found.save(tmp_path)
    assert kept.exists() and len(list(tmp_path.glob("colour-*.png"))) == len(found) + 1


def test_where_nobody_judges_the_recommender_orders(shops_pack: Path, photo: Path, small_limits: None) -> None:
    found = coloured(shops_pack, photo, verify=False, n=0)
    assert all(one.verdict == "unchecked" and one.gain is None for one in found)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_what_is_not_known_is_refused() -> None:
    with pytest.raises(InputError, match="'blurple-ish' is not known"):
        Wish.of(8, "navy, blurple-ish")
    for n, colours in ((0, None), (-1, "navy"), (41, None)):
        with pytest.raises(InputError, match="n must be from 1 to 40"):
            Wish.of(n, colours)
