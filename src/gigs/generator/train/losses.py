"""Adversarial losses and the penalties that keep a critic smooth."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from gigs.training.processes import here

Critic = Callable[[Tensor], Tensor]


def critic_loss(kind: str, real: Tensor, fake: Tensor) -> Tensor:
    """Loss of the critic on its answers `[N,1]`.

    `wgan-gp`: Wasserstein distance plus Karras et al.'s drift term 0.001 * E[D(real)^2]; `nonsaturating`: logistic;
    `hinge`: as in Projected GAN, whose answers are `[N,L]`; `least-squares`: 1 for real and 0 for generated pictures
    (Mao et al. 2017, with the targets and the halving of Kang et al. 2017).
    """
    if kind == "least-squares":
        return ((real - 1).square().mean() + fake.square().mean()) / 2
    if kind == "hinge":
        return F.relu(1 + fake).mean() + F.relu(1 - real).mean()
    if kind == "wgan-gp":
        return fake.mean() - real.mean() + 0.001 * real.square().mean()
    return F.softplus(fake).mean() + F.softplus(-real).mean()


def generator_loss(kind: str, fake: Tensor) -> Tensor:
    """Loss of the generator on the critic's answers `[N,1]` to its pictures."""
    if kind == "least-squares":
        return (fake - 1).square().mean()
    return F.softplus(-fake).mean() if kind == "nonsaturating" else -fake.mean()


def balanced(push: Tensor, pull: Tensor, share: float, measured: Tensor | None = None) -> Tensor:
    """A critic's gradient at the pixels, made `share` times as long as that of the other losses.

    So the balance holds however the critic's answers grow. Lengths are of what all processes have.

    Args:
        push: The critic's gradient.
        pull: The other losses'.
        share: What the one's length is to be of the other's.
        measured: The part of `push` whose length counts; all of it by default.
    """
    length = here().length
    return push * (share * length(pull) / length(push if measured is None else measured).clamp_min(1e-12))


def wasserstein_penalty(critic: Critic, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
    """Gulrajani et al. 2017: 10 * E[(|grad D| - 1)^2] between real and generated pictures; needs double backward."""
    mix = here().draw(torch.rand, (len(real), 1, 1, 1), rng).to(real.device)
    between = torch.lerp(real, fake, mix).requires_grad_()
    (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return 10.0 * (slope.flatten(1).norm(dim=1) - 1).square().mean()


def r1_penalty(critic: Critic, real: Tensor) -> Tensor:
    """Mescheder et al. 2018, exact: E[|grad D|^2] / 2 at real pictures; needs double backward."""
    real = real.detach().requires_grad_()
    (slope,) = torch.autograd.grad(critic(real).sum(), real, create_graph=True)
    return slope.square().sum(dim=(1, 2, 3)).mean() / 2


def finite_difference_penalty(critic: Critic, real: Tensor, rng: torch.Generator, *, sigma: float = 0.02) -> Tensor:
    """R1 estimated from one random direction: E[(D(x + s v) - D(x))^2] / (2 s^2), v ~ N(0, I).

    The expectation over v is |grad D|^2 / 2 up to O(s^2). It costs one more forward pass instead of a double backward,
    which on a CPU costs as much as four training steps.
    """
    noise = here().draw(torch.randn, real.shape, rng).to(real.device)
    difference = critic(real + sigma * noise) - critic(real)
    return difference.square().mean() / (2 * sigma**2)
