"""Guided shifting: the second loop of Algorithm 1 (Kumar et al. 2025)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gigs.errors import InputError, require_finite
from gigs.generator.base import Generator
from gigs.generator.latent import cosine_share, standardise
from gigs.progress import Step
from gigs.shifting.separation import PredictorSeparation, Repulsion, Separation
from gigs.vision.compute import Compute
from gigs.vision.runtime import Runtime

Preference = Callable[[Tensor], Tensor]


@dataclass(frozen=True, kw_only=True)
class ShiftSettings:
    """Settings of the second loop of Algorithm 1, by default the text's numbers.

    `radius` is epsilon; `learning_rate` alpha_2; `predictor_rate` alpha_3; all three losses have equal weight.
    `separation`: `predictor` as in the paper, or `repulsion` (with its `margin`), which trains nothing. `optimiser`:
    `adam` as in the paper, or `sign` (projected sign-gradient: every coordinate moves by the learning rate).
    `final_rate`: share of the learning rate left at the last step, along a cosine; 1 keeps it, as in the paper.
    """

    n: int = 8
    radius: float = 0.4
    steps: int = 1000
    learning_rate: float = 0.01
    predictor_rate: float = 0.01
    class_weight: float = 1.0
    shift_weight: float = 1.0
    preference_weight: float = 1.0
    separation: str = "predictor"
    margin: float = 0.06
    optimiser: str = "adam"
    final_rate: float = 1.0

    def __post_init__(self) -> None:
        require_finite(self, "shifting")
        if not 1 <= self.n <= 64:
            raise InputError(f"the number of suggestions must be from 1 to 64, not {self.n}")
        if not 0 <= self.steps <= 100_000:
            raise InputError(f"shifting steps must be from 0 to 100,000, not {self.steps}")
        if not 0 < self.radius <= 4:
            raise InputError(f"the search radius must be above 0 and at most 4, not {self.radius}")
        if min(self.learning_rate, self.predictor_rate) <= 0:
            raise InputError("shifting needs positive learning rates")
        if self.separation not in ("predictor", "repulsion") or self.optimiser not in ("adam", "sign"):
            raise InputError("shifting knows separation predictor or repulsion, and optimiser adam or sign")
        if self.margin <= 0 or not 0 < self.final_rate <= 1:
            raise InputError("shifting needs a positive margin and a final_rate in (0, 1]")


@dataclass(frozen=True)
class Shifted:
    """The outcome of shifting.

    Attributes:
        shifts: k, `[n,D]`; the latent vector of suggestion i is `z + shifts[i]`, and `|shifts| <= radius` holds for the
            applied shift.
        images: G(z + k), `[n,3,R,R]` in `[0,1]`.
        distinct: Share of the suggestions that can be told apart (by the predictor, or by their distance).
    """

    shifts: Tensor
    images: Tensor
    distinct: float


def shift(
    generator: Generator,
    z: Tensor,
    preference: Preference,
    settings: ShiftSettings,
    runtime: Runtime,
) -> Shifted:
    """Find n distinct shifts of one latent vector whose pictures score high.

    Every step computes L_s = CE(P_class, Y) + MAE(P_shift, k) - theta^T phi(G(z + k)), means over the n shifts, takes
    one Adam step on k and one on the predictor, and brings k back (`project`): clipped to the radius, with z + k
    standardised. The published code standardises inside the graph and over the whole batch instead, so the applied
    shift is not the clipped one. It also clips inside the graph, where a third of the coordinates get no gradient.

    Args:
        generator: Frozen.
        z: Base latent vector `[1,D]`; not changed.
        preference: Images `[n,3,R,R]` in `[0,1]` to scores `[n]`, differentiable (Eq. 1 for the mean taste vector).
        settings: n, radius, steps, rates and weights.
        runtime: Precision; random numbers for the first shifts, k ~ N(0,1), and the predictor's weights; and the
            progress callback, which receives the mean score and the losses.

    Raises:
        InputError: z is not one row.
    """
    if z.ndim != 2 or len(z) != 1:
        raise InputError(f"shifting takes one latent vector [1,D], not {list(z.shape)}")
    compute, rng = runtime.compute, runtime.random()
    z = z.detach()
    first = torch.randn(settings.n, z.shape[1], generator=rng).to(z.device)
    k = project(first, z, settings.radius, generator.project).requires_grad_()
    separation = _separation(settings, z.shape[1], rng, compute)
    stepper = _stepper(settings, k, separation)
    for step in range(settings.steps):
        losses, images = _losses(generator, z, k, preference, separation, compute)
        total = (
            settings.class_weight * losses["class"]
            + settings.shift_weight * losses.get("shift", torch.zeros((), device=z.device))
            - settings.preference_weight * losses["score"]
        )
        stepper.zero_grad(set_to_none=True)
        total.backward()
        stepper.param_groups[0]["lr"] = settings.learning_rate * cosine_share(
            step / max(1, settings.steps - 1), settings.final_rate
        )
        stepper.step()
        with torch.no_grad():
            k.copy_(project(k, z, settings.radius, generator.project))
        values = {name: value.item() for name, value in losses.items()}
        runtime.on_step(Step("redesigning", step + 1, settings.steps, values, images))
    with torch.no_grad():
        images = generator(z + k).float()
    return Shifted(k.detach(), images, separation.distinct(images))


def _separation(settings: ShiftSettings, latent_dim: int, rng: torch.Generator, compute: Compute) -> Separation:
    if settings.separation == "repulsion":
        return Repulsion(settings.margin)
    return PredictorSeparation(settings.n, latent_dim, rng=rng, compute=compute)


def _stepper(settings: ShiftSettings, k: Tensor, separation: Separation) -> torch.optim.Optimizer:
    """Optimises k, and whatever the separation trains."""
    if settings.optimiser == "sign":  # Adam without memory: gradient / |gradient|
        own: dict[str, Any] = {"params": [k], "betas": (0.0, 0.0), "eps": 1e-30}
    else:
        own = {"params": [k]}
    groups = [own | {"lr": settings.learning_rate}]
    if trained := separation.parameters():
        groups.append({"params": trained, "lr": settings.predictor_rate})
    return torch.optim.Adam(groups)


def _losses(
    generator: Generator, z: Tensor, k: Tensor, preference: Preference, separation: Separation, compute: Compute
) -> tuple[dict[str, Tensor], Tensor]:
    """The terms of L_s, each a mean over the n shifts, and the pictures `[n,3,R,R]` they were computed on."""
    with compute.autocast():
        images = generator(z + k).float()
    return {"score": preference(images).mean(), **separation.losses(images, k)}, images.detach()


def project(
    k: Tensor, z: Tensor, radius: float, onto: Callable[[Tensor], Tensor] = standardise, rounds: int = 8
) -> Tensor:
    """Bring shifts back into the box `|k| <= radius` while `z + k` stays in its space, by alternating projections.

    The box is applied last, so the bound is exact; z + k then has mean 0 and standard deviation 1 to about 1e-3.

    Args:
        k: `[n,D]`.
        z: `[1,D]`, in its space.
        radius: epsilon.
        onto: `Generator.project`; by default, rows are standardised.
        rounds: How often both projections are applied.
    """
    # The nearest float32 may lie above the radius (0.4 does); the bound is meant to hold for readers of any precision.
    bound = torch.nextafter(torch.tensor(radius), torch.tensor(0.0)).item()
    for _ in range(rounds):
        k = (onto(z + k) - z).clamp(-bound, bound)
    return k
