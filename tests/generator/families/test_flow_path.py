"""Noise of a latent flow: fitted to latents, made of standard normal vectors and led back to them."""

from __future__ import annotations

import pytest
import torch

from gigs.generator.families.flow_path import NEAR, FlowPath

SHAPE = (3, 4, 4)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def latents():
    """2,000 latents that vary strongly along two directions, and otherwise a little, less in the last channel."""
    rng = seeded()
    along = torch.randn(2000, 2, generator=rng) * torch.tensor([8.0, 4.0])
    axes = torch.linalg.qr(torch.randn(48, 2, generator=rng))[0]
    rest = torch.randn(2000, *SHAPE, generator=rng) * torch.tensor([1.0, 1.0, 0.3])[:, None, None]
    return rest + (along @ axes.T).view(-1, *SHAPE) + 2.0


def fitted(latents, directions=2):
    path = FlowPath(SHAPE, directions)
    path.fit(latents, seeded(1))
    return path


def test_noise_varies_as_the_latents_do(latents):
    path = fitted(latents)
    noise = path.noise(torch.randn(20_000, 48, generator=seeded(2)))
    torch.testing.assert_close(noise.mean(0), latents.mean(0), atol=0.3, rtol=0)
    of_latents, of_noise = (rows.flatten(1).T.cov() for rows in (latents, noise))
    assert (of_latents - of_noise).norm() < 0.15 * of_latents.norm()
    torch.testing.assert_close(path.scale.flatten(), torch.tensor([1.0, 1.0, 0.3]), atol=0.15, rtol=0)


@pytest.mark.parametrize("directions", [0, 2])
def test_noise_leads_back_to_the_vector_it_is_made_of(latents, directions):
    path = fitted(latents, directions)
    z = torch.randn(5, 48, generator=seeded(3))
    torch.testing.assert_close(path.normal(path.noise(z)), z, atol=1e-4, rtol=1e-4)


def test_unfitted_noise_is_the_vector_itself():
    z = torch.randn(2, 48, generator=seeded())
    assert torch.equal(FlowPath(SHAPE, 2).noise(z).flatten(1), z)


def test_the_point_is_all_of_the_prediction_at_the_latent_and_none_of_it_in_noise(latents):
    path = fitted(latents)
    asked = []

    def network(x, time, told):
        asked.append(x)
        return torch.ones_like(x)

    points, told = latents[:64], torch.zeros(64, 0, dtype=torch.int64)
    at = [path.predicted(network, points, torch.full((64,), time), told) for time in (0.0, NEAR / (1 + NEAR), 1.0)]
    torch.testing.assert_close(at[0], points)
    torch.testing.assert_close(at[2], (path.mean + path.scale).expand_as(points))
    assert 0.4 < (at[1] - at[2]).norm() / (points - at[2]).norm() < 0.6
    velocity = path.velocity(network, points, torch.ones(64), told)
    torch.testing.assert_close(velocity, points - at[2])


def test_a_right_prediction_gives_the_straight_way(latents):
    """Noise minus latent, wherever on the way, if the network answers with what is missing of the latent."""
    path, told = fitted(latents), torch.zeros(8, 0, dtype=torch.int64)
    latent, noise = latents[:8], path.noise(torch.randn(8, 48, generator=seeded(4)))
    for t in (0.1, 0.5, 0.9):
        time = torch.full((8,), t)
        share = (NEAR * (1 - t)) ** 2 / ((NEAR * (1 - t)) ** 2 + t**2)
        reach = ((1 - share * (1 - t)) ** 2 + (share * t) ** 2) ** 0.5
        point = torch.lerp(latent, noise, t)

        def network(x, time, told, point=point, share=share, reach=reach):
            return ((latent - path.mean) - share * (point - path.mean)) / path.scale / reach

        torch.testing.assert_close(path.velocity(network, point, time, told), noise - latent, atol=1e-3, rtol=1e-3)
