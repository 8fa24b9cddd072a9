from dataclasses import replace

import pytest
import torch
from small_models import small_generator, small_recommender

from gigs.audience import Audience
from gigs.errors import InputError
from gigs.pipeline import Models, suggest
from gigs.presets import get_preset

pytestmark = pytest.mark.weights


@pytest.fixture
def models(perceptual):
    return Models(small_generator(), small_recommender(), perceptual)


@pytest.fixture
def audience(models):
    return Audience("everyone", 4, models.recommender.user_factors.mean(0).detach())


@pytest.fixture
def photo(models):
    return models.generator(models.generator.sample(1, torch.Generator().manual_seed(8)))


def test_the_score_rises_against_the_reconstruction(models, photo, audience):
    preset = get_preset("paper-text", n=4, steps=30)
    # random weights score about 1e-3; the weight makes that matter beside the other losses
    preset = replace(preset, shifting=replace(preset.shifting, preference_weight=1e5))
    found = suggest(models, photo, audience, preset)
    assert found.scores.tolist() == sorted(found.scores.tolist(), reverse=True)
    assert found.scores.mean() > found.base_score
    torch.testing.assert_close(found.scores, models.recommender.score(found.shifted.images, audience.theta))


def test_networks_and_taste_are_left_as_they_were(models, photo, audience):
    networks = (models.generator, models.recommender, models.perceptual)
    before = [{name: tensor.clone() for name, tensor in net.state_dict().items()} for net in networks]
    theta = audience.theta.clone()
    suggest(models, photo, audience, get_preset("paper-text", n=2, steps=2))
    assert torch.equal(theta, audience.theta)
    for net, tensors in zip(networks, before, strict=True):
        assert all(torch.equal(tensors[name], tensor) for name, tensor in net.state_dict().items())
        assert all(parameter.grad is None for parameter in net.parameters())


def test_a_photo_is_not_influenced_by_what_ran_before(models, photo, audience):
    preset = get_preset("paper-text", n=2, steps=2)
    first = suggest(models, photo, audience, preset, seed=3)
    suggest(models, photo.flip(-1), audience, preset, seed=4)
    again = suggest(models, photo, audience, preset, seed=3)
    assert torch.equal(first.shifted.images, again.shifted.images)
    assert torch.equal(first.base.z, again.base.z)


def test_an_audience_of_another_recommender_is_refused(models, photo):
    with pytest.raises(InputError, match="not from the same training"):
        suggest(models, photo, Audience("odd", 50, torch.zeros(3)), get_preset("paper-text", n=2, steps=1))


def test_presets_have_the_papers_numbers():
    preset = get_preset("paper-text")
    assert (preset.inversion.steps, preset.shifting.steps, preset.shifting.n) == (1000, 1000, 8)
    assert (preset.shifting.radius, preset.shifting.learning_rate, preset.inversion.learning_rate) == (0.4, 0.01, 0.01)
    with pytest.raises(InputError, match="choose one of paper-text"):
        get_preset("magic")
