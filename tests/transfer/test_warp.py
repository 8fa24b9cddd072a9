"""The warp: cannot fold whatever its numbers are, is the identity where it should be, and says its own Jacobian."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gigs.transfer.splines import COEFFICIENTS, dense_weights, slope_weights
from gigs.transfer.warp import STRETCH, Warp


def wild(seed: int, size: float) -> Warp:
    rng = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=rng, dtype=torch.float64)

    n, c = 2, COEFFICIENTS
    return Warp(size * draw(n, 2), 0.1 * draw(n, 2), 0.1 * draw(n, 2, c), size * draw(n, 2, c - 1, c))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), size=st.floats(0, 50))
def test_whatever_the_numbers_the_jacobian_is_positive_and_bounded(seed, size):
    t = torch.linspace(0, 1, 41, dtype=torch.float64)
    determinant = wild(seed, size).determinant(t, t)
    assert (determinant > STRETCH**-2 - 1e-9).all()
    assert (determinant < STRETCH**2 + 1e-9).all()


def test_the_stated_jacobian_is_that_of_the_map():
    warp = wild(3, 0.5)
    t = torch.linspace(0.3, 0.7, 50, dtype=torch.float64)
    h = 1e-6
    dx = (warp.at(t + h, t) - warp.at(t - h, t)) / (2 * h)
    dy = (warp.at(t, t + h) - warp.at(t, t - h)) / (2 * h)
    numeric = dx[..., 0] * dy[..., 1] - dx[..., 1] * dy[..., 0]
    within = (warp.at(t, t)[..., 0] > 0.01) & (warp.at(t, t)[..., 0] < 0.99)
    assert within.any()
    assert torch.allclose(numeric[within], warp.determinant(t, t)[within], atol=1e-6)


def test_two_places_never_come_from_one():
    t = torch.linspace(0, 1, 60, dtype=torch.float64)
    for seed in range(5):
        places = wild(seed, 3.0).at(t, t)[0]
        assert (places[..., 0].diff(dim=1) > 0).all(), "u rises along x in every row"


def test_numbers_that_are_all_zero_move_nothing():
    t = torch.linspace(0, 1, 33)
    warp = Warp.none(1)
    moving = Warp(warp.scale, warp.shift, warp.bend, warp.stretch)
    own = torch.stack(torch.meshgrid(t, t, indexing="xy"), -1)
    assert torch.equal(warp.at(t, t)[0], own)
    assert torch.allclose(moving.at(t, t)[0], own, atol=1e-6)


def test_weights_sum_to_one_and_are_not_negative():
    t = torch.linspace(-0.2, 1.2, 101)
    for weights in (dense_weights(t), slope_weights(t)):
        assert torch.allclose(weights.sum(-1), torch.ones(101), atol=1e-6)
        assert (weights >= 0).all()
