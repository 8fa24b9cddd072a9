"""Redesigns on the photo itself: which candidates are chosen, what is shown, and what is scored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import gigs
from gigs.batch import Finished, Request, run
from gigs.errors import InputError, ModelError
from gigs.method.choice import NothingToShowError
from gigs.method.on_photo import OnPhoto
from gigs.method.options import Options
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


def test_what_outgrows_the_photo_once_it_is_fitted_closely_gives_way(
    shops_pack: Path, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choices = []
    chosen = OnPhoto._chosen

    def first_outgrows(self: OnPhoto, changes: Any) -> np.ndarray:
        choices.append(len(changes))
        return np.arange(len(changes)) == (0 if len(choices) == 1 else -1)

    def watched(self: OnPhoto, base: Any, drawn: Any, tried: Any, n: int) -> Any:
        tried = replace(tried, cropped=np.zeros_like(tried.cropped))  # by the rough fit, none outgrows it
        found = rows, after, change = chosen(self, base, drawn, tried, n)
        outgrown = tried.chosen(n)[0]
        assert after.cropped.sum() == 1 and after.cropped[outgrown]
        assert outgrown not in rows and rows == after.chosen(n) and len(change) == len(rows)
        return found

    monkeypatch.setattr(OnPhoto, "_cropped", first_outgrows)
    monkeypatch.setattr(OnPhoto, "_chosen", watched)
    session = gigs.Session(shops_pack)
    result = session.suggest(photo, session.audience("ladies", minimum=1), n=1, steps=1)
    assert len(result) == 1 and len(choices) == 2


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

    monkeypatch.setattr("gigs.transfer.looks.salience", out_of_reach)
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


def test_what_is_shown_differs_can_be_named_and_is_within_the_budget(shops_pack: Path, photo: Path) -> None:
    session = gigs.Session(shops_pack)
    audience = session.audience("ladies", minimum=1)
    free = session.suggest(photo, audience, n=4, steps=1)
    assert free.choice.asked == 4 and free.choice.candidates >= 4 and 1 <= len(free) <= 4
    assert not any(one.changes.nothing for one in free)
    squares = [to_tensor(fit_square(one.image, 32)[0]) for one in (free.photo, *free)]
    distances = [float(session.perceptual(squares[0], one)) for one in squares[1:]]
    changes = [point.change for point in free.choice.front]
    assert changes == sorted(changes) and all(point.file in free.pictures for point in free.choice.front)
    budget = min(distances) + 1e-4
    bound = session.suggest(photo, audience, n=4, steps=1, budget=budget)
    assert bound.settings["budget"] == budget
    for one in bound:
        assert float(session.perceptual(squares[0], to_tensor(fit_square(one.image, 32)[0]))) <= budget
    with pytest.raises(NothingToShowError, match="within the budget of 1e-06"):
        session.suggest(photo, audience, n=4, steps=1, budget=1e-6)


def test_masks_of_a_batch_come_in_a_folder_and_what_they_show_counts(
    shops_pack: Path, photo: Path, tmp_path: Path
) -> None:
    other = tmp_path / "skirt.png"
    Image.open(photo).crop((0, 0, 240, 320)).save(other)
    masks = tmp_path / "masks"
    masks.mkdir()
    mask = Image.new("L", (240, 360), 0)
    mask.paste(255, (50, 50, 190, 310))
    mask.save(masks / "jumper.png")

    def ran(photos: tuple[Path, ...], resume: bool = False, **options: Any) -> Finished:
        asked = Options.of(n=2, steps=1, verify=False, **options)
        request = Request(
            options=asked, photos=photos, audience="ladies", pack=str(shops_pack), out=tmp_path / "out", resume=resume,
            min_audience=1,
        )  # fmt: skip
        return run(request)

    with pytest.raises(InputError, match=r"one mask for photos of several sizes \(jumper.png has 240 x 360"):
        ran((photo, other), mask=masks / "jumper.png")
    with pytest.raises(InputError, match="no mask in it is named like skirt"):
        ran((other,), mask=masks)
    done = ran((photo, other), mask=masks)
    assert len(done.results) == 2 and done.results[0][1].cutout.confidence == 1
    assert isinstance(done.results[0][1].pictures["photo.png"], Image.Image)

    region = tmp_path / "logo.png"
    logo = Image.new("L", (240, 360), 0)
    logo.paste(255, (100, 100, 104, 104))
    logo.save(region)
    first = ran((photo,), keep_region=region).results[0]
    written = (first[0] / "result.json").stat().st_mtime_ns
    ran((photo,), resume=True, keep_region=region)
    assert (first[0] / "result.json").stat().st_mtime_ns == written, "the same request is not made again"
    logo.paste(255, (120, 120, 130, 130))
    logo.save(region)
    ran((photo,), resume=True, keep_region=region)
    assert (first[0] / "result.json").stat().st_mtime_ns != written, "another region in a file of the same name is"


def test_a_mask_may_be_an_array_and_a_photo_may_bring_its_own(shops_pack: Path, photo: Path) -> None:
    session = gigs.Session(shops_pack)
    mask = np.zeros((360, 240), dtype=bool)
    mask[50:310, 50:190] = True
    assert session.product(photo, Options.of(mask=mask)).cutout.confidence == 1
    layered = Image.open(photo).convert("RGB")
    layered.putalpha(Image.fromarray(mask))
    assert session.product(layered, Options.of()).cutout.area == pytest.approx(mask.mean(), abs=0.001)
