"""How many steps a reconstruction takes where redesigns are shown on the photo."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from gigs.generator.families.progan import ProGANSettings
from gigs.inversion.encoder import Encoder
from gigs.inversion.gate import Gate, Limits
from gigs.inversion.own_encoder import own_encoder
from gigs.method.models import Models
from gigs.method.presets import Preset, get_preset
from gigs.method.reconstruct import reconstruct
from gigs.vision.runtime import Runtime
from tests.generator.families.test_cascade import small as small_cascade
from tests.helpers.small_models import small_generator, small_recommender

ALL, NOTHING = Limits(0.0, 100.0, 100.0), Limits(0.0, -2.0, -1.0)


@pytest.fixture
def models(perceptual) -> Models:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder = Encoder(ProGANSettings(resolution=32, latent_dim=32, fmap_base=64, fmap_max=16)).freeze()
    return Models(small_generator(), small_recommender(), perceptual, encoder)


@pytest.fixture
def photo(models: Models) -> Tensor:
    return models.generator(models.generator.sample(1, torch.Generator().manual_seed(8))).detach()


@pytest.fixture
def preset() -> Preset:
    whole = get_preset("fast")
    return replace(whole, inversion=replace(whole.inversion, steps=3))


def gate(draft: Limits) -> Gate:
    return Gate({"draft": draft, "optimised": ALL}, torch.zeros(6))


def test_on_the_photo_the_encoders_answer_is_enough(models, photo, preset):
    found = reconstruct(models, photo, preset, gate=gate(ALL), on_photo=True, runtime=Runtime().started())
    assert found.pivot.steps == 0 and found.gate.grade == "good"
    torch.testing.assert_close(found.z, models.encoder(photo))
    assert reconstruct(models, photo, preset, gate=gate(ALL), runtime=Runtime().started()).pivot.steps == 3


def test_a_photo_that_the_gate_refuses_so_is_optimised_and_looked_at_again(models, photo, preset):
    found = reconstruct(models, photo, preset, gate=gate(NOTHING), on_photo=True, runtime=Runtime().started())
    assert found.pivot.steps == 3 and found.gate.grade == "good"


def test_steps_that_were_asked_for_are_taken(models, photo):
    found = reconstruct(models, photo, get_preset("fast", steps=2), on_photo=True, runtime=Runtime().started())
    assert found.pivot.steps == 2
    assert get_preset("faithful").photo_steps is None  # what is tuned needs the best latent vector


def test_without_an_encoder_there_is_no_shorter_way(models, photo, preset):
    blind = replace(models, encoder=None)
    preset = replace(preset, inversion=replace(preset.inversion, steps_from_noise=4))
    assert reconstruct(blind, photo, preset, on_photo=True, runtime=Runtime().started()).pivot.steps == 4


def test_a_generator_that_inverts_photos_itself_is_not_optimised_unless_steps_were_asked_for(models, photo):
    generator = small_cascade()
    own = replace(models, generator=generator, encoder=own_encoder(generator))
    found = reconstruct(own, photo, get_preset("fast"), runtime=Runtime().started())
    assert found.pivot.steps == 0
    torch.testing.assert_close(found.z, generator.start_from(photo))
    asked = reconstruct(own, photo, get_preset("fast", steps=2), runtime=Runtime().started())
    assert asked.pivot.steps == 2
