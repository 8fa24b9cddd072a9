"""A generator against held-out photos: figures, floor, curve and command line, on small sets."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from gigs.cli import main
from gigs.errors import DataError, InputError, ModelError
from gigs.generator.base import Generator, save_generator
from gigs.generator.evaluate import ComparisonSettings, draw, evaluate_files, evaluate_generator, plot_curve
from gigs.generator.families.stylegan2 import StyleGAN2, StyleGAN2Settings
from gigs.generator.use import Use
from gigs.metrics import features
from gigs.vision.images import to_tensor
from tests.helpers.small_models import small_generator

NAMES = {
    figure.format(name)
    for name in ("vgg16", "efficientnet_lite0")
    for figure in ("kid_{}", "kid_{}_sd", "kid_{}_x1000", "kid_{}_sd_x1000", "precision_{}", "recall_{}", "frechet_{}")
}


class Copier(Generator):
    """Draws photos of the catalogue, with less than half a step of 8 bit added: what a perfect generator would do."""

    family = "copier"
    latent_dim = 1
    resolution = 32

    def __init__(self, catalogue, rows):
        super().__init__()
        self.photos = torch.nn.Parameter(to_tensor(catalogue.images(32)[rows]) + 0.4 / 255)
        self.freeze()

    def sample(self, n, rng):
        return torch.arange(n)[:, None]

    def forward(self, z):
        return self.photos[z[:, 0] % len(self.photos)]


@pytest.fixture(autouse=True)
def small_input(monkeypatch):
    """The feature networks look at 64 px here: a quarter of the time."""
    monkeypatch.setattr(features, "INPUT_SIZE", 64)


@pytest.fixture(scope="module")
def catalogue(tiny_catalogue, tmp_path_factory):
    """The tiny shop with a folder of its own for cached features; its pictures at 32 px are linked."""
    tiny_catalogue.images(32)
    root = tmp_path_factory.mktemp("evaluated")
    for path in tiny_catalogue.root.iterdir():
        if path.is_file():
            (root / path.name).symlink_to(path)
    return replace(tiny_catalogue, root=root)


@pytest.mark.weights
@pytest.mark.slow
def test_a_perfect_generator_is_at_the_floor_and_a_random_one_is_not(catalogue):
    held_out = catalogue.held_out_items()
    perfect = evaluate_generator(Copier(catalogue, held_out), catalogue, ComparisonSettings(samples=10, floor=True))
    random = evaluate_generator(small_generator(), catalogue, ComparisonSettings(samples=10))
    assert perfect["n_real"] == perfect["n_fake"] == perfect["subset_size"] == len(held_out) == 10
    assert set(perfect["figures"]) == set(perfect["floor"]["figures"]) == set(random["figures"]) == NAMES
    for name in ("vgg16", "efficientnet_lite0"):
        ideal, poor, floor = perfect["figures"], random["figures"], perfect["floor"]["figures"]
        # quantised, the copies are the photos: the unbiased estimate without its diagonal is then at most 0
        assert ideal[f"kid_{name}"] <= 1e-9 and ideal[f"frechet_{name}"] == pytest.approx(0, abs=1e-3)
        assert (ideal[f"precision_{name}"], ideal[f"recall_{name}"]) == (1, 1)
        assert floor[f"kid_{name}"] < 0.5 * poor[f"kid_{name}"]
        assert floor[f"frechet_{name}"] < 0.5 * poor[f"frechet_{name}"]
        assert poor[f"kid_{name}_x1000"] == 1000 * poor[f"kid_{name}"]
        assert poor[f"precision_{name}"] < 0.5


@pytest.mark.weights
@pytest.mark.slow
def test_same_seed_same_figures_from_the_cache_or_not(catalogue):
    condition = 'group in ["Garment Upper body"]'
    settings = ComparisonSettings(samples=6, seed=3, where=condition)
    first = evaluate_generator(small_generator(), catalogue, settings)
    stages = []
    again = evaluate_generator(small_generator(), catalogue, settings, on_step=lambda step: stages.append(step.stage))
    assert first == again
    assert first["n_real"] < 10 and first["where"] == condition and first["seed"] == 3
    assert "pictures" in stages and not any("held-out" in stage for stage in stages)
    assert json.loads(json.dumps(first, allow_nan=False)) == first


def test_pictures_are_rounded_seeded_and_independent_of_how_many_there_are():
    few, many = (draw(small_generator(), n, seed=1) for n in (3, 70))
    assert many.dtype == np.uint8 and many.shape == (70, 32, 32, 3)
    assert np.abs(many[:3].astype(int) - few).max() <= 1
    assert np.abs(draw(small_generator(), 3, seed=2).astype(int) - few).max() > 5


def test_too_few_and_broken_are_named(catalogue):
    with pytest.raises(InputError, match="3 samples are too few"):
        evaluate_generator(small_generator(), catalogue, ComparisonSettings(samples=3))
    with pytest.raises(DataError, match="0 held-out photos"):
        evaluate_generator(small_generator(), catalogue, ComparisonSettings(samples=8, where='type == "Spaceship"'))
    broken = small_generator()
    broken.to_rgb[-1].bias.fill_(float("nan"))
    with pytest.raises(ModelError, match="not finite"):
        draw(broken, 4, seed=0)


def test_a_bad_file_at_the_end_is_named_before_the_work_begins(catalogue, tmp_path):
    good = save_generator(tmp_path / "good.safetensors", small_generator())
    with pytest.raises(ModelError, match="missing"):
        next(evaluate_files([good, tmp_path / "missing.safetensors"], catalogue, ComparisonSettings(samples=8)))


def test_a_class_is_asked_for_before_the_work_begins_and_drawn(catalogue, tmp_path):
    settings = {"channels": (8, 8, 8, 8), "z_dim": 8, "w_dim": 8, "hidden": 8, "mapping": 2, "classes": 3}
    path = save_generator(tmp_path / "c.safetensors", StyleGAN2(StyleGAN2Settings(**settings)))
    with pytest.raises(InputError, match="class 7: this generator has 3 classes"):
        next(evaluate_files([path], catalogue, ComparisonSettings(samples=8), use=Use(label=7)))
    with pytest.raises(InputError, match="choose one with `label`"):
        next(evaluate_files([path], catalogue, ComparisonSettings(samples=8)))


def test_the_curve_needs_to_know_the_images_shown(tmp_path):
    with pytest.raises(InputError, match=r"x\.safetensors: does not say"):
        plot_curve([{"file": "x.safetensors", "images_shown": None}], tmp_path / "curve.png")


@pytest.mark.weights
@pytest.mark.slow
def test_the_command_prints_saves_and_draws_the_curve(catalogue, tmp_path, monkeypatch, capsys):
    files = [
        save_generator(tmp_path / f"{shown}.safetensors", small_generator(shown), {"images_shown": shown})
        for shown in (200, 100)
    ]
    options = ["--samples", 4, "--floor", "--json", tmp_path / "out.json", "--plot", tmp_path / "curve.png"]
    monkeypatch.setattr(sys, "argv", ["gigs", "evaluate", "generator", *map(str, [catalogue.root, *files, *options])])
    monkeypatch.setenv("COLUMNS", "200")
    try:
        main()
    except SystemExit as end:
        assert not end.code, capsys.readouterr().err
    printed = capsys.readouterr().out
    assert "features of vgg16" in printed and "features of efficientnet-lite0" in printed
    report = json.loads((tmp_path / "out.json").read_text())
    assert [entry["images_shown"] for entry in report["generators"]] == [200, 100]
    assert ["floor" in entry for entry in report["generators"]] == [True, False]
    assert {"file", "sha256", "seconds", "n_real", "n_fake", "seed", "subset_size"} <= set(report["generators"][0])
    with Image.open(tmp_path / "curve.png") as curve:
        assert curve.format == "PNG" and curve.width > 500
