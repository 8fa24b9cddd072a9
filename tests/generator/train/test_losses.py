import torch

from gigs.generator.train.augment import augment
from gigs.generator.train.losses import (
    critic_loss,
    finite_difference_penalty,
    generator_loss,
    r1_penalty,
    wasserstein_penalty,
)


def linear(weight):
    return lambda x: (x.flatten(1) * weight).sum(1, keepdim=True)


def test_r1_of_a_linear_critic_is_half_its_squared_slope():
    weight = torch.randn(48)
    expected = weight.square().sum() / 2
    torch.testing.assert_close(r1_penalty(linear(weight), torch.randn(4, 3, 4, 4)), expected)


def test_finite_differences_estimate_r1():
    weight, rng = torch.randn(48), torch.Generator().manual_seed(0)
    estimate = finite_difference_penalty(linear(weight), torch.randn(4000, 3, 4, 4), rng)
    torch.testing.assert_close(estimate, weight.square().sum() / 2, rtol=0.1, atol=0)


def test_wasserstein_penalty_vanishes_at_slope_one_and_trains_the_critic():
    weight = torch.randn(48)
    unit = weight / weight.norm()
    real, fake, rng = torch.randn(5, 3, 4, 4), torch.randn(5, 3, 4, 4), torch.Generator().manual_seed(0)
    assert wasserstein_penalty(linear(unit), real, fake, rng).item() < 1e-8
    steep = (3 * unit).requires_grad_()
    penalty = wasserstein_penalty(linear(steep), real, fake, rng)
    torch.testing.assert_close(penalty.detach(), torch.tensor(40.0))
    penalty.backward()
    assert steep.grad is not None and steep.grad.abs().sum() > 0


def test_losses_prefer_what_they_should():
    high, low = torch.full((4, 1), 3.0), torch.full((4, 1), -3.0)
    for kind in ("wgan-gp", "nonsaturating"):
        assert critic_loss(kind, high, low) < critic_loss(kind, low, high)
        assert generator_loss(kind, high) < generator_loss(kind, low)


def test_augmentation_is_seeded_differentiable_and_harmless_to_even_pictures():
    images = torch.rand(6, 3, 16, 16).requires_grad_()
    first = augment(images, torch.Generator().manual_seed(1))
    assert torch.equal(first, augment(images, torch.Generator().manual_seed(1)))
    assert not torch.equal(first, augment(images, torch.Generator().manual_seed(2)))
    first.sum().backward()
    assert images.grad is not None
    even = augment(torch.zeros(2, 3, 16, 16), torch.Generator().manual_seed(1), brightness=0)
    assert even.abs().max() == 0
