"""Masks that are given: a file's, a PNG's transparency, and rubbish."""

import numpy as np
import pytest
from PIL import Image

from gigs.errors import InputError
from gigs.transfer import from_mask, read_mask, transparency_of
from gigs.transfer.mask import read_region
from tests.transfer.garments import Jumper, drawn

PHOTO, MASK = drawn(Jumper(), 200, 300)
IMAGE = Image.fromarray(PHOTO)


@pytest.mark.parametrize("mask", [MASK, MASK > 0.5, (MASK * 255).astype(np.uint8)])
def test_a_mask_replaces_the_cut_out(mask):
    found = from_mask(mask, IMAGE)
    assert found.confidence == 1
    assert found.doubt is None
    assert np.array_equal(found.alpha, MASK)
    assert found.scale == 1


def test_a_mask_in_a_file_and_the_transparency_of_a_png(tmp_path):
    Image.fromarray((MASK * 255).astype(np.uint8)).save(tmp_path / "mask.png")
    assert np.array_equal(read_mask(tmp_path / "mask.png", IMAGE).alpha, MASK)
    layered = IMAGE.copy()
    layered.putalpha(Image.fromarray((MASK * 255).astype(np.uint8)))
    layered.save(tmp_path / "layered.png")
    assert np.array_equal(read_mask(tmp_path / "layered.png", IMAGE).alpha, MASK)
    assert transparency_of((tmp_path / "mask.png").read_bytes()) is None


def test_a_large_mask_is_kept_at_a_smaller_size():
    photo, mask = drawn(Jumper(), 1600, 2400)
    found = from_mask(mask, Image.fromarray(photo))
    assert found.scale == pytest.approx(1536 / 2400)
    assert found.area == pytest.approx(mask.mean(), abs=0.002)


def confetti() -> np.ndarray:
    return np.random.default_rng(0).random(MASK.shape) > 0.8


RUBBISH = {
    "no product": np.zeros_like(MASK),
    "no backdrop": np.ones_like(MASK),
    "own size": MASK[:-3],
    "grey": np.full_like(MASK, 0.6),
    "pieces": confetti(),
    r"\[height,width\]": np.stack([MASK] * 3, -1),
    "int64": MASK.astype(np.int64),
    "float": MASK * 3,
}


@pytest.mark.parametrize("reason", RUBBISH)
def test_rubbish_is_refused_and_the_reason_is_said(reason):
    with pytest.raises(InputError, match=reason):
        from_mask(RUBBISH[reason], IMAGE)


def test_files_that_are_no_mask_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_mask(tmp_path / "none.png", IMAGE)
    (tmp_path / "text.png").write_text("not a picture at all", encoding="utf-8")
    with pytest.raises(InputError, match=r"text\.png"):
        read_mask(tmp_path / "text.png", IMAGE)
    IMAGE.save(tmp_path / "photo.png")
    with pytest.raises(InputError, match=r"grey|no backdrop"):
        read_mask(tmp_path / "photo.png", IMAGE)


def test_a_transparency_is_turned_as_its_photo_is(tmp_path):
    layered = IMAGE.copy()
    layered.putalpha(Image.fromarray((MASK * 255).astype(np.uint8)))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter to the right, as phones write it
    layered.transpose(Image.Transpose.ROTATE_90).save(tmp_path / "turned.png", exif=exif)
    found = transparency_of((tmp_path / "turned.png").read_bytes())
    assert found.shape == MASK.shape and np.array_equal(found > 127, MASK > 0.5)
    assert np.array_equal(read_mask(tmp_path / "turned.png", IMAGE).alpha, MASK)


def test_a_region_may_be_small_and_in_pieces_but_not_empty_or_grey(tmp_path):
    logo = np.zeros((300, 200), dtype=np.uint8)
    logo[100:104, 90:100] = 255
    Image.fromarray(logo).save(tmp_path / "logo.png")
    assert np.array_equal(read_region(tmp_path / "logo.png", IMAGE), logo > 0)
    for name, values, reason in (
        ("empty.png", np.zeros((300, 200), np.uint8), "marks nothing"),
        ("grey.png", np.full((300, 200), 128, np.uint8), "grey"),
        ("small.png", logo[:200], "own size"),
    ):
        Image.fromarray(values).save(tmp_path / name)
        with pytest.raises(InputError, match=reason):
            read_region(tmp_path / name, IMAGE)
