from dataclasses import replace

import pytest
import torch
from torch import nn

from gigs.inversion.optimise import InversionSettings, describe, invert
from gigs.inversion.starts import choose_start
from gigs.vision.runtime import Runtime
from tests.helpers.small_models import small_generator

SETTINGS = InversionSettings(steps=8, learning_rate=0.1, start="encoder", restarts=12, restart_above=0.0)


class Answer(nn.Module):
    """An encoder that always answers the same."""

    def __init__(self, z):
        super().__init__()
        self.z = z

    def forward(self, images):
        return self.z


@pytest.fixture(scope="module")
def generator():
    return small_generator()


@pytest.fixture(scope="module")
def truth(generator):
    return generator.sample(1, torch.Generator().manual_seed(3))


def start(generator, photo, perceptual, encoder, **changes):
    return choose_start(generator, photo, perceptual, encoder, replace(SETTINGS, **changes), Runtime().started())


def test_a_good_answer_is_taken_as_it_is(generator, truth, perceptual):
    photo = generator(truth)
    assert torch.equal(start(generator, photo, perceptual, Answer(truth), restart_above=0.01), truth)
    # nothing to restart with, or nothing to try it by
    other = generator.sample(1, torch.Generator().manual_seed(9))
    assert torch.equal(start(generator, photo, perceptual, Answer(other), restarts=0), other)
    assert torch.equal(start(generator, photo, perceptual, Answer(other), steps=0), other)


def test_a_bad_answer_is_replaced_by_a_better_start(generator, truth, perceptual):
    photo = generator(truth)
    bad = -truth
    found = start(generator, photo, perceptual, Answer(bad))
    losses = [describe(generator, photo, perceptual, z) for z in (found, bad)]
    assert losses[0].lpips + losses[0].mse < losses[1].lpips + losses[1].mse
    without = start(generator, photo, perceptual, None)
    assert without.shape == truth.shape


def test_the_plateau_stops_and_the_rate_falls(generator, truth, perceptual):
    photo = generator(truth)
    still = InversionSettings(steps=50, patience=3, tolerance=0.5)
    found = invert(generator, photo, perceptual, still, start=truth)
    assert found.steps == 3 and found.found_at.item() == 0  # started at the answer: nothing to gain
    whole = invert(generator, photo, perceptual, InversionSettings(steps=6, final_rate=0.1), start=-truth)
    assert whole.steps == 6
