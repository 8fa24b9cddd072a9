from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from gigs.audience.describe import describe
from gigs.audience.segments import SegmentSettings, find_segments
from gigs.data.catalogue import Catalogue
from gigs.errors import InputError
from gigs.packs import load_pack
from gigs.packs.audiences.buyers import Buyers
from gigs.packs.audiences.segments import add_segments, load_segments, members_of_segment
from tests.helpers.shop_packs import panel_of

pytestmark = pytest.mark.usefixtures("small_limits")


def planted(sizes: tuple[int, ...], distance: float = 6.0) -> tuple[torch.Tensor, np.ndarray]:
    """Vectors `[U,12]` around as many centres, far apart, and whose is whose."""
    rng = np.random.default_rng(0)
    centres = np.eye(12)[: len(sizes)] * distance
    whose = np.repeat(np.arange(len(sizes)), sizes)
    return torch.from_numpy((centres[whose] + rng.normal(size=(len(whose), 12)) * 0.5).astype(np.float32)), whose


@pytest.mark.parametrize("sizes", [(40, 30), (50, 40, 30, 20)])
def test_planted_groups_are_found_and_counted(sizes: tuple[int, ...]) -> None:
    vectors, whose = planted(sizes)
    segments = find_segments(vectors, SegmentSettings(minimum=10, most=6))
    assert len(segments.centres) == len(sizes)
    assert segments.assign(vectors).tolist() == whose.tolist()  # largest first, as planted
    assert max(segments.silhouette.values(), key=lambda v: v or -1) == segments.silhouette[len(sizes)] > 0.7


def test_a_group_below_the_minimum_is_not_taken() -> None:
    vectors, _ = planted((60, 50, 4))
    segments = find_segments(vectors, SegmentSettings(minimum=10, most=5))
    assert segments.silhouette[3] is None and len(segments.centres) == 2
    assert torch.bincount(segments.assign(vectors)).min() >= 10
    with pytest.raises(InputError, match="too few"):
        find_segments(vectors[:15], SegmentSettings(minimum=10))
    with pytest.raises(InputError, match="2 or more"):
        SegmentSettings(fewest=1)


def buyers_of_two_kinds(root: Path) -> Catalogue:
    """60 buyers: the first 30, young, buy black dresses of Divided; the others, older, blue jumpers; all buy socks."""
    kinds = [("Dress", "Black", "Divided"), ("Sweater", "Blue", "Ladieswear"), ("Socks", "White", "Sport")]
    items = pd.DataFrame(
        [{"item_id": f"{k}{i}", "type": t, "colour": c, "section": s, "has_image": True, "held_out": False}
         for k, (t, c, s) in enumerate(kinds) for i in range(10)]
    )  # fmt: skip
    users = pd.DataFrame({"user_id": [f"u{n}" for n in range(60)], "age": [20.0 + n // 30 * 30 for n in range(60)]})
    rng, rows = np.random.default_rng(0), []
    for user in range(60):
        own = [*(user // 30 * 10 + rng.permutation(10)[:4]), *(20 + rng.permutation(10)[:3])]
        rows += [(user, int(item), 1, "train") for item in own]
    bought = pd.DataFrame(rows, columns=["user", "item", "count", "split"])
    return Catalogue(root, {"image_size": 64}, items, users, bought)


def test_what_sets_a_group_apart_is_said(tmp_path: Path) -> None:
    catalogue = buyers_of_two_kinds(tmp_path)
    young = describe([f"u{n}" for n in range(30)], catalogue)
    assert young.words() == "younger (median age 20), dresses, black, Divided"
    named = {(one.column, one.value): one for one in young.favourites}
    assert set(named) == {("type", "Dress"), ("colour", "Black"), ("section", "Divided")}  # socks are everybody's
    dress = named["type", "Dress"]
    assert (dress.share, dress.lift) == (pytest.approx(4 / 7, abs=1e-4), pytest.approx(2.0, abs=1e-3))
    assert (young.age, young.age_of_all) == (20, 35)
    assert "older (median age 50), sweaters, blue" in describe([f"u{n}" for n in range(30, 60)], catalogue).words()
    mixed = describe([f"u{n}" for n in range(0, 60, 2)], catalogue)
    assert not mixed.favourites and mixed.words() == "much like everybody"


def test_the_colour_shops_segments_are_its_two_tastes(shops_pack: Path, shop: Catalogue, tmp_path: Path) -> None:
    root = Path(shutil.copytree(shops_pack, tmp_path / "pack"))
    before = load_pack(root)
    made = add_segments(root, shop, settings=SegmentSettings(minimum=5, most=2))
    assert set(made.audiences) == {*before.audiences, "segment-1", "segment-2"}
    for number in (1, 2):
        members = members_of_segment(f"segment:{number}", Buyers(made, shop))
        parity = {int(user[:2]) % 2 for user in members}
        assert len(parity) == 1 and len(members) == 30 == made.audiences[f"segment-{number}"]["buyers"]
        colour = "red" if parity == {0} else "blue"
        assert colour in made.audiences[f"segment-{number}"]["label"]
        assert panel_of(made, f"segment-{number}").target.taste.users == made.audiences[f"segment-{number}"]["users"]
    old, new = panel_of(before, "ladies"), panel_of(made, "ladies")
    assert torch.equal(old.target.taste.theta, new.target.taste.theta)
    assert torch.equal(old.gallery.scores["first", "ladies"], new.gallery.scores["first", "ladies"])
    assert torch.equal(old.gallery.codes, new.gallery.codes)
    again = add_segments(root, shop, settings=SegmentSettings(minimum=5, most=2))
    assert again.info == made.info
    with pytest.raises(InputError, match="segments 1 to 2"):
        members_of_segment("segment:3", Buyers(made, shop))
    with pytest.raises(InputError, match="gigs pack segments"):
        load_segments(before)
