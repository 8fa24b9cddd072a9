import pytest
import torch

from gigs.errors import InputError
from gigs.inversion.optimise import describe
from gigs.inversion.tuning import TuningSettings, tune
from gigs.vision.runtime import Runtime
from tests.helpers.small_models import small_generator


@pytest.fixture(scope="module")
def generator():
    return small_generator()


@pytest.fixture(scope="module")
def z(generator):
    return generator.sample(1, torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def photo():
    """A picture that a random generator cannot draw: two halves, a print in the middle."""
    picture = torch.full((1, 3, 32, 32), 0.9)
    picture[:, 0, 8:24, 8:24] = 0.2
    picture[:, 1, 12:20:2, 8:24] = 0.6
    return picture


def tuned(generator, z, photo, perceptual, **changes):
    settings = TuningSettings(**{"steps": 40, "learning_rate": 0.01, **changes})
    return tune(generator, z, photo, perceptual, settings, Runtime().started())


def test_the_copy_draws_the_photo_and_the_original_is_untouched(generator, z, photo, perceptual):
    before = {name: tensor.clone() for name, tensor in generator.state_dict().items()}
    own = tuned(generator, z, photo, perceptual)
    was, now = (describe(each, photo, perceptual, z) for each in (generator, own))
    assert now.lpips < 0.6 * was.lpips and now.mse < 0.3 * was.mse
    assert all(torch.equal(before[name], tensor) for name, tensor in generator.state_dict().items())
    assert not any(parameter.requires_grad for parameter in own.parameters())


def test_the_regulariser_keeps_the_rest_of_the_latent_space(generator, z, photo, perceptual):
    elsewhere = generator.sample(16, torch.Generator().manual_seed(7))
    wanted = generator(elsewhere)
    moved = {
        weight: (tuned(generator, z, photo, perceptual, locality_weight=weight, locality_every=1)(elsewhere) - wanted)
        .square()
        .mean()
        for weight in (0.0, 10.0)
    }
    assert moved[10.0] < 0.5 * moved[0.0]


def test_it_stops_once_it_is_near_enough_and_refuses_batches(generator, z, perceptual):
    seen = []
    settings = TuningSettings(steps=50, enough=0.5)
    rng = torch.Generator().manual_seed(0)
    tune(generator, z, generator(z), perceptual, settings, Runtime(rng=rng, on_step=seen.append))
    assert len(seen) == 1 and seen[0].done == seen[0].total
    with pytest.raises(InputError, match="one photo"):
        tune(generator, z.expand(2, -1), generator(z), perceptual, settings, Runtime(rng=rng))
    with pytest.raises(InputError, match="learning rate"):
        TuningSettings(learning_rate=0)
