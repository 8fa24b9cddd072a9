"""Names of colours, masks and palettes."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import rgb2lab

from gigs.explain.colours import basic_of, colour_names, hex_of, lab_named, lab_of, name_of
from gigs.explain.foreground import foreground
from gigs.explain.palette import flows, palette, share_like
from gigs.vision.images import to_uint8
from tests.explain.known_edits import GREY, NAVY, RED, garment


@pytest.mark.parametrize(("rgb", "basic"), [
    ((12, 12, 14), "black"), ((225, 225, 226), "white"), ((150, 150, 150), "grey"), (NAVY, "blue"), (RED, "red"),
    ((235, 190, 60), "yellow"), ((60, 90, 60), "green"), ((225, 170, 180), "pink"), ((95, 60, 40), "brown"),
])  # fmt: skip
def test_plain_colours_have_their_basic_names(rgb, basic) -> None:
    assert basic_of(name_of(rgb2lab(np.array(rgb, dtype=np.uint8)))) == basic


def test_every_name_is_its_own_nearest() -> None:
    assert len(colour_names()) == 33
    assert [name_of(lab_named(name)) for name in colour_names()] == list(colour_names())


def test_hex_goes_there_and_back() -> None:
    assert hex_of(rgb2lab(np.array(RED, dtype=np.uint8))) == "#be1e28"


def test_the_product_is_told_from_its_backdrop() -> None:
    mask = foreground(to_uint8(garment(RED))[0])
    assert mask[12:52, 20:44].all() and not mask[:8].any() and not mask[:, :14].any()


def test_a_picture_of_nothing_counts_as_a_whole() -> None:
    assert foreground(np.full((64, 64, 3), 200, dtype=np.uint8)).all()


def test_a_palette_has_the_colours_and_their_shares() -> None:
    image = garment(GREY, stripe=RED)
    found = palette(lab_of(image)[0], foreground(to_uint8(image)[0]))
    assert {one.name for one in found} == {"grey", "red"}
    assert sum(one.share for one in found) == pytest.approx(1)
    assert palette(lab_of(image)[0], foreground(to_uint8(image)[0]))[0].share == found[0].share  # no chance in it


def test_light_and_shade_of_one_cloth_are_one_colour() -> None:
    shaded = np.linspace(0.8, 1.1, 64)[None, :, None] * np.array(RED)
    image = np.broadcast_to(shaded, (64, 64, 3)).clip(0, 255).astype(np.uint8)
    assert len(palette(rgb2lab(image), np.ones((64, 64), dtype=bool))) == 1


def test_flows_move_all_of_it_and_change_as_little_as_they_can() -> None:
    def colours(image):
        return palette(lab_of(image)[0], foreground(to_uint8(image)[0]))

    moved = flows(colours(garment(GREY, stripe=NAVY)), colours(garment(GREY, stripe=RED)))
    assert sum(flow.share for flow in moved) == pytest.approx(1)
    big = {(flow.before.name, flow.after.name) for flow in moved if flow.share > 0.1}
    assert big == {("grey", "grey"), ("navy blue", "red")}
    assert share_like(colours(garment(RED)), lab_named("red")) > 0.9
