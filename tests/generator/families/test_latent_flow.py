"""Latent flows: conformance, drawing and its reverse, conditions, and a run that is stopped and goes on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from gigs.errors import InputError, ModelError
from gigs.generator.base import load_generator
from gigs.generator.families.autoencoder import AutoencoderSettings, build_autoencoder, save_autoencoder
from gigs.generator.families.flow_conditions import dropped, labels, vocabulary, wanted
from gigs.generator.families.flow_network import FlowNetworkSettings
from gigs.generator.families.latent_flow import LatentFlow, LatentFlowSettings
from gigs.generator.train.flow import LatentData, train_flow
from gigs.generator.train.flow_settings import FlowTrainSettings
from gigs.io import storage
from gigs.testing import GeneratorSuite
from gigs.training.start import Start
from gigs.vision.compute import Compute

CODER = AutoencoderSettings(patch=2, channels=(8, 16), latent_channels=4, groups=4, encoder="network", resolution=32)
NETWORK = FlowNetworkSettings(channels=(16, 16), layers=1, head=8, groups=4, prior_blocks=0)
WITH_PRIOR = replace(NETWORK, prior_width=16, prior_blocks=1)
KNOWN = {"type": ["Dress", "Skirt"], "colour": ["Black"]}
TRAIN = FlowTrainSettings(
    network=NETWORK, images=64, batch=8, conditions=("type", "colour"), checkpoint_every=32, grid_every=10**6
)


def seeded(build):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build()


def small(network=NETWORK, **changes):
    settings = LatentFlowSettings(
        unet=network.config(4, 8),
        autoencoder=CODER.config(),
        conditions=KNOWN,
        prior=network.prior,
        **{"steps": 4, **changes},
    )
    return seeded(lambda: LatentFlow(settings))


def with_prior(**changes):
    """A flow whose coarse part, 6 directions long, is drawn by a prior that has learned something."""
    generator = small(WITH_PRIOR, directions=6, **changes)
    generator.flow.path.fit(torch.randn(64, 4, 8, 8, generator=torch.Generator().manual_seed(3)), torch.Generator())
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for layer in (generator.flow.prior.leave, generator.flow.prior.blocks[0].narrow):
            torch.nn.init.normal_(layer.weight, std=0.1)
    return generator.freeze()


class TestConformance(GeneratorSuite):
    def build(self):
        return small(steps=2)


class TestConformanceWithGuidanceByEuler(GeneratorSuite):
    steps = 5

    def build(self):
        return small(steps=2, method="euler", told={"type": "Dress"}, guidance=2.0)


class TestConformanceWithAPrior(GeneratorSuite):
    def build(self):
        return with_prior(steps=2)


def draws(generator, n=3):
    z = generator.sample(n, torch.Generator().manual_seed(1))
    with torch.no_grad():
        return z, generator(z)


@pytest.mark.parametrize(("method", "of_noise", "of_latents"), [("euler", 0.2, 5e-3), ("heun", 2e-2, 1e-3)])
def test_the_way_back_leads_to_the_noise_it_came_from(method, of_noise, of_latents):
    generator = small(method=method, steps=12, corrections=24 if method == "euler" else 12).freeze()
    z = generator.sample(3, torch.Generator().manual_seed(1))
    with torch.no_grad():
        latents = generator.to_latents(z.unflatten(1, generator.shape))
        noise = generator.to_noise(latents)
        torch.testing.assert_close(noise.flatten(1), z, atol=of_noise, rtol=1e-3)
        torch.testing.assert_close(generator.to_latents(noise), latents, atol=of_latents, rtol=1e-3)


def test_a_photo_comes_back_as_the_autoencoder_answers_it():
    generator = small(steps=12).freeze()
    photos = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        generator.deviation.copy_(generator.latents_of(photos).std(dim=(0, 2, 3))[:, None, None])
        answered = generator.draw(generator.latents_of(photos))
        noise = generator.to_noise(generator.latents_of(photos))
        again = generator(generator.flow.path.normal(noise))
    torch.testing.assert_close(again, answered, atol=2e-3, rtol=0)
    assert generator.start_from(photos).shape == (2, generator.latent_dim)


def test_with_a_prior_noise_and_its_vectors_lead_to_one_another():
    generator = with_prior(told={"type": "Dress"}, guidance=2.0)
    z = generator.sample(3, torch.Generator().manual_seed(1))
    with torch.no_grad():
        noise = generator.noise(z)
        torch.testing.assert_close(generator.normal(noise), z, atol=1e-3, rtol=1e-3)
    path = generator.flow.path
    moved = path.normal(noise) - z
    assert moved.abs().max() > 0.05  # the prior does something
    torch.testing.assert_close(moved, path.coordinates(moved) @ path.directions, atol=1e-4, rtol=0)  # and only there


def test_with_a_prior_a_photo_comes_back_and_what_it_is_told_changes_what_is_coarse():
    generator = with_prior(steps=12)
    photos = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        generator.deviation.copy_(generator.latents_of(photos).std(dim=(0, 2, 3))[:, None, None])
        answered = generator.draw(generator.latents_of(photos))
        again = generator(generator.normal(generator.to_noise(generator.latents_of(photos))))
        torch.testing.assert_close(again, answered, atol=5e-3, rtol=0)
        torch.testing.assert_close(generator.redraw(photos, 0.5), answered, atol=5e-3, rtol=0)
        dress = generator.told({"type": "Dress"}, guidance=3.0)
        moved = [(dress.redraw(photos, s) - answered).abs().mean() for s in (0.1, 0.5, 1.0)]
        noisy = [dress.redraw(photos, 0.5, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)]
    assert 0 < moved[0] < moved[1] < moved[2]
    assert torch.equal(noisy[0], noisy[1]) and not torch.equal(noisy[0], noisy[2])


def test_projection_leaves_what_lies_where_noise_does():
    generator = small()
    z = generator.sample(2, torch.Generator().manual_seed(1))
    assert torch.equal(generator.project(z + 0.05), z + 0.05)
    lengths = generator.project(torch.cat([3 * z, 0.1 * z])).square().mean(1).sqrt()
    torch.testing.assert_close(lengths, torch.tensor([2.0, 2.0, 0.7, 0.7]))


def test_conditions_change_what_is_drawn_and_share_the_weights():
    generator = small().freeze()
    black = generator.told({"type": "Skirt", "colour": "Black"}, guidance=3.0)
    z, plain = draws(generator)
    with torch.no_grad():
        told, weak = black(z), generator.told({"type": "Skirt", "colour": "Black"})(z)
    assert not torch.equal(told, plain) and not torch.equal(told, weak)
    assert black.flow is generator.flow and torch.equal(draws(generator)[1], plain)
    with torch.no_grad():
        assert torch.equal(generator.of_class(1)(z), generator.told({"type": "Skirt"})(z))
    assert generator.in_steps(2, "euler").config.steps == 2


def test_a_photo_is_redrawn_the_more_the_greater_the_strength():
    generator = small(steps=10).freeze()
    photos = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    dress = generator.told({"type": "Dress"}, guidance=3.0)
    with torch.no_grad():
        answered = generator.draw(generator.latents_of(photos))
        moved = [(dress.redraw(photos, s) - answered).abs().mean() for s in (0.1, 0.5, 1.0)]
    assert 0 < moved[0] < moved[1] < moved[2]
    torch.testing.assert_close(
        generator.redraw(photos, 0.5), answered, atol=2e-3, rtol=0
    )  # told nothing, nothing moves
    noisy = [dress.redraw(photos, 0.5, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)]
    assert torch.equal(noisy[0], noisy[1]) and not torch.equal(noisy[0], noisy[2])
    with pytest.raises(InputError, match="strength"):
        generator.redraw(photos, 0)


def test_unknown_conditions_are_named():
    generator = small()
    with pytest.raises(InputError, match="knows type, colour"):
        generator.told({"length": "Long"})
    with pytest.raises(InputError, match="'Robe': not learned; known are Dress, Skirt"):
        generator.told({"type": "Robe"})
    with pytest.raises(InputError, match="types 0 to 1: Dress, Skirt"):
        generator.of_class(2)


@pytest.mark.parametrize("changes", [{"steps": 0}, {"method": "rk4"}, {"corrections": 0}])
def test_impossible_settings_are_refused(changes):
    with pytest.raises(ValueError, match="must be"):
        small(**changes)


def test_values_of_few_items_count_as_unknown():
    items = pd.DataFrame({"type": ["Dress"] * 3 + ["Skirt"] * 3 + ["Robe", None]})
    known = vocabulary(items, ["type"], least=2)
    assert known == {"type": ["Dress", "Skirt"]}
    assert labels(items, known)[:, 0].tolist() == [1, 1, 1, 2, 2, 2, 0, 0]
    assert wanted(KNOWN, {"colour": "Black"}).tolist() == [[0, 1]]
    with pytest.raises(InputError, match="no such column"):
        vocabulary(items, ["length"])


def test_conditions_are_dropped_as_often_as_asked():
    given = torch.ones(4000, 2, dtype=torch.int64)
    left = dropped(given, 0.2, 0.1, torch.Generator().manual_seed(0))
    assert abs((left == 0).float().mean().item() - 0.28) < 0.02  # 1 - 0.8 * 0.9
    assert abs((left == 0).all(1).float().mean().item() - 0.136) < 0.02  # 0.1 + 0.9 * 0.2^2
    assert torch.equal(dropped(given, 0, 0, torch.Generator().manual_seed(0)), given)


@pytest.fixture(scope="module")
def coder(tmp_path_factory):
    network = seeded(lambda: build_autoencoder(CODER.config()))
    path = tmp_path_factory.mktemp("coder") / "autoencoder.safetensors"
    return save_autoencoder(path, network.state_dict(), CODER.config(), {"images_shown": 7})


def test_a_stopped_and_resumed_run_ends_with_the_same_weights(coder, tiny_catalogue, tmp_path):
    def stop(step):
        if step.stage == "training the flow" and step.done == 40:
            raise SystemExit

    whole = train_flow(LatentData(tiny_catalogue, coder), tmp_path / "whole", TRAIN, Compute())
    with pytest.raises(SystemExit):
        train_flow(LatentData(tiny_catalogue, coder), tmp_path / "parts", TRAIN, Compute(), on_step=stop)
    parts = train_flow(
        LatentData(tiny_catalogue, coder), tmp_path / "parts", TRAIN, Compute(), start=Start(resume=True)
    )
    whole, parts = (storage.load_tensors(path)[0] for path in (whole, parts))
    assert whole.keys() == parts.keys() and all(torch.equal(whole[name], parts[name]) for name in whole)


def test_a_run_with_a_prior_may_stop_anywhere(coder, tiny_catalogue, tmp_path, monkeypatch):
    monkeypatch.setattr("gigs.generator.train.flow_prior.KEPT_EVERY", 2)
    settings = replace(TRAIN, network=WITH_PRIOR, directions=4, prior_examples=512 * 5)
    data = LatentData(tiny_catalogue, coder)

    def stopping(stage, done):
        def stop(step):
            if step.stage == stage and step.done == done:
                raise SystemExit

        return stop

    whole = train_flow(data, tmp_path / "whole", settings, Compute())
    for stage, done in (("training the prior", 512 * 3), ("training the flow", 40)):
        with pytest.raises(SystemExit):
            train_flow(data, tmp_path / "parts", settings, Compute(), on_step=stopping(stage, done))
    parts = train_flow(data, tmp_path / "parts", settings, Compute(), start=Start(resume=True))
    whole, parts = (storage.load_tensors(path)[0] for path in (whole, parts))
    assert whole.keys() == parts.keys() and all(torch.equal(whole[name], parts[name]) for name in whole)
    assert whole["flow.prior.leave.weight"].abs().max() > 0


def test_a_run_leaves_a_generator_with_its_autoencoder(coder, tiny_catalogue, tmp_path):
    train_flow(LatentData(tiny_catalogue, coder), tmp_path, replace(TRAIN, images=16), Compute())
    generator = load_generator(tmp_path / "generator.safetensors")
    assert generator.about["autoencoder"] == {"images_shown": 7} and generator.about["images_shown"] == 16
    assert (tmp_path / "samples-00000016.png").is_file()
    latents = np.load(tmp_path / "latents.npy")
    trained = len(tiny_catalogue.train_items())
    assert latents.shape == (trained, 2, 4, 8, 8) and latents.dtype == np.float16
    photo = torch.from_numpy(tiny_catalogue.images(32)[tiny_catalogue.train_items()[:1]]).permute(0, 3, 1, 2) / 255
    with torch.no_grad():
        scaled = generator.latents_of(photo)
    stored = (torch.from_numpy(latents[:1, 0]).float() - generator.mean) / generator.deviation
    torch.testing.assert_close(scaled, stored, atol=0.02, rtol=0.02)


def test_a_run_starts_from_a_generators_file(coder, tiny_catalogue, tmp_path):
    first = train_flow(LatentData(tiny_catalogue, coder), tmp_path / "first", replace(TRAIN, images=8), Compute())
    seen = []
    settings = replace(TRAIN, images=16, learning_rate=1e-9)
    on = train_flow(
        LatentData(tiny_catalogue, coder),
        tmp_path / "on",
        settings,
        Compute(),
        start=Start(weights=first),
        on_step=seen.append,
    )
    before, after = load_generator(first), load_generator(on)
    for name, tensor in before.flow.state_dict().items():
        torch.testing.assert_close(tensor, after.flow.state_dict()[name], atol=1e-6, rtol=1e-5)
    assert seen[-1].done == 16 and sum(step.stage == "training the flow" for step in seen) == 1
    other = replace(TRAIN, conditions=("type",))
    with pytest.raises(ModelError, match="other conditions"):
        train_flow(LatentData(tiny_catalogue, coder), tmp_path / "other", other, Compute(), start=Start(weights=first))


def test_a_flow_of_another_autoencoder_is_not_resumed(coder, tiny_catalogue, tmp_path):
    train_flow(LatentData(tiny_catalogue, coder), tmp_path / "out", replace(TRAIN, images=8), Compute())
    tensors, settings = storage.load_tensors(coder)
    tensors = {name: tensor + 0.01 for name, tensor in tensors.items()}
    other = save_autoencoder(tmp_path / "other.safetensors", tensors, settings["network"], {})
    with pytest.raises(ModelError, match="another network"):
        train_flow(LatentData(tiny_catalogue, other), tmp_path / "out", TRAIN, Compute(), start=Start(resume=True))
