import json
from argparse import Namespace
from unittest.mock import create_autospec

import pytest
import torch

from benchmarks import families
from gigs.errors import InputError
from gigs.generator.base import save_generator
from gigs.generator.families.stylegan2 import StyleGAN2, StyleGAN2Settings
from gigs.packs import load_pack
from tests.helpers.small_models import small_generator


def figures(seconds=2.0, **changes):
    plain = {"lpips": 0.2, "mse": 0.01, "gain": 0.5, "positive": 1.0, "diversity": 0.1}
    return plain | changes | {"seconds": {"total": seconds}}


@pytest.fixture
def options(tmp_path):
    return Namespace(size=64, preset="fast", seed=0, out=tmp_path)


@pytest.fixture
def photo():
    return [("top 1", torch.rand(1, 3, 64, 64)), ("dress 2", torch.rand(1, 3, 64, 64))]


def test_rows_are_measured_once_and_say_what_they_are_of(small_pack, options, photo, tmp_path, monkeypatch):
    calls = []

    def one(models, compute, preset, picture, audience, *rest):
        calls.append((models.generator.resolution, preset.name, audience.name))
        return figures()

    monkeypatch.setattr(families, "one", create_autospec(families.one, side_effect=one))  # called as it is defined
    monkeypatch.setattr(families, "PerceptualLoss", lambda net: torch.nn.Identity())
    made = StyleGAN2(StyleGAN2Settings(channels=(8, 8, 8), z_dim=8, w_dim=8, hidden=8, mapping=2))
    path = save_generator(tmp_path / "s.safetensors", made)
    pack = load_pack(small_pack)
    for _ in range(2):
        rows = [
            row
            for spec in ("pack", f"style={path}@w")
            for row in families.measure(spec, pack, pack.audience("few"), photo, options)
        ]
    assert calls == [(64, "fast", "few")] * 4  # the second round took what the first had written
    assert [(row["generator"], row["family"], row["space"], row["drawn_at"]) for row in rows] == [
        ("small", "progan", "z", 32), ("small", "progan", "z", 32),
        ("style", "stylegan2", "w", 16), ("style", "stylegan2", "w", 16),
    ]  # fmt: skip
    assert len((tmp_path / "families.jsonl").read_text().splitlines()) == 4
    assert json.loads((tmp_path / "families.jsonl").read_text().splitlines()[0])["photo"] == "top 1"


def test_the_table_holds_means_over_photos():
    base = {"generator": "hm", "family": "progan", "space": "z", "drawn_at": 64}
    rows = [base | figures(1.0, lpips=0.1), base | figures(9.0, lpips=0.3), base | figures(2.0, lpips=0.2)]
    about = {"photos": 3, "size": 64, "pack": "hm-64", "audience": "women", "preset": "fast", "seed": 0, "threads": 1}
    lines = families.table(rows, about).splitlines()
    assert "3 held-out photos" in lines[0] and "64 px" in lines[0]
    assert lines[-1] == "| hm | progan, z | 64 px | 0.200 | 0.0100 | +0.50 | 100% | 0.100 | 2.0 |"


def test_a_generator_is_named_with_its_file(small_pack, tmp_path):
    pack = load_pack(small_pack)
    for wrong in ("style", "style=", "=x"):
        with pytest.raises(InputError, match="write pack, NAME=FILE"):
            families.opened(wrong, pack, 64)
    path = save_generator(tmp_path / "g.safetensors", small_generator())
    name, generator, digest, encoder = families.opened(f"mine={path}", pack, 32)
    assert (name, generator.resolution, len(digest), encoder) == ("mine", 32, 64, None)


class OfTwoGreys(StyleGAN2):
    """Draws one grey for each of its two classes."""

    class_names = ("dark", "light")
    grey = 0.0

    def of_class(self, label):
        other = OfTwoGreys(self.config)
        other.grey = float(label)
        return other

    def forward(self, z):
        return torch.full((len(z), 3, 16, 16), self.grey)


class Difference:
    """In the place of LPIPS."""

    def target(self, photo):
        return photo

    def distance_to(self, target, images):
        return (images - target).abs().mean((1, 2, 3))


@pytest.mark.parametrize("grey", [0.2, 0.9])
def test_a_class_is_chosen_by_its_nearest_picture(grey):
    made = OfTwoGreys(StyleGAN2Settings(channels=(8, 8, 8), z_dim=8, w_dim=8, hidden=8, mapping=2))
    chosen = families.of_nearest_class(made, torch.full((1, 3, 32, 32), grey), Difference())
    assert families.drawn(chosen).grey == round(grey) and chosen.resolution == 32
    plain = small_generator()
    assert families.of_nearest_class(plain, torch.zeros(1, 3, 32, 32), Difference()) is plain
