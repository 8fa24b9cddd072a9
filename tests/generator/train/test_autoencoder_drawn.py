"""A decoder that learns on what a flow draws: stopped and resumed, and only from a flow over its own latents."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from gigs.errors import ModelError
from gigs.generator.base import load_generator, save_generator
from gigs.generator.convert.autoencoder import load_autoencoder
from gigs.generator.families.autoencoder import AutoencoderSettings, latents_id
from gigs.generator.families.flow_network import FlowNetworkSettings
from gigs.generator.families.latent_flow import LatentFlow, LatentFlowSettings
from gigs.generator.train import autoencoder_drawn
from gigs.generator.train.autoencoder import train_autoencoder
from gigs.generator.train.autoencoder_settings import AutoencoderTrainSettings
from gigs.io import storage
from gigs.training.start import Start
from gigs.vision.compute import Compute

pytest.importorskip("diffusers", reason="the extra gigs[diffusion] is not installed")

CODER = AutoencoderSettings(patch=2, channels=(8, 16), latent_channels=4, groups=4, resolution=64)
NETWORK = FlowNetworkSettings(channels=(16, 16), layers=1, head=8, groups=4, prior_blocks=0)
TRAIN = AutoencoderTrainSettings(
    network=CODER, images=32, batch=4, crop=64, window=64, judged=2, lpips=0, adversarial_after=8, noise=0.15, drawn=2,
    checkpoint_every=16, grid_every=10**6,
)  # fmt: skip


@pytest.fixture(scope="module")
def flow(tiny_catalogue, tmp_path_factory):
    """An untrained flow over the components of the catalogue's photos."""
    folder = tmp_path_factory.mktemp("flow")
    plain = replace(TRAIN, images=4, adversarial=0, drawn=0, noise=0)
    coder, _ = load_autoencoder(train_autoencoder(tiny_catalogue, folder / "linear", plain, Compute()))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        settings = LatentFlowSettings(
            unet=NETWORK.config(4, 16), autoencoder=dict(coder.config), conditions={}, steps=2
        )
        flow = LatentFlow(settings)
    flow.autoencoder.load_state_dict(coder.state_dict())
    return save_generator(folder / "generator.safetensors", flow.freeze())


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(autoencoder_drawn, "DRAWN", 8)
    monkeypatch.setattr(autoencoder_drawn, "BATCH", 4)


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


@pytest.mark.weights
def test_what_the_flow_draws_is_judged_once_the_critic_has_set_in(flow, tiny_catalogue, tmp_path):
    seen = []
    train_autoencoder(tiny_catalogue, tmp_path, TRAIN, Compute(), flow=flow, on_step=seen.append)
    steps = [step for step in seen if step.stage == "training the autoencoder"]
    assert ["drawn" in step.values for step in steps] == [step.done > TRAIN.adversarial_after for step in steps]
    assert [step.done for step in seen if step.stage == "drawing latents"] == [4, 8]


def test_a_flow_over_other_latents_is_refused(flow, tiny_catalogue, tmp_path):
    other = load_generator(flow)
    with torch.no_grad():
        other.autoencoder.shortcut_in.weight.mul_(2)
    path = save_generator(tmp_path / "other.safetensors", other)
    with pytest.raises(ModelError, match="not a latent flow over this autoencoder's latents"):
        train_autoencoder(tiny_catalogue, tmp_path / "out", TRAIN, Compute(), flow=path)
