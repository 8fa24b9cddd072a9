"""Masks that are given: a file's, a PNG's transparency, and rubbish."""

import numpy as np
import pytest
from garments import Jumper, drawn
from PIL import Image

from gigs.errors import InputError
from gigs.transfer import from_mask, read_mask, transparency_of

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
