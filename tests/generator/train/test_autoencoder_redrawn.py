"""A decoder that learns on what a flow draws anew: stopped and resumed, and only from a flow over its own latents."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch

from gigs.errors import ModelError
from gigs.generator.base import load_generator, save_generator
from gigs.generator.convert.autoencoder import load_autoencoder
from gigs.generator.families.autoencoder import AutoencoderSettings, encode, latents_id
from gigs.generator.families.flow_network import FlowNetworkSettings
from gigs.generator.families.latent_flow import LatentFlow, LatentFlowSettings
from gigs.generator.train import autoencoder_redrawn
from gigs.generator.train.autoencoder import train_autoencoder
from gigs.generator.train.autoencoder_redrawn import flow_with_prior, redrawn_latents
from gigs.generator.train.autoencoder_settings import AutoencoderTrainSettings
from gigs.generator.train.autoencoder_steps import AutoencoderNetworks, AutoencoderStepper
from gigs.io import storage
from gigs.training.start import Start
from gigs.vision.compute import Compute
from gigs.vision.images import to_tensor

CODER = AutoencoderSettings(patch=2, channels=(8, 16), latent_channels=4, groups=4, resolution=64)
NETWORK = FlowNetworkSettings(channels=(16, 16), layers=1, head=8, groups=4, prior_width=16, prior_blocks=1)
TRAIN = AutoencoderTrainSettings(
    network=CODER, images=32, batch=4, crop=64, window=64, judged=2, lpips=0, adversarial_after=8, noise=0.15,
    redrawn=2, checkpoint_every=16, grid_every=10**6,
)  # fmt: skip


@pytest.fixture(scope="module")
def flow(tiny_catalogue, tmp_path_factory):
    """An untrained flow over the components of the catalogue's photos."""
    folder = tmp_path_factory.mktemp("flow")
    plain = replace(TRAIN, images=4, adversarial=0, redrawn=0, noise=0)
    coder, _ = load_autoencoder(train_autoencoder(tiny_catalogue, folder / "linear", plain, Compute()))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        settings = LatentFlowSettings(
            unet=NETWORK.config(4, 16), autoencoder=dict(coder.config), conditions={}, directions=6,
            prior=NETWORK.prior, steps=2,
        )  # fmt: skip
        flow = LatentFlow(settings)
    flow.flow.path.fit(torch.randn(64, 4, 16, 16, generator=torch.Generator().manual_seed(3)), torch.Generator())
    flow.autoencoder.load_state_dict(coder.state_dict())
    return save_generator(folder / "generator.safetensors", flow.freeze())


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr("gigs.generator.train.autoencoder.REDRAWN", 8)
    monkeypatch.setattr(autoencoder_redrawn, "BATCH", 4)


@pytest.mark.weights
def test_a_stopped_run_resumes_to_the_same_weights_and_latents_stay_the_flows(flow, tiny_catalogue, tmp_path):
    def stop(step):
        if step.stage == "training the autoencoder" and step.done == 20:
            raise SystemExit

    whole = train_autoencoder(tiny_catalogue, tmp_path / "whole", TRAIN, Compute(), flow=flow)
    with pytest.raises(SystemExit):
        train_autoencoder(tiny_catalogue, tmp_path / "parts", TRAIN, Compute(), flow=flow, on_step=stop)
    parts = train_autoencoder(tiny_catalogue, tmp_path / "parts", TRAIN, Compute(), flow=flow, start=Start(resume=True))
    first, second = (storage.load_tensors(path)[0] for path in (whole, parts))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert latents_id(load_autoencoder(whole)[0]) == latents_id(load_generator(flow).autoencoder)


def test_redrawn_latents_keep_what_is_coarse(flow, tiny_catalogue):
    generator = flow_with_prior(flow)
    torch.nn.init.zeros_(generator.flow.unet.conv_out.weight)  # an untrained network would move it
    torch.nn.init.zeros_(generator.flow.unet.conv_out.bias)
    photos = tiny_catalogue.images(64)[tiny_catalogue.train_items()[:5]]
    latents = redrawn_latents(generator, photos, Compute(), blur=0)
    own, path = generator.latents_of(to_tensor(photos)), generator.flow.path
    given, kept = (path.coordinates(path.normal(each)) for each in (own, latents - generator.mean))
    torch.testing.assert_close(kept, given, atol=1e-4, rtol=1e-4)
    assert latents.shape == own.shape and not torch.allclose(latents, own, atol=0.1)
    assert torch.equal(latents, redrawn_latents(generator, photos, Compute(), blur=0))
    assert not torch.equal(latents, redrawn_latents(generator, photos, Compute(), seed=1, blur=0))


def test_a_step_shows_each_of_them_with_its_own_photo(tiny_catalogue, tmp_path):
    plain = replace(TRAIN, adversarial=0, redrawn=0, noise=0)
    nets = AutoencoderNetworks(plain, Compute())
    photos = to_tensor(tiny_catalogue.images(64)[:4])
    nets.start_from_components(photos)
    own = encode(nets.modules["autoencoder"], photos[::2])
    losses = []
    for latents in (None, own, own.flip(0)):
        stepper = AutoencoderStepper(plain, copy.deepcopy(nets), Compute(), torch.Generator().manual_seed(0))
        losses.append(stepper(photos, 0, 0, latents)["l1"])
    assert losses[1] == pytest.approx(losses[0], rel=0.2) and losses[2] > 1.5 * losses[1]


def test_a_decoder_of_other_widths_begins_with_the_flows_components(flow, tiny_catalogue, tmp_path):
    wider = replace(TRAIN, images=4, adversarial=0, network=replace(CODER, channels=(8, 24)))
    coder, _ = load_autoencoder(train_autoencoder(tiny_catalogue, tmp_path, wider, Compute(), flow=flow))
    assert latents_id(coder) == latents_id(load_generator(flow).autoencoder)


def test_a_flow_without_a_prior_is_refused(flow, tmp_path):
    settings = replace(load_generator(flow).config, prior=None, unet=replace(NETWORK, prior_blocks=0).config(4, 16))
    path = save_generator(tmp_path / "other.safetensors", LatentFlow(settings))
    with pytest.raises(ModelError, match="no prior"):
        flow_with_prior(path)


def test_a_flow_over_other_latents_is_refused(flow, tiny_catalogue, tmp_path):
    first = train_autoencoder(tiny_catalogue, tmp_path / "first", replace(TRAIN, images=4), Compute(), flow=flow)
    other = load_generator(flow)
    with torch.no_grad():
        other.autoencoder.shortcut_in.weight.mul_(2)
    path = save_generator(tmp_path / "other.safetensors", other)
    with pytest.raises(ModelError, match="not over this autoencoder's latents"):
        train_autoencoder(tiny_catalogue, tmp_path / "out", TRAIN, Compute(), flow=path, start=Start(weights=first))
