import csv
from dataclasses import replace

import pytest
import torch

from gigs.errors import DataError, ModelError
from gigs.generator.train.networks import Networks
from gigs.generator.train.progressive import Run, stored_compute, train_generator
from gigs.generator.train.settings import HybridSettings
from gigs.training.start import Start
from gigs.vision.compute import Compute
from tests.helpers.short_training import ADVERSARIAL, SMALL, WGAN, weights


@pytest.mark.usefixtures("pyramid_for_lpips")
@pytest.mark.parametrize("settings", [SMALL, ADVERSARIAL, WGAN], ids=["hybrid", "nonsaturating", "wgan-gp"])
def test_a_resumed_run_equals_an_uninterrupted_one(settings, tiny_catalogue, tmp_path):
    train_generator(tiny_catalogue, tmp_path / "whole", settings, Compute())
    train_generator(tiny_catalogue, tmp_path / "parts", replace(settings, images=48), Compute())
    train_generator(tiny_catalogue, tmp_path / "parts", settings, Compute(), start=Start(resume=True))
    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


@pytest.mark.usefixtures("pyramid_for_lpips")
def test_a_run_leaves_weights_grids_and_logs(tiny_catalogue, tmp_path):
    settings = replace(SMALL, images=480, grid_every=240)
    seen = []
    train_generator(tiny_catalogue, tmp_path, settings, Compute(), on_step=seen.append)
    assert seen[-1].done == seen[-1].total == 480
    names = {path.name for path in tmp_path.iterdir()}
    assert {"generator.safetensors", "encoder.safetensors", "checkpoint.pt", "log.csv", "tensorboard"} <= names
    assert {"samples-00000240.png", "samples-00000480.png", "reconstructions-00000480.png"} <= names
    rows = list(csv.DictReader((tmp_path / "log.csv").open()))
    assert rows and float(rows[0]["mse"]) > 0 and float(rows[-1]["critic"]) > 0


@pytest.mark.weights
@pytest.mark.slow
def test_the_hybrid_learns_to_redraw(tiny_catalogue, tmp_path):
    seen = []
    settings = replace(SMALL, images=1200, hybrid=HybridSettings(adversarial_after=10**9), grid_every=10**6)
    train_generator(tiny_catalogue, tmp_path, settings, Compute(), on_step=lambda step: seen.append(step.values["mse"]))
    assert sum(seen[-10:]) < 0.5 * sum(seen[:10])


def test_too_few_photos_and_another_network_are_named(tiny_catalogue, tmp_path):
    with pytest.raises(DataError, match="0 photos to train on"):
        train_generator(tiny_catalogue, tmp_path, replace(ADVERSARIAL, where='type == "Spaceship"'), Compute())
    train_generator(tiny_catalogue, tmp_path, replace(ADVERSARIAL, images=8), Compute())
    other = replace(ADVERSARIAL, network=replace(SMALL.network, latent_dim=8))
    with pytest.raises(ModelError, match="another network"):
        train_generator(tiny_catalogue, tmp_path, other, Compute(), start=Start(resume=True))


def test_held_out_products_are_never_trained_on(tiny_catalogue, tmp_path):
    held_out = set(tiny_catalogue.items.loc[tiny_catalogue.items["held_out"], "product_code"])
    run = Run(tiny_catalogue, tmp_path, ADVERSARIAL, Compute(), resume=False)
    trained = tiny_catalogue.items.iloc[run.rows]["product_code"]
    assert len(held_out) == 5 and len(trained) == 50
    assert not held_out & set(trained)


def test_resuming_keeps_the_history_and_takes_the_new_learning_rate(tiny_catalogue, tmp_path):
    train_generator(tiny_catalogue, tmp_path, replace(ADVERSARIAL, images=8), Compute())
    lower = replace(ADVERSARIAL, images=16, learning_rate=1e-4)
    run = Run(tiny_catalogue, tmp_path, lower, Compute(), resume=True)
    assert {group["lr"] for each in run.nets.optimisers.values() for group in each.param_groups} == {1e-4}
    assert [part["from_images"] for part in run.history] == [0, 8]
    assert stored_compute(tmp_path) == Compute()
    with pytest.raises(ModelError, match="objective adversarial"):
        Run(tiny_catalogue, tmp_path, replace(SMALL, images=16), Compute(), resume=True)


def test_a_fresh_run_replaces_the_checkpoint_of_an_older_one(tiny_catalogue, tmp_path):
    train_generator(tiny_catalogue, tmp_path, replace(ADVERSARIAL, images=48), Compute())
    Run(tiny_catalogue, tmp_path, ADVERSARIAL, Compute(), resume=False)
    assert Run(tiny_catalogue, tmp_path, ADVERSARIAL, Compute(), resume=True).shown == 0


def test_the_average_forgets_the_layers_that_had_not_joined_yet():
    settings = replace(SMALL, images=10**6)
    nets = Networks(settings, Compute())
    with torch.no_grad():
        for parameter in nets.generator.parameters():
            parameter.fill_(1.0)
    for batch in range(20):  # a level that has just begun
        nets.average(batch)
    assert all((tensor - 1).abs().max() < 1e-3 for tensor in nets.averaged["generator"].values())
