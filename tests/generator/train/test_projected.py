from dataclasses import replace

import pytest
import torch

from gigs.data.select import odds, select
from gigs.errors import InputError, ModelError
from gigs.generator.base import load_generator
from gigs.generator.families.progan import ProGANSettings
from gigs.generator.train.progressive import Run, train_generator
from gigs.generator.train.projected_critic import ProjectedCritic
from gigs.generator.train.schedule import Growth
from gigs.generator.train.settings import HybridSettings, TrainSettings, network_settings, train_settings
from gigs.training.start import Start
from gigs.vision.backbone import Backbone
from gigs.vision.compute import Compute
from tests.helpers.colour_shop import random_backbone

SMALL = TrainSettings(
    network=ProGANSettings(resolution=16, latent_dim=16, fmap_base=64, fmap_max=16),
    growth=Growth(images_below_top=(16,), top_fade_images=8),
    hybrid=HybridSettings(adversarial=1.0, adversarial_after=0),
    loss="hinge",
    critic="projected",
    penalty="none",
    images=64,
    batch=8,
    checkpoint_every=32,
    grid_every=64,
)


@pytest.fixture(scope="module", autouse=True)
def random_weights(pyramid_for_lpips_throughout):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Backbone, "pretrained", classmethod(lambda cls, name: random_backbone(name, 0)))
        yield


@pytest.fixture(scope="module")
def critic():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return ProjectedCritic(16)


def test_the_critic_sees_pixels_and_only_its_heads_learn(critic):
    images = (torch.rand(3, 3, 16, 16) * 2 - 1).requires_grad_()
    logits = critic(images)
    assert logits.shape == (3, 4 * 16)  # four scales, each judged at 4 x 4 places
    logits.sum().backward()
    assert images.grad.abs().sum() > 0
    learning = {name for name, parameter in critic.named_parameters() if parameter.grad is not None}
    assert learning and all(name.startswith("heads") for name in learning)
    assert {name for name, parameter in critic.named_parameters() if parameter.requires_grad} == learning
    assert not any(parameter.requires_grad for parameter in critic.backbone.parameters())
    assert not any("backbone" in name for name in critic.state_dict())


def test_a_resumed_run_with_a_projected_critic_equals_an_uninterrupted_one(tiny_catalogue, tmp_path):
    train_generator(tiny_catalogue, tmp_path / "whole", SMALL, Compute())
    train_generator(tiny_catalogue, tmp_path / "parts", replace(SMALL, images=32), Compute())
    train_generator(tiny_catalogue, tmp_path / "parts", SMALL, Compute(), start=Start(resume=True))
    first, second = (
        load_generator(tmp_path / name / "generator.safetensors").state_dict() for name in ("whole", "parts")
    )
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_run_starts_from_an_earlier_ones_averaged_weights(tiny_catalogue, tmp_path):
    train_generator(tiny_catalogue, tmp_path / "first", replace(SMALL, images=32), Compute())
    longer = Run(tiny_catalogue, tmp_path / "second", SMALL, Compute(), False, tmp_path / "first")
    assert longer.shown == 32
    saved = load_generator(tmp_path / "first" / "generator.safetensors").state_dict()
    assert all(torch.equal(saved[name], tensor) for name, tensor in longer.nets.generator.state_dict().items())
    wider = replace(SMALL, network=replace(SMALL.network, fmap_max=8))
    with pytest.raises(ModelError, match="another network"):
        Run(tiny_catalogue, tmp_path / "third", wider, Compute(), False, tmp_path / "first")


def test_impossible_pairs_are_refused():
    for changes in ({"loss": "nonsaturating"}, {"critic": "pixels"}, {"penalty": "gradient"}, {"critic": "magic"}):
        with pytest.raises(ValueError):
            replace(SMALL, **changes)
    found = train_settings(
        network_settings(resolution=16, fmap_base=64, fmap_max=16), SMALL.growth, HybridSettings(adversarial_after=0),
        critic="projected",
    )  # fmt: skip
    assert (found.loss, found.penalty) == ("hinge", "none")


def test_balance_draws_rare_values_more_often(tiny_catalogue):
    rows = select(tiny_catalogue, tiny_catalogue.train_items(), "")
    weights = odds(tiny_catalogue, rows, "group")
    groups = tiny_catalogue.items["group"].iloc[rows].to_numpy()
    counts = {name: int((groups == name).sum()) for name in set(groups)}
    for name, count in counts.items():
        own = weights[torch.from_numpy(groups == name)]
        torch.testing.assert_close(own, torch.full_like(own, count**-0.5))
    assert torch.equal(odds(tiny_catalogue, rows, ""), torch.ones(len(rows)))
    with pytest.raises(InputError, match="no such column"):
        odds(tiny_catalogue, rows, "shape")
