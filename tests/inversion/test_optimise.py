import pytest
import torch

from gigs.errors import InputError
from gigs.inversion.optimise import InversionSettings, invert
from gigs.vision.lpips import PerceptualLoss
from gigs.vision.runtime import Runtime
from tests.helpers.small_models import small_generator


def seeded() -> Runtime:
    """With random numbers that are always the same."""
    return Runtime(rng=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def generator():
    return small_generator()


@pytest.fixture(scope="module")
def photos(generator):
    return generator(generator.sample(2, torch.Generator().manual_seed(9)))


def total(result):
    return result.lpips + result.mse


@pytest.mark.weights
def test_inverting_a_generated_picture_lowers_the_loss(generator, photos):
    perceptual = PerceptualLoss("alex")
    settings = [InversionSettings(steps=steps) for steps in (0, 60)]
    before, after = (invert(generator, photos, perceptual, each, runtime=seeded()) for each in settings)
    assert (total(after) < 0.7 * total(before)).all()
    torch.testing.assert_close(generator(after.z), after.images)


def test_starting_at_the_answer_stays_there(generator, photos, perceptual):
    truth = generator.sample(2, torch.Generator().manual_seed(9))
    result = invert(generator, photos, perceptual, InversionSettings(steps=5), start=truth)
    assert (result.found_at == 0).all()  # the best z seen is kept, not the last
    assert torch.equal(result.z, truth)
    assert total(result).max() < 1e-5


def test_z_stays_standardised(generator, photos, perceptual):
    result = invert(generator, photos, perceptual, InversionSettings(steps=7), runtime=seeded())
    torch.testing.assert_close(result.z.mean(1), torch.zeros(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(result.z.square().mean(1), torch.ones(2), atol=1e-4, rtol=0)


def test_a_batch_of_two_equals_two_batches_of_one(generator, photos, perceptual):
    start = generator.sample(2, torch.Generator().manual_seed(3))
    settings = InversionSettings(steps=10)
    together = invert(generator, photos, perceptual, settings, start=start)
    alone = [invert(generator, photos[i : i + 1], perceptual, settings, start=start[i : i + 1]) for i in range(2)]
    # Adam divides by the gradient's size: float rounding of tiny gradients is amplified, hence not 1e-6
    torch.testing.assert_close(together.z, torch.cat([one.z for one in alone]), atol=2e-2, rtol=0)
    torch.testing.assert_close(together.lpips, torch.cat([one.lpips for one in alone]), atol=2e-3, rtol=0)


def test_the_generator_is_left_as_it_was(generator, photos, perceptual):
    before = {name: tensor.clone() for name, tensor in generator.state_dict().items()}
    invert(generator, photos, perceptual, InversionSettings(steps=2), runtime=seeded())
    assert all(torch.equal(before[name], tensor) for name, tensor in generator.state_dict().items())
    assert all(parameter.grad is None for parameter in generator.parameters())


def test_wrong_input_is_named(generator, photos, perceptual):
    with pytest.raises(InputError, match=r"needs photos \[N,3,32,32\]"):
        invert(generator, photos[..., :16], perceptual, InversionSettings(steps=1), runtime=seeded())
    with pytest.raises(InputError, match="random generator or a latent"):
        invert(generator, photos, perceptual, InversionSettings(steps=1))
    for wrong in ({"steps": -1}, {"steps": 10**9}, {"learning_rate": 0.0}, {"lpips_weight": -1.0}):
        with pytest.raises(InputError):
            InversionSettings(**wrong)
