"""`gigs.suggest` and `gigs.Session`: a photo in any form in, a result that can be looked at, saved and read out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gigs
from gigs.errors import InputError
from gigs.io import folders
from gigs.method.presets import get_preset
from gigs.packs import load_pack
from gigs.session import OwnModels
from tests.helpers.command_line import gigs as command


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    picture = Image.new("RGB", (64, 96), (245, 244, 240))
    picture.paste((180, 40, 60), (14, 10, 50, 86))
    path = tmp_path_factory.mktemp("photo") / "shirt.png"
    picture.save(path)
    return path


@pytest.fixture
def session(small_pack: Path, pyramid_for_lpips: None) -> gigs.Session:
    return gigs.Session(small_pack)


def test_a_photo_may_be_a_path_an_image_or_an_array(session: gigs.Session, photo: Path) -> None:
    picture = Image.open(photo)
    pixels = np.asarray(picture)
    forms = (photo, str(photo), picture, pixels, pixels / 255.0, Image.open(photo).convert("RGBA"))
    results = [session.suggest(form, preset="fast", n=2, steps=1) for form in forms]
    first = np.asarray(results[0][0].drawn)
    assert all(np.array_equal(first, np.asarray(one[0].drawn)) for one in results)
    assert results[0].photo.source == "shirt.png" and results[2].photo.source is None
    grey = session.suggest(pixels[..., 0], preset="fast", n=2, steps=1)
    assert len(grey) == 2


@pytest.mark.parametrize(("wrong", "message"), [
    (np.zeros((4, 64, 64, 3), np.uint8), r"shape \[4, 64, 64, 3\]"), (np.zeros((64, 64), np.int64), "array of int64"),
    (np.full((64, 64, 3), 3.0), "numbers from 0 to 1"), (np.full((64, 64), np.nan), "numbers from 0 to 1"),
    (np.zeros((8, 64, 3), np.uint8), "too small"), ("no-such.jpg", "no such file"),
])  # fmt: skip
def test_what_is_no_photo_is_named(session: gigs.Session, wrong, message) -> None:
    with pytest.raises(InputError, match=message):
        session.suggest(wrong)


def test_without_a_photo_a_design_is_sampled(session: gigs.Session) -> None:
    result = session.suggest(None, preset="fast", n=2, steps=1)
    assert result.photo is None and result.verdict == "unchecked" and result[0].gain is None
    assert result.reconstruction.image.size == (512, 512)


def test_options_are_checked(session: gigs.Session, photo: Path) -> None:
    with pytest.raises(TypeError, match="there is no option 'colour'; there are preset, n,"):
        session.suggest(photo, colour="red")
    with pytest.raises(InputError, match="seed must be from 0"):
        session.suggest(photo, seed=-1)
    with pytest.raises(InputError, match="objective 'fame' is unknown"):
        session.suggest(photo, objective="fame")
    with pytest.raises(InputError, match="n is part of the preset"):
        session.suggest(photo, preset=get_preset("fast"), n=3)
    with pytest.raises(InputError, match="`product_type`"):
        session.suggest(photo, product_type="Shirt")


def test_it_is_what_the_command_line_writes(
    small_pack: Path, session: gigs.Session, photo: Path, tmp_path: Path
) -> None:
    done = command(
        "suggest", photo, "--pack", small_pack, "--n", 2, "--steps", 1, "--seed", 3, "--out", tmp_path / "shell"
    )
    assert done.returncode == 0, done.stderr
    session.suggest(photo, preset="fast", n=2, steps=1, seed=3).save(tmp_path / "python")
    names = sorted(path.relative_to(tmp_path / "python").as_posix() for path in (tmp_path / "python").rglob("*.png"))
    assert len(names) == 4 + 4 + 2 + 1
    for name in names:
        assert (tmp_path / "python" / name).read_bytes() == (tmp_path / "shell" / name).read_bytes(), name
    records = [json.loads((tmp_path / way / "result.json").read_text()) for way in ("python", "shell")]
    for record in records:
        record.pop("seconds")
    assert records[0] == records[1]


def test_a_saved_result_is_read_back_whole(session: gigs.Session, photo: Path, tmp_path: Path) -> None:
    result = session.suggest(photo, preset="fast", n=2, steps=1)
    again = gigs.Result.read(result.save(tmp_path / "out"))
    folders.check_manifest(tmp_path / "out")
    assert repr(again) == "<Result: 2 redesigns for all buyers, unchecked, preset fast>"
    assert again == result  # pictures aside
    assert np.array_equal(np.asarray(again[1].image), np.asarray(result[1].image))
    assert again.save(tmp_path / "copy") == tmp_path / "copy"
    assert gigs.Result.read(tmp_path / "copy") == result


@pytest.mark.usefixtures("small_limits", "pyramid_for_lpips")
@pytest.mark.parametrize("objective", ["coverage", "worst-decile"])
def test_objectives_work_from_python_as_from_the_shell(shops_pack: Path, objective: str) -> None:
    session = gigs.Session(shops_pack)
    audience = session.audience("ladies", minimum=1)
    assert audience.covariance is not None and audience.label == load_pack(shops_pack).audiences["ladies"]["label"]
    assert set(audience.tastes) == set(session.pack.scorers) and 0 <= audience.percentile(0.0) <= 1
    example = session.pack.examples()[0]
    for preset in ("fast", "paper-text"):  # towards real items, and by gradient
        result = session.suggest(example, audience, preset=preset, n=2, steps=1, objective=objective, render="drawn")
        assert result.objective == objective and result.verification is not None


@pytest.mark.usefixtures("pyramid_for_lpips")
def test_models_of_ones_own_have_no_panel_and_no_percentiles(small_pack: Path, photo: Path) -> None:
    own = OwnModels(generator=str(small_pack / "generator.safetensors"))
    result = gigs.Session(small_pack, models=own).suggest(photo, preset="fast", n=2, steps=1)
    assert result.photo.percentile is None and result.gate is None and result.verification is None
    assert result.models["generator"]["file"] == "generator.safetensors"
