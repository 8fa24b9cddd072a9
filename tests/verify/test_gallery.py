from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gigs.errors import ModelError
from gigs.generator.latent import standardise
from gigs.io import storage
from gigs.verify.gallery import Gallery, distances, load_gallery, spacing_of


def small_gallery() -> Gallery:
    rng = torch.Generator().manual_seed(0)
    codes = standardise(torch.randn(30, 64, generator=rng))
    categories = torch.arange(30) % 2
    target = torch.randn(30, generator=rng)
    scores = {("target", "all"): target, ("judge", "all"): 0.5 * target + 3, ("deaf", "all"): torch.zeros(30)}
    phi = torch.randn(30, 3, generator=rng)
    ids = [f"item-{row}" for row in range(30)]
    return Gallery(ids, codes, categories, ("coat", "hat"), phi, scores, spacing_of(codes, categories))


def test_the_ceiling_is_the_slope_of_judge_on_target() -> None:
    gallery = small_gallery()
    assert gallery.slope("target", "judge", "all", 0) == pytest.approx(0.5, abs=1e-6)
    assert gallery.slope("target", "target", "all", 1) == pytest.approx(1.0)
    assert gallery.slope("target", "deaf", "all", 1) == 0


def test_saved_codes_and_scores_come_back_near_enough(tmp_path: Path) -> None:
    gallery = small_gallery()
    again = load_gallery(gallery.save(tmp_path / "gallery.safetensors"))
    assert again.ids == gallery.ids and again.names == gallery.names
    assert (again.codes - gallery.codes).abs().max() < 0.03  # half a step of 1/24, standardised again
    for key, scores in gallery.scores.items():
        torch.testing.assert_close(again.scores[key], scores, atol=5e-3, rtol=2e-3)


def test_features_take_a_byte_a_number_and_score_items_as_before(tmp_path: Path) -> None:
    rng = torch.Generator().manual_seed(2)
    phi, theta = torch.randn(300, 65, generator=rng), torch.randn(65, generator=rng)
    items = torch.arange(300)
    codes = standardise(torch.randn(300, 64, generator=rng))
    gallery = Gallery(
        [str(item) for item in items], codes, items % 2, ("coat", "hat"), phi, {("target", "all"): phi @ theta},
        spacing_of(codes, items % 2), {"judge": phi.flip(0)},
    )  # fmt: skip
    path = gallery.save(tmp_path / "gallery.safetensors")
    again = load_gallery(path)
    assert storage.load_tensors(path)[0]["phi"].dtype == torch.int8
    for kept, given in ((again.phi, gallery.phi), (again.features["judge"], gallery.features["judge"])):
        assert (kept @ theta - given @ theta).std() < 0.01 * (given @ theta).std()


def test_the_nearest_item_is_of_the_category_and_a_copy_is_found_out() -> None:
    gallery = small_gallery()
    row, distance = gallery.nearest(gallery.codes[4:5], 0)
    assert (row, distance) == (4, pytest.approx(0, abs=1e-3)) and gallery.rarity(distance) == 0
    row, distance = gallery.nearest(gallery.codes[4:5], 1)
    assert row % 2 == 1 and distance > 0.5
    assert gallery.rarity(100.0) == 1


def test_percentiles_count_the_items_below() -> None:
    gallery = small_gallery()
    own = gallery.scores["target", "all"][gallery.of_category(1)]
    assert gallery.percentile("target", "all", 1, float(own.max()) + 1) == 1
    assert gallery.percentile("target", "all", 1, float(own.median())) == pytest.approx(7 / 15)


def test_unrelated_vectors_are_a_root_of_two_apart() -> None:
    rng = torch.Generator().manual_seed(1)
    codes = standardise(torch.randn(200, 512, generator=rng))
    off = distances(codes[:100], codes[100:])
    assert off.mean() == pytest.approx(2**0.5, abs=0.02)


def test_what_is_no_gallery_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    storage.save_tensors(path, {"codes": torch.zeros(2, 2, dtype=torch.int8)}, {"kind": "gallery"})
    with pytest.raises(ModelError, match="gallery"):
        load_gallery(path)
