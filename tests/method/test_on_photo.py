"""Redesigns on the photo itself: which candidates are chosen, what is shown, and what is scored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gigs
from gigs.errors import InputError, ModelError
from gigs.method.presets import get_preset
from gigs.vision.images import fit_square, to_tensor

pytestmark = pytest.mark.usefixtures("small_limits", "pyramid_for_lpips")


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A garment with a stripe on an even backdrop, 240 x 360."""
    picture = Image.new("RGB", (240, 360), (244, 243, 240))
    picture.paste((70, 90, 150), (50, 50, 190, 310))
    picture.paste((220, 210, 60), (50, 150, 190, 170))
    path = tmp_path_factory.mktemp("photo") / "jumper.png"
    picture.save(path)
    return path


def test_what_is_shown_is_the_photo_at_its_own_size_and_is_what_is_scored(shops_pack: Path, photo: Path) -> None:
    session = gigs.Session(shops_pack)
    audience = session.audience("ladies", minimum=1)
    result = session.suggest(photo, audience, n=3, steps=1)
    assert result.on_photo and result.cutout.confidence > 0.5
    before = np.asarray(result.photo.image)
    for one in result:
        shown = np.asarray(one.image)
        assert one.image.size == (240, 360) and one.rendered in ("photo", "sketch") and 0 <= one.residual <= 1
        assert np.array_equal(shown[:8, :8], before[:8, :8])  # a corner that no garment reaches; see tests/transfer
        square = to_tensor(fit_square(one.image, session.generator.resolution)[0])
        assert float(session.recommender.score(square, audience.theta)) == pytest.approx(one.score, abs=1e-5)
    assert result[0].drawn.size == (32, 32)
    drawn = session.suggest(photo, audience, n=3, steps=1, render="drawn")
    assert not drawn.on_photo and drawn[0].residual is None and drawn[0].rendered == "drawn"


def test_what_is_to_be_kept_is_kept(shops_pack: Path, photo: Path, tmp_path: Path) -> None:
    session = gigs.Session(shops_pack)
    audience = session.audience("ladies", minimum=1)
    options = {"n": 2, "steps": 1}
    same = session.suggest(photo, audience, keep="shape", **options)
    before = np.asarray(same.photo.image)
    assert same[0].kept == ("shape",)
    with pytest.raises(InputError, match="nothing is left to change"):
        session.suggest(photo, audience, keep=("colour", "shape"), **options)
    with pytest.raises(InputError, match="keep is for redesigns on the photo"):
        session.suggest(photo, audience, keep="shape", render="drawn", **options)
    region = Image.new("L", (240, 360), 0)
    region.paste(255, (60, 140, 180, 180))
    region.save(tmp_path / "region.png")
    held = session.suggest(photo, audience, keep_region=tmp_path / "region.png", **options)
    assert all(np.array_equal(np.asarray(one.image)[145:175, 70:170], before[145:175, 70:170]) for one in held)
    with pytest.raises(InputError, match="cannot keep 'size'; choose from colour, shape, print"):
        session.suggest(photo, audience, keep="size", **options)


def test_a_mask_says_where_the_product_is(shops_pack: Path, photo: Path, tmp_path: Path) -> None:
    session = gigs.Session(shops_pack)
    mask = Image.new("L", (240, 360), 0)
    mask.paste(255, (50, 50, 190, 310))
    mask.save(tmp_path / "mask.png")
    result = session.suggest(photo, session.audience("ladies", minimum=1), mask=tmp_path / "mask.png", n=2, steps=1)
    assert result.cutout.confidence == 1.0 and result.cutout.area == pytest.approx(140 * 260 / (240 * 360), rel=0.02)
    Image.new("L", (240, 360), 0).save(tmp_path / "empty.png")
    with pytest.raises(InputError, match="empty"):
        session.suggest(photo, session.audience("ladies", minimum=1), mask=tmp_path / "empty.png", n=2, steps=1)


def test_without_the_network_redesigns_are_drawn_and_it_is_said(
    shops_pack: Path, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_reach(picture: Image.Image) -> np.ndarray:
        raise ModelError("u2netp: cannot be fetched")

    monkeypatch.setattr("gigs.transfer.cutout.salience", out_of_reach)
    session = gigs.Session(shops_pack)
    with pytest.warns(UserWarning, match="shown as the generator drew them"):
        result = session.suggest(photo, session.audience("ladies", minimum=1), n=2, steps=1)
    assert not result.on_photo


def test_presets_say_what_is_shown() -> None:

    assert [get_preset(name).render for name in ("fast", "faithful", "preview", "paper-text")] == ["photo"] * 3 + [
        "drawn"
    ]
    with pytest.raises(InputError, match="shown on the photo or drawn"):
        replace(get_preset("fast"), render="printed")
