"""What is said of known edits, and what is not said of what redrawing did."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
import torch

from gigs.explain.changes import changes_of, looks_of
from gigs.explain.description import Description
from gigs.explain.explanation import Explanation, description_of, explain
from gigs.verify.probes import Answer
from tests.explain.known_edits import GREY, LIGHT_BLUE, NAVY, RED, garment, painted


def said(before: torch.Tensor, after: torch.Tensor, photo: torch.Tensor | None = None, **options) -> str:
    return described(explain(photo, before, after, **options)).words


def described(explanation: Explanation, row: int = 0) -> Description:
    return description_of(explanation.changes[row], "map.png")


def test_a_recolouring_is_named_with_both_colours_and_its_tone() -> None:
    words = said(garment(LIGHT_BLUE), garment(NAVY))
    assert words.startswith("Much darker") and "navy blue instead of light blue" in words


def test_the_way_back_is_lighter() -> None:
    assert "lighter" in said(garment(NAVY), garment(LIGHT_BLUE)).lower()


def test_the_same_picture_changes_nothing() -> None:
    picture = garment(LIGHT_BLUE, stripe=NAVY)
    assert said(picture, picture) == "Almost nothing that can be named."
    assert described(explain(None, picture, picture)).nothing
    assert not described(explain(None, picture, garment(RED))).nothing


def test_only_the_stripes_turn() -> None:
    turned = described(explain(None, garment(GREY, stripe=NAVY), garment(GREY, stripe=RED))).palette.turns
    turns = {(turn.before, turn.after) for turn in turned if turn.delta_e > 8}
    assert turns == {("navy blue", "red")}
    assert 0.3 < sum(turn.share for turn in turned if turn.after == "red") < 0.6


def test_length_and_width_are_named() -> None:
    assert "longer" in said(garment(RED, bottom=44), garment(RED, bottom=58)).lower()
    assert "narrower" in said(garment(RED, width=40), garment(RED, width=26)).lower()


@pytest.mark.parametrize(("rows", "kind", "part"), [
    (slice(10, 20), "Sweater", "the neckline area"), (slice(10, 20), "Trousers", "the waist area"),
    (slice(44, 55), "Dress", "the lower part"), (slice(44, 55), "Boots", "the lower part"),
])  # fmt: skip
def test_the_part_that_changes_is_named_as_the_kind_of_product_has_it(rows: slice, kind: str, part: str) -> None:
    before = garment(LIGHT_BLUE)
    assert part in said(before, painted(before, rows, RED), kind=kind)


def test_a_change_everywhere_is_said_of_no_part() -> None:
    assert described(explain(None, garment(LIGHT_BLUE), garment(RED))).where is None


def test_what_only_brings_the_photo_back_is_no_change_of_the_redesign() -> None:
    photo, redrawn, redesign = garment(NAVY), garment(GREY), garment(NAVY)
    found = explain(photo, redrawn, redesign)
    said_of_it = described(found)
    assert "navy" not in said_of_it.words and "darker" not in said_of_it.words.lower()
    assert said_of_it.palette.turns == () and said_of_it.palette.delta_e > 10
    assert "grey instead of navy blue" in description_of(found.redrawing).words  # said where it belongs


def test_a_change_away_from_both_is_the_redesigns() -> None:
    assert "red instead of" in said(garment(GREY), garment(RED), photo=garment(NAVY))


def test_a_longer_outline_that_the_photo_has_is_not_claimed() -> None:
    assert "longer" not in said(garment(RED, bottom=44), garment(RED, bottom=58), photo=garment(RED, bottom=58))


@pytest.mark.parametrize(("before", "after", "photo", "changed"), [
    (Answer("Check", 0.9, True), Answer("Solid", 0.9, True), Answer("Check", 0.9, True), True),
    (Answer("Check", 0.9, True), Answer("Solid", 0.9, True), Answer("Solid", 0.9, True), False),
    (Answer("Check", 0.9, True), Answer("Check", 0.9, True), Answer("Check", 0.9, True), False),
    (Answer("Check", 0.9, True), Answer("Solid", 0.4, False), Answer("Check", 0.9, True), None),
])  # fmt: skip
def test_patterns_are_said_only_where_the_probe_is_sure_and_the_photo_agrees(before, after, photo, changed) -> None:
    pictures = torch.cat([garment(RED), garment(RED), garment(RED)])
    own, old, new = looks_of(pictures, [{"appearance": one} for one in (photo, before, after)])
    found = changes_of(own, old, new)
    assert found.attributes["appearance"].changed is changed
    assert ("plain instead of checked" in description_of(found).words.lower()) is (changed is True)


def test_the_map_is_hot_where_it_changes_and_pale_elsewhere() -> None:
    before = garment(GREY)
    drawn = explain(None, before, painted(before, slice(40, 54), RED)).map(0)
    assert drawn.shape == (3, 64, 64) and float(drawn.min()) >= 0 and float(drawn.max()) <= 1
    spread = np.ptp(drawn.numpy(), axis=0)  # pale grey has none
    assert spread[44:50, 24:40].min() > 0.3 and spread[14:30, 24:40].max() < 0.05


def test_records_are_plain_json() -> None:
    import json

    found = explain(garment(RED), garment(GREY), torch.cat([garment(NAVY), garment(LIGHT_BLUE)]))
    for row in range(2):
        one = described(found, row)
        json.dumps(asdict(one), allow_nan=False)
        shares = [colour.share for colour in one.palette.after]
        assert sum(shares) == pytest.approx(1, abs=0.01) and shares == sorted(shares, reverse=True)
