"""One whole product, or a detail, a part, or several: made cut-outs, and real photos where there are any."""

from __future__ import annotations

import csv
import random

import numpy as np
import pytest
from PIL import Image

from gigs.transfer import cut_out
from gigs.transfer.framing import framing

SIDE = 120


def shown(*boxes, colours=((200, 40, 40),), size=(SIDE, SIDE)):
    """A white photo with products of rounded outline, `(top, bottom, left, right)`, and their cut-out."""
    pixels = np.full((*size, 3), 250, dtype=np.uint8)
    alpha = np.zeros(size, dtype=np.float32)
    for number, (top, bottom, left, right) in enumerate(boxes):
        rows, columns = np.mgrid[: size[0], : size[1]]
        middle, half = ((top + bottom) / 2, (left + right) / 2), ((bottom - top) / 2, (right - left) / 2)
        inside = (abs(rows - middle[0]) / half[0]) ** 4 + (abs(columns - middle[1]) / half[1]) ** 4 < 1
        pixels[inside], alpha[inside] = colours[number % len(colours)], 1.0
    return alpha, pixels


def said(alpha, pixels, person=None, confidence=1.0):
    return framing(alpha, pixels, person, confidence) or ""


def test_a_whole_product_with_backdrop_around_is_fine():
    assert said(*shown((20, 100, 30, 90))) == ""
    assert said(np.zeros((SIDE, SIDE), np.float32), np.full((SIDE, SIDE, 3), 250, np.uint8)) == ""


@pytest.mark.parametrize(
    ("box", "edge"),
    [
        ((-60, 90, 30, 90), "upper"),
        ((40, 190, 30, 90), "lower"),
        ((30, 90, -60, 90), "left"),
        ((30, 90, 40, 190), "right"),
    ],
)
def test_a_product_that_an_edge_cuts_off_is_named_with_the_edge(box, edge):
    assert f"cut off at the {edge} edge of the photo" in said(*shown(box))
    assert "Take a photo of all of it" in said(*shown(box))


def test_a_product_that_only_touches_the_edges_is_whole():
    trimmed = shown((0, SIDE, 0, SIDE))  # a picture trimmed to its product
    assert trimmed[0].mean() > 0.9 and said(*trimmed) == ""
    thin = np.zeros((SIDE, SIDE), np.float32)
    for row in range(SIDE):  # a diamond reaches all four edges, in a point each
        half = max(1, SIDE // 2 - abs(row - SIDE // 2))
        thin[row, SIDE // 2 - half : SIDE // 2 + half] = 1
    assert said(thin, trimmed[1]) == ""


def test_a_close_up_is_told_by_the_edges_that_it_runs_over():
    assert "from near: it runs over its upper, lower and right edges" in said(*shown((-90, 210, 40, 260)))
    everywhere = np.ones((SIDE, SIDE), np.float32)
    assert "from near" in said(everywhere, shown((-200, 400, -200, 400))[1])


def test_a_close_up_of_which_nothing_could_be_cut_out_is_told_by_the_photo_itself():
    rng = np.random.default_rng(0)
    cloth = (120 + 25 * rng.standard_normal((SIDE, SIDE, 3))).clip(0, 255).astype(np.uint8)
    cloth = np.asarray(Image.fromarray(cloth).resize((480, 480), Image.Resampling.NEAREST))
    nothing = np.zeros(cloth.shape[:2], np.float32)
    assert "hardly any backdrop" in said(nothing, cloth, confidence=0.0)
    even = np.full((SIDE, SIDE, 3), 245, np.uint8)  # a white product on white: nothing found, but no close-up
    assert said(np.zeros((SIDE, SIDE), np.float32), even, confidence=0.0) == ""


def test_several_products_are_counted_and_a_pair_is_one():
    two = shown((20, 100, 8, 52), (30, 70, 68, 112), colours=((200, 40, 40), (40, 40, 200)))
    assert "show 2 products" in said(*two) and "Crop the photo" in said(*two)
    pair = shown((30, 90, 8, 52), (30, 90, 68, 112))
    assert said(*pair) == ""
    assert "show 2 products" in said(*shown((30, 90, 8, 52), (30, 90, 68, 112), colours=((200, 40, 40), (40, 40, 200))))
    button = shown((20, 100, 20, 80), (50, 56, 100, 106))
    assert said(*button) == ""
    assert said(*two, confidence=0.2) == ""  # pieces of a cut-out that is unsure say nothing


def test_what_goes_on_below_somebody_who_wears_it_is_no_fault():
    alpha, pixels = shown((30, 200, 30, 90))
    person = np.zeros_like(alpha)
    person[30:45, 50:70] = 1
    assert said(alpha, pixels) != "" and said(alpha, pixels, person) == ""


@pytest.mark.hm
@pytest.mark.weights
def test_real_photos_are_seldom_doubted_and_cut_ones_always(hm_source):
    with (hm_source / "articles.csv").open(encoding="utf-8") as handle:
        rows = [row for row in csv.DictReader(handle) if row["product_group_name"].startswith("Garment")]
    random.Random(5).shuffle(rows)
    files = (hm_source / "images" / row["article_id"][:3] / f"{row['article_id']}.jpg" for row in rows)
    photos = [Image.open(path).convert("RGB") for path in files if path.is_file()][:30]
    whole = [cut_out(photo) for photo in photos]
    assert sum(one.framing is not None for one in whole) <= 3
    doubted = 0
    for photo, one in zip(photos[:12], whole, strict=False):
        rows_ = np.flatnonzero((one.alpha > 0.5).any(1)) * photo.height // one.alpha.shape[0]
        doubted += cut_out(photo.crop((0, 0, photo.width, int(rows_[0] + rows_[-1]) // 2))).framing is not None
    assert doubted >= 10
