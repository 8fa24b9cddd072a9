from dataclasses import replace

import pytest
import torch

from gigs.audience import Audience
from gigs.errors import InputError, ModelError
from gigs.generator.families.progan import ProGANSettings
from gigs.inversion.encoder import Encoder
from gigs.inversion.gate import Gate, Limits, RefusedError
from gigs.method.models import Models
from gigs.method.pipeline import Checks, begin, suggest
from gigs.method.presets import get_preset
from gigs.method.product import Product
from gigs.vision.runtime import Runtime
from tests.helpers.small_models import small_generator, small_recommender


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
    found = suggest(models, Product(photo=photo), audience, preset)
    assert found.scores.tolist() == sorted(found.scores.tolist(), reverse=True)
    assert found.scores.mean() > found.reconstruction_score
    torch.testing.assert_close(found.scores, models.recommender.score(found.shifted.images, audience.theta))


def test_networks_and_taste_are_left_as_they_were(models, photo, audience):
    networks = (models.generator, models.recommender, models.perceptual)
    before = [{name: tensor.clone() for name, tensor in net.state_dict().items()} for net in networks]
    theta = audience.theta.clone()
    suggest(models, Product(photo=photo), audience, get_preset("paper-text", n=2, steps=2))
    assert torch.equal(theta, audience.theta)
    for net, tensors in zip(networks, before, strict=True):
        assert all(torch.equal(tensors[name], tensor) for name, tensor in net.state_dict().items())
        assert all(parameter.grad is None for parameter in net.parameters())


def test_a_photo_is_not_influenced_by_what_ran_before(models, photo, audience):
    preset = get_preset("paper-text", n=2, steps=2)
    first = suggest(models, Product(photo=photo), audience, preset, runtime=Runtime(seed=3))
    suggest(models, Product(photo=photo.flip(-1)), audience, preset, runtime=Runtime(seed=4))
    again = suggest(models, Product(photo=photo), audience, preset, runtime=Runtime(seed=3))
    assert torch.equal(first.shifted.images, again.shifted.images)
    assert torch.equal(first.reconstruction.z, again.reconstruction.z)


def test_an_audience_of_another_recommender_is_refused(models, photo):
    with pytest.raises(InputError, match="not from the same training"):
        suggest(
            models, Product(photo=photo), Audience("odd", 50, torch.zeros(3)), get_preset("paper-text", n=2, steps=1)
        )


def test_presets_have_the_papers_numbers():
    preset = get_preset("paper-text")
    assert (preset.inversion.steps, preset.shifting.steps, preset.shifting.n) == (1000, 1000, 8)
    assert (preset.shifting.radius, preset.shifting.learning_rate, preset.inversion.learning_rate) == (0.4, 0.01, 0.01)
    with pytest.raises(InputError, match="choose one of fast, faithful, preview, paper-text"):
        get_preset("magic")


@pytest.fixture
def encoder():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Encoder(ProGANSettings(resolution=32, latent_dim=32, fmap_base=64, fmap_max=16)).freeze()


def gate(refused: float) -> Gate:
    limits = Limits(0.0, refused / 2, refused)
    return Gate({"draft": limits, "optimised": limits}, torch.zeros(6))


@pytest.mark.parametrize("name", ["fast", "faithful", "preview"])
def test_presets_that_start_from_an_encoder(models, encoder, photo, audience, name):
    found = suggest(replace(models, encoder=encoder), Product(photo=photo), audience, get_preset(name, n=3, steps=2))
    assert found.shifted.images.shape == (3, 3, 32, 32)
    assert found.shifted.shifts.abs().max() <= 0.4
    base = found.reconstruction
    assert base.pivot.steps == (0 if name == "preview" else 2)
    tuned = name == "faithful"
    assert (found.seconds["tuning"] > 0.01) == tuned and (base.inversion is base.pivot) != tuned
    if tuned:
        assert base.inversion.lpips < base.pivot.lpips
        assert torch.equal(base.z, base.pivot.z)


def test_the_encoders_answer_is_the_start(models, encoder, photo, audience):
    found = suggest(replace(models, encoder=encoder), Product(photo=photo), audience, get_preset("preview", n=1))
    torch.testing.assert_close(found.reconstruction.z, encoder(photo))


def test_without_an_encoder_fast_starts_from_noise_and_the_preview_says_what_is_missing(models, photo, audience):
    quick = get_preset("fast").inversion
    assert quick.steps_from_noise > quick.steps and quick.learning_rate_from_noise < quick.learning_rate
    preset = get_preset("fast", n=2, steps=2)
    found = suggest(models, Product(photo=photo), audience, preset)
    assert found.reconstruction.pivot.steps == 2
    careful = replace(preset.inversion, learning_rate=0.1)  # the rate of a start from noise, from the beginning on
    again = suggest(models, Product(photo=photo), audience, replace(preset, inversion=careful))
    torch.testing.assert_close(found.reconstruction.z, again.reconstruction.z, rtol=0, atol=0)
    with pytest.raises(InputError, match="gigs train encoder"):
        suggest(models, Product(photo=photo), audience, get_preset("preview"))
    with pytest.raises(ModelError, match="gigs train encoder"):
        replace(models, encoder=Encoder(ProGANSettings(resolution=16, latent_dim=32, fmap_base=64, fmap_max=16)))


def test_the_gate_refuses_before_anything_is_shifted(models, photo, audience):
    preset = get_preset("fast", n=2, steps=1)
    seen = []
    with pytest.raises(RefusedError, match="could not be redrawn"):
        listening = Runtime(on_step=lambda step: seen.append(step.stage))
        suggest(models, Product(photo=photo), audience, preset, checks=Checks(gate=gate(0.0)), runtime=listening)
    assert "redesigning" not in seen
    forced = suggest(models, Product(photo=photo), audience, preset, checks=Checks(gate=gate(0.0), force=True))
    assert forced.reconstruction.gate.grade == "refused"
    passed = suggest(models, Product(photo=photo), audience, preset, checks=Checks(gate=gate(100.0)))
    assert passed.reconstruction.gate.grade == "good"
    sampled = suggest(models, Product(), audience, preset, checks=Checks(gate=gate(0.0)))
    assert sampled.reconstruction.gate is None


def test_what_was_begun_serves_every_audience_as_if_it_were_alone(models, photo, audience):
    preset, runtime = get_preset("paper-text", n=2, steps=2), Runtime(seed=5)
    product = Product(photo=photo)
    begun = begin(models, product, preset, checks=Checks(), runtime=runtime)
    other = replace(audience, name="other", theta=-audience.theta)
    for each in (audience, other):
        alone = suggest(models, Product(photo=photo.clone()), each, preset, runtime=runtime)
        shared = suggest(models, product, each, preset, runtime=runtime, begun=begun)
        assert torch.equal(alone.shifted.images, shared.shifted.images) and torch.equal(alone.scores, shared.scores)
        assert shared.reconstruction is begun.reconstruction
        assert shared.seconds["inversion"] == begun.seconds["inversion"]
