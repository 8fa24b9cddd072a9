"""Cascades: conformance, the way from photos and back, and a run from a flow's file that is stopped and goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from gigs.errors import InputError, ModelError
from gigs.generator.base import load_generator, save_generator
from gigs.generator.families.autoencoder import AutoencoderSettings
from gigs.generator.families.cascade import LONGEST, Cascade, CascadeSettings
from gigs.generator.families.flow_network import FlowNetworkSettings
from gigs.generator.families.latent_flow import LatentFlow, LatentFlowSettings
from gigs.generator.train.refiner import cascade_of, train_refiner
from gigs.generator.train.refiner_settings import RefinerNetworkSettings, RefinerTrainSettings
from gigs.io import storage
from gigs.testing import GeneratorSuite
from gigs.training.start import Start
from gigs.vision.backbone import Backbone
from gigs.vision.compute import Compute
from tests.helpers.colour_shop import random_backbone
from tests.helpers.stand_ins import pyramid_for_lpips

KNOWN = {"type": ["Dress", "Skirt"], "colour": ["Black"]}
REFINER = RefinerNetworkSettings(patch=2, channels=(8, 16), head=8, groups=4)
SETTINGS = CascadeSettings(
    refiner=REFINER.config(32), channels=4, factor=4, side=8, directions=6, prior={"width": 16, "blocks": 1},
    conditions=KNOWN,
)  # fmt: skip
CODER = AutoencoderSettings(patch=2, channels=(8, 16), latent_channels=4, groups=4, resolution=32)
NETWORK = FlowNetworkSettings(channels=(16, 16), layers=1, head=8, groups=4, prior_width=16, prior_blocks=1)
TRAIN = RefinerTrainSettings(
    network=REFINER, images=32, batch=8, judged=2, moved=2, window=32, critic_side=32, adversarial_after=8,
    coarse_samples=64, checkpoint_every=16, grid_every=10**6,
)  # fmt: skip


def fitted(generator, path):
    path.fit(torch.randn(64, 4, 8, 8, generator=torch.Generator().manual_seed(3)), torch.Generator())
    return generator.freeze()


def small(**changes):
    """A cascade whose prior and refiner do something."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = Cascade(replace(SETTINGS, **changes))
        for layer in (generator.prior.leave, generator.prior.blocks[0].narrow, generator.refiner.conv_out):
            torch.nn.init.normal_(layer.weight, std=0.1)
    return fitted(generator, generator.path)


