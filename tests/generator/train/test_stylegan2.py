"""The trainer on the other family: resumable, measured, and used from the command line."""

from dataclasses import replace

import pytest
import torch

from gigs.errors import ModelError
from gigs.generator.base import load_generator
from gigs.generator.train.networks import Networks
from gigs.generator.train.progressive import train_generator
from gigs.training.start import Start
from gigs.vision.compute import Compute
from tests.helpers.command_line import gigs
from tests.helpers.short_training import ADVERSARIAL, SMALL, weights
from tests.helpers.small_models import small_recommender

STYLE = replace(ADVERSARIAL, family="stylegan2")


@pytest.mark.usefixtures("pyramid_for_lpips")
@pytest.mark.parametrize("settings", [STYLE, replace(SMALL, family="stylegan2")], ids=["adversarial", "hybrid"])
def test_a_resumed_run_equals_an_uninterrupted_one(settings, tiny_catalogue, tmp_path):
    train_generator(tiny_catalogue, tmp_path / "whole", settings, Compute())
    train_generator(tiny_catalogue, tmp_path / "parts", replace(settings, images=48), Compute())
    train_generator(tiny_catalogue, tmp_path / "parts", settings, Compute(), start=Start(resume=True))
    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
    generator = load_generator(tmp_path / "whole" / "generator.safetensors")
    assert generator.family == "stylegan2" and generator.resolution == 16
    z = torch.randn(4000, 16, generator=torch.Generator().manual_seed(9))
    torch.testing.assert_close(generator.mapping(z, None).mean(0), generator.w_mean, atol=0.1, rtol=0)
    if settings.objective == "hybrid":
        return
    with pytest.raises(ModelError, match="the checkpoint has family stylegan2; set `family` to it"):
        train_generator(tiny_catalogue, tmp_path / "parts", ADVERSARIAL, Compute(), start=Start(resume=True))


def test_every_parameter_of_the_level_is_trained(tiny_catalogue, tmp_path):
    before = Networks(STYLE, Compute()).modules["generator"].state_dict()
    train_generator(tiny_catalogue, tmp_path, replace(STYLE, ema=0.01), Compute())
    after = weights(tmp_path)
    still = [name for name, tensor in after.items() if torch.equal(tensor, before[name])]
    assert sorted(still) == sorted(name for name in before if name.endswith(".noise"))  # constants


@pytest.mark.usefixtures("pyramid_for_lpips")
def test_from_the_command_line_to_a_suggestion(tiny_catalogue, tmp_path):
    done = gigs(
        "train", "generator", tiny_catalogue.root, "--family", "stylegan2", "--objective", "adversarial",
        "--resolution", 32, "--fmap-base", 64, "--fmap-max", 16, "--grow", "8:16,16:16", "--images", 64, "--batch", 8,
        "--out", tmp_path / "run", "--device", "cpu",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    recommender = small_recommender(users=60).save(tmp_path / "r.safetensors")
    done = gigs(
        "suggest", "--sample", "--generator", tmp_path / "run" / "generator.safetensors", "--recommender", recommender,
        "--space", "w", "--n", 2, "--steps", 2, "--preset", "paper-text", "--out", tmp_path / "out",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "suggestion-2.png").is_file()
