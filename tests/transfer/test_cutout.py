"""The cut-out: how sure it is, how it lies in the square, who wears it; the network itself where it can be had."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from gigs.errors import ModelError
from gigs.io.weights import fetch
from gigs.transfer import cut_out
from gigs.transfer.doubt import UNSURE, judged
from gigs.transfer.matte import refined
from gigs.transfer.person import person_in
from gigs.vision.images import fit_square
from tests.transfer.garments import BACKDROP, Jumper, cut, drawn, fit_of


def test_a_clear_cut_out_is_sure_and_a_grey_one_is_not():
    photo, mask = drawn(Jumper(), 200, 300)
    assert judged(mask, mask, photo).confidence > 0.9
    doubtful = judged(mask * 0.5, mask, photo)
    assert doubtful.confidence < UNSURE
    assert "unsure" in doubtful.sentence


def test_what_is_left_out_is_noticed():
    photo, mask = drawn(Jumper(), 200, 300)
    half = mask * (np.arange(200) < 100)
    assert judged(half, half, photo).confidence < UNSURE


def test_a_print_that_is_taken_for_the_shirt_is_noticed():
    photo, mask = drawn(Jumper(lab=(95.5, 0.0, 1.0), texture=0, printed=True), 200, 300)
    only = mask * (np.abs(photo.astype(int) - 240).max(2) > 60)
    assert 0 < only.mean() < 0.1
    assert judged(only, only, photo).confidence < UNSURE


def test_shreds_nothing_and_everything_are_unsure():
    photo, mask = drawn(Jumper(), 200, 300)
    shreds = ((np.indices(mask.shape) // 10).sum(0) % 2).astype(np.float32)
    for alpha in (shreds, np.zeros_like(mask), np.ones_like(mask)):
        assert judged(alpha, alpha, photo).confidence < UNSURE


def test_a_rough_edge_is_drawn_to_the_photos():
    photo, mask = drawn(Jumper(), 400, 600)
    rough = ndimage.gaussian_filter(mask, 6)
    found = refined(rough, photo)
    assert np.abs(found - mask).mean() < 0.4 * np.abs(rough - mask).mean()


def test_a_pale_product_keeps_its_middle():
    photo, mask = drawn(Jumper(lab=(94.0, 0.0, 2.0), texture=0), 400, 600)
    found = refined(ndimage.gaussian_filter(mask, 3), photo)
    assert found[ndimage.binary_erosion(mask > 0, iterations=12)].min() > 0.95


def test_it_lies_in_the_square_as_the_photo_does():
    photo, mask = drawn(Jumper(), 200, 300)
    square, fit = fit_square(Image.fromarray(photo), 64)
    alpha = cut(mask).in_square(fit, 64)
    differs = np.abs(square / 255 - BACKDROP).max(2) > 0.1
    assert (torch.from_numpy(differs) == (alpha[0, 0] > 0.5)).float().mean() > 0.97
    assert fit_of(photo) == fit


def worn(skin: tuple[int, int, int], shirt: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Somebody in a shirt: dark hair, a face, a neck, arms; and the cut-out of all of it."""
    photo = np.full((300, 200, 3), 240, dtype=np.uint8)
    mask = np.zeros((300, 200), dtype=np.float32)
    for rows, columns, colour in (
        (slice(20, 40), slice(80, 120), (40, 30, 28)),
        (slice(40, 75), slice(82, 118), skin),
        (slice(75, 85), slice(92, 108), skin),
        (slice(85, 260), slice(55, 145), shirt),
        (slice(85, 140), slice(35, 165), shirt),
        (slice(140, 240), slice(35, 50), skin),
    ):
        photo[rows, columns] = colour
        mask[rows, columns] = 1
    return photo, mask


@pytest.mark.parametrize("skin", [(224, 180, 150), (198, 134, 100), (110, 70, 50)])
def test_skin_and_hair_are_told_from_the_shirt(skin):
    found = person_in(*worn(skin, (40, 60, 120)))
    assert found[30, 100] > 0.9, "hair"
    assert found[55, 100] > 0.9, "face"
    assert found[200, 42] > 0.9, "arm"
    assert found[150, 100] < 0.05, "shirt"


def test_a_beige_garment_that_nobody_wears_is_no_skin():
    photo, mask = drawn(Jumper(lab=(75.0, 10.0, 20.0)), 200, 300)
    assert person_in(photo, mask) is None


def test_a_garment_of_skin_s_colour_with_a_dark_label_is_no_person():
    pink = (236, 184, 178)
    assert person_in(*worn(pink, pink)) is None


@pytest.mark.weights
def test_the_network_finds_a_garment_drawn_by_code():
    try:
        fetch("u2netp")
    except ModelError as error:
        pytest.skip(str(error))
    photo, mask = drawn(Jumper(), 400, 600)
    found = cut_out(Image.fromarray(photo))
    overlap = ((found.alpha > 0.5) & (mask > 0.5)).sum() / ((found.alpha > 0.5) | (mask > 0.5)).sum()
    assert overlap > 0.95
    assert found.confidence > UNSURE
    assert found.person is None
    again = cut_out(Image.fromarray(photo))
    assert np.array_equal(again.alpha, found.alpha)
