from __future__ import annotations

import builtins
import math

import numpy as np
import pytest
import torch

from gigs.audience.privacy import (
    PrivacySettings,
    PublicKnowledge,
    bound_of,
    noise_multiplier,
    noised_taste,
    private_taste,
    promise,
    pulled_back,
    require_delta,
)
from gigs.audience.taste import Taste, taste_of
from gigs.errors import InputError

K = 9


def world(users: int = 400) -> tuple[torch.Tensor, torch.Tensor, Taste]:
    """Members' vectors, real items, and everybody's taste; the last coordinate is 1 for all users."""
    torch.manual_seed(0)
    crowd, items = torch.randn(2000, K) * 0.5, torch.randn(300, K)
    crowd[:, -1] = 1.0
    members = crowd[:users] + torch.tensor([0.3, *[0.0] * (K - 1)])
    return members, items, taste_of(crowd, items @ crowd.mean(0))


def test_the_noise_is_what_the_promise_needs() -> None:
    members, items, everybody = world()
    settings = PrivacySettings(epsilon=1.0, delta=1e-5)
    multiplier = noise_multiplier(settings, releases=2)
    assert multiplier == pytest.approx(math.sqrt(2) * 3.7306, rel=1e-3)  # Balle & Wang 2018 for (1, 1e-5)
    rng = torch.Generator().manual_seed(1)
    bound = bound_of(items, everybody, 1)
    expected = multiplier * 2 * bound / len(members)
    away = (members - everybody.theta)[:, :-1].double()
    clipped = (away * (bound / away.norm(dim=1, keepdim=True)).clamp_max(1)).mean(0)
    with pytest.MonkeyPatch.context() as patch:  # look at the release before it is pulled back
        patch.setattr("gigs.audience.privacy.pulled_back", lambda noisy, covariance, sigma: noisy)
        drawn = [noised_taste(members, PublicKnowledge(items, everybody, 1), multiplier, rng=rng) for _ in range(400)]
    off = torch.stack([taste.theta[:-1] - everybody.theta[:-1] for taste, _ in drawn]).double() - clipped
    assert drawn[0][1] == pytest.approx(expected) == drawn[0][0].noise
    assert float(off.std()) == pytest.approx(expected, rel=0.05) and abs(float(off.mean())) < expected / 20
    assert all(taste.theta[-1] == everybody.theta[-1] for taste, _ in drawn)  # public, so not noised


def test_no_member_can_move_the_mean_further_than_the_noise_allows_for() -> None:
    members, items, everybody = world()
    wild = members.clone()
    wild[7] = 1e6
    bound = bound_of(items, everybody, 1)
    results = []
    for vectors in (members, wild):
        rng = torch.Generator().manual_seed(3)
        results.append(noised_taste(vectors, PublicKnowledge(items, everybody, 1), 1e-9, rng=rng)[0].theta)
    assert float((results[0] - results[1]).norm()) <= 2 * bound / len(members) + 1e-6


def test_a_heavy_member_costs_noise() -> None:
    members, items, everybody = world(100)
    weights = torch.ones(100)
    weights[0] = 11.0
    _, alike = private_taste(members, items, everybody, 1.0, fixed=1)
    taste, sigma = private_taste(members, items, everybody, 1.0, fixed=1, weights=weights)
    assert sigma == pytest.approx(alike * 100 * 11 / 110) and taste.effective == pytest.approx(110**2 / (99 + 121))


def test_nothing_else_of_the_members_is_released() -> None:
    members, items, everybody = world()
    taste, _ = private_taste(members, items, everybody, 1.0, fixed=1)
    assert torch.equal(taste.covariance, everybody.covariance)
    scores = items.double() @ taste.theta.double()
    assert (taste.mean, taste.spread) == pytest.approx((float(scores.mean()), float(scores.std(unbiased=False))), 1e-4)
    again, _ = private_taste(members, items, everybody, 1.0, fixed=1)
    assert not torch.equal(taste.theta, again.theta)  # no known seed takes the noise off again


def test_pulling_back_helps_and_leaves_a_clear_signal_alone() -> None:
    rng = torch.Generator().manual_seed(0)
    covariance = torch.diag(torch.tensor([1.0, 0.3, *[0.01] * 30])).double()
    true = torch.tensor([0.3, 0.1, *[0.0] * 30]).double()
    noise = torch.randn(32, generator=rng, dtype=torch.float64)
    noisy = true + 0.1 * noise
    assert (pulled_back(noisy, covariance, 0.1) - true).norm() < 0.7 * (noisy - true).norm()
    clear = true + 1e-4 * noise
    torch.testing.assert_close(pulled_back(clear, covariance, 1e-4), true, atol=1e-3, rtol=0)


def auc(inside: np.ndarray, outside: np.ndarray) -> float:
    return float((inside[:, None] > outside[None]).mean() + 0.5 * (inside[:, None] == outside[None]).mean())


def test_an_attack_that_finds_members_of_a_small_mean_finds_none_of_a_private_one() -> None:
    torch.manual_seed(0)
    crowd, items = torch.randn(1100, 60), torch.randn(300, 60)
    everybody = taste_of(crowd, items @ crowd.mean(0))
    members, strangers = crowd[:50], crowd[50:]
    multiplier = noise_multiplier(PrivacySettings(epsilon=1.0))
    rng = torch.Generator().manual_seed(0)
    released = {
        "plain": members.mean(0),
        "private": noised_taste(members, PublicKnowledge(items, everybody), multiplier, rng=rng)[0].theta,
    }
    found = {}
    for name, theta in released.items():
        direction = theta - everybody.theta  # who lies in the direction that the audience moved to?
        found[name] = auc(*(((group - everybody.theta) @ direction).numpy() for group in (members, strangers)))
    assert found["plain"] > 0.8
    assert abs(found["private"] - 0.5) < 0.08  # standard error .04


def test_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ({"epsilon": 0.0}, {"epsilon": float("nan")}, {"epsilon": 1.0, "delta": 0.5}):
        with pytest.raises(InputError, match=r"`(epsilon|delta)`"):
            PrivacySettings(**wrong)
    record = promise(PrivacySettings(epsilon=1.0), 2, {"a": 1.0}, {"a": 0.1}).record()
    assert record["epsilon"] == 1.0 and "trained without such a promise" in record["scope"]
    real = builtins.__import__

    def without(name, *rest, **more):
        if name.startswith("dp_accounting"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"gigs\[privacy\]"):
        noise_multiplier(PrivacySettings(epsilon=1.0))


def test_a_delta_that_lets_a_member_be_named_is_refused():
    """--dp-delta 0.09 for 51 members: each of them is named with a chance that is no promise."""
    for delta, members in ((0.09, 51), (0.002, 51), (0.0019, 60), (1e-3, 101)):
        with pytest.raises(InputError, match="`delta`"):
            require_delta(PrivacySettings(epsilon=1.0, delta=delta), members)
    for delta, members in ((1e-6, 100_000), (1e-3, 60), (1e-5, 5000)):
        require_delta(PrivacySettings(epsilon=1.0, delta=delta), members)