def flow_with(coder=CODER, network=NETWORK):
    settings = LatentFlowSettings(
        unet=network.config(4, 8), autoencoder=coder.config(), conditions=KNOWN, directions=6, prior=network.prior
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = LatentFlow(settings)
        if generator.flow.prior is not None:
            torch.nn.init.normal_(generator.flow.prior.leave.weight, std=0.1)
    return fitted(generator, generator.flow.path)


class TestConformance(GeneratorSuite):
    def build(self):
        return small(space="z")


class TestConformanceTold(GeneratorSuite):
    def build(self):
        return small(space="z").told({"type": "Dress"}, guidance=2.0)


class TestConformanceInCoarseSpace(GeneratorSuite):
    def build(self):
        return small()


def photos(n=3):
    return torch.rand(n, 3, 32, 32, generator=torch.Generator().manual_seed(2))


@torch.no_grad()
def test_a_photo_comes_back_as_the_refiner_redraws_its_components():
    generator = small(space="z")
    generator.deviation.fill_(2.0)
    blurred = generator.synthesis(generator.analysis(photos() * 2 - 1))
    torch.testing.assert_close(generator.blurred(generator.latents_of(photos())), blurred, atol=1e-4, rtol=1e-4)
    redrawn = generator.refined(blurred).add(1).div(2).clamp(0, 1)
    torch.testing.assert_close(generator(generator.start_from(photos())), redrawn, atol=2e-3, rtol=0)
    assert (redrawn - blurred.add(1).div(2).clamp(0, 1)).abs().mean() > 0.01  # the refiner does something


@pytest.mark.parametrize("space", ["coarse", "z"])
def test_a_photo_is_redrawn_without_the_way_to_noise_as_with_it(space):
    generator = small(space=space)
    there_and_back = generator(generator.start_from(photos()))
    torch.testing.assert_close(generator.redrawn(photos()), there_and_back, atol=2e-3, rtol=0)


def test_samples_have_little_detail_and_only_what_is_too_long_is_projected():
    generator = small(space="z")
    z, path = generator.sample(64, torch.Generator().manual_seed(1)), generator.path
    coarse = path.coordinates(z)
    rest = path.with_coordinates(z, torch.zeros_like(coarse))
    assert abs(coarse.std() - 1) < 0.1 and abs(rest.std() - 0.2) < 0.02
    assert torch.equal(generator.project(z), z)
    assert torch.allclose(generator.project(100 * z).square().mean(1).sqrt(), torch.tensor(LONGEST))


@torch.no_grad()
def test_the_coarse_space_draws_what_a_vector_without_detail_draws():
    coarse = small()
    generator = coarse.in_space("z")
    assert (coarse.latent_dim, coarse.space, generator.latent_dim) == (6, "coarse", 256)
    z = coarse.start_from(photos())
    whole = generator.path.coordinates(generator.start_from(photos()))
    torch.testing.assert_close(z, whole, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(coarse(z), generator(z @ generator.path.directions), atol=1e-4, rtol=1e-4)
    assert torch.equal(coarse.in_space("z")(generator.start_from(photos())), generator(generator.start_from(photos())))
    with pytest.raises(InputError, match="know coarse, z"):
        generator.in_space("w")
    with pytest.raises(ValueError, match="space must be"):
        small(space="w")


@torch.no_grad()
def test_what_it_is_told_changes_the_photo_the_more_the_greater_the_strength():
    generator = small(space="z")
    again = generator(generator.start_from(photos()))
    torch.testing.assert_close(generator.redraw(photos(), 0.5), again, atol=5e-3, rtol=0)  # told nothing
    dress = generator.told({"type": "Dress"}, guidance=3.0)
    moved = [(dress.redraw(photos(), s) - again).abs().mean() for s in (0.1, 0.5, 1.0)]
    assert 0 < moved[0] < moved[1] < moved[2]
    noisy = [dress.redraw(photos(), 0.5, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)]
    assert torch.equal(noisy[0], noisy[1]) and not torch.equal(noisy[0], noisy[2])
    with pytest.raises(InputError, match="strength"):
        generator.redraw(photos(), 0)
    with pytest.raises(InputError, match="knows type, colour"):
        generator.told({"length": "Long"})


@pytest.mark.parametrize("changes", [{"side": 0}, {"channels": 0}, {"factor": 5}, {"refiner": {"sample_size": 8}}])
def test_sizes_that_do_not_fit_are_refused(changes):
    with pytest.raises(ValueError, match="must"):
        replace(SETTINGS, **changes)


@pytest.fixture
def flow(tmp_path):
    return save_generator(tmp_path / "flow.safetensors", flow_with(), {"images_shown": 7})


@torch.no_grad()
def test_a_flows_prior_and_components_make_a_cascade_that_has_still_to_learn(flow):
    cascade, origin = cascade_of(flow, TRAIN).in_space("z"), load_generator(flow)
    z = origin.sample(2, torch.Generator().manual_seed(1))
    noise = origin.noise(z)
    blurred = origin.autoencoder.shortcut_out(noise * origin.deviation + origin.mean)
    expected = blurred.add(1).div(2).clamp(0, 1)
    torch.testing.assert_close(cascade(z), expected, atol=1e-4, rtol=1e-4)
    assert cascade.about["flow"] == {"images_shown": 7}


@pytest.mark.parametrize(
    "build",
    [
        lambda: flow_with(network=replace(NETWORK, prior_blocks=0)),
        lambda: flow_with(coder=replace(CODER, encoder="network")),
    ],
)
def test_a_flow_without_prior_or_linear_latents_is_refused(build, tmp_path):
    file = save_generator(tmp_path / "flow.safetensors", build(), {})
    with pytest.raises(ModelError, match="needs a latent flow with a prior"):
        cascade_of(file, TRAIN)


@pytest.fixture
def stand_ins(monkeypatch):
    monkeypatch.setattr(Backbone, "pretrained", classmethod(lambda cls, name: random_backbone(name, 0)))
    with pyramid_for_lpips():
        yield


@pytest.mark.usefixtures("stand_ins")
def test_a_stopped_and_resumed_run_ends_with_the_same_weights(flow, tiny_catalogue, tmp_path):
    def stop(step):
        if step.stage == "training the refiner" and step.done == 24:
            raise SystemExit

    whole = train_refiner(tiny_catalogue, flow, tmp_path / "whole", TRAIN, Compute())
    with pytest.raises(SystemExit):
        train_refiner(tiny_catalogue, flow, tmp_path / "parts", TRAIN, Compute(), on_step=stop)
    seen = []
    parts = train_refiner(
        tiny_catalogue, flow, tmp_path / "parts", TRAIN, Compute(), start=Start(resume=True), on_step=seen.append
    )
    assert {step.stage for step in seen} == {"training the refiner"}  # coarse pictures are kept
    whole, parts = (storage.load_tensors(path)[0] for path in (whole, parts))
    assert whole.keys() == parts.keys() and all(torch.equal(whole[name], parts[name]) for name in whole)


@pytest.mark.usefixtures("stand_ins")
def test_a_run_changes_the_refiner_alone_and_leaves_a_cascade(flow, tiny_catalogue, tmp_path):
    path = train_refiner(tiny_catalogue, flow, tmp_path / "out", TRAIN, Compute())
    before, after = cascade_of(flow, TRAIN), load_generator(path)
    assert isinstance(after, Cascade) and after.about["images_shown"] == 32
    assert after.about["flow"] == {"images_shown": 7}
    assert (tmp_path / "out" / "samples-00000032.png").is_file()
    old, new = before.state_dict(), after.state_dict()
    assert {name.split(".")[0] for name in old if not torch.equal(old[name], new[name])} == {"refiner"}


@pytest.mark.usefixtures("stand_ins")
def test_a_run_starts_from_a_cascade_and_counts_what_it_was_shown(flow, tiny_catalogue, tmp_path):
    first = train_refiner(tiny_catalogue, flow, tmp_path / "first", TRAIN, Compute())
    settings = replace(TRAIN, images=40, learning_rate=1e-9)
    on = train_refiner(tiny_catalogue, first, tmp_path / "on", settings, Compute(), start=Start(weights=first))
    before, after = load_generator(first), load_generator(on)
    for name, tensor in before.state_dict().items():
        torch.testing.assert_close(tensor, after.state_dict()[name], atol=1e-6, rtol=1e-5)
    assert after.about["images_shown"] == 40 and after.about["flow"] == {"images_shown": 7}
    other = replace(settings, network=replace(REFINER, channels=(16, 16)))
    with pytest.raises(ModelError) as refused:
        train_refiner(tiny_catalogue, flow, tmp_path / "first", other, Compute(), start=Start(resume=True))
    assert "of another network (refiner {" in str(refused.value) and len(str(refused.value)) < 300
    with pytest.raises(ModelError, match="not a cascade with a refiner as asked for"):
        train_refiner(tiny_catalogue, flow, tmp_path / "other", other, Compute(), start=Start(weights=first))


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"batch": 7}, "even"), ({"judged": 5}, "judged"), ({"moved": 5}, "moved"), ({"window": 8}, "window"),
     ({"l1": 0.0}, "l1"), ({"whole": 0.8}, "together"), ({"learning_rate": 0.0}, "above 0")],
)  # fmt: skip
def test_impossible_settings_are_refused(changes, said):
    with pytest.raises(ValueError, match=said):
        replace(TRAIN, **changes)


def test_impossible_networks_are_refused():
    with pytest.raises(ValueError, match="multiples of groups"):
        replace(REFINER, channels=(6, 16))
    with pytest.raises(ValueError, match="multiple of head"):
        replace(REFINER, head=5)
    with pytest.raises(ValueError, match="cannot be cut"):
        REFINER.config(30)
