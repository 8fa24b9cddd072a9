"""Trains the prior of a latent flow: what coarse pictures of products look like, and how likely each is."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_

from gigs.errors import ModelError
from gigs.generator.families.flow_conditions import dropped
from gigs.generator.families.flow_path import FlowPath
from gigs.generator.families.flow_prior import FlowPrior
from gigs.generator.train.latents import Latents
from gigs.io import storage
from gigs.progress import OnStep, Step, silent

BATCH = 512
RATE = 1e-3
SLOWEST = 0.02  # of the rate, to which it falls in the second half
WARM_UP = 200
EMA = 0.998
LONGEST_GRADIENT = 1.0
KEPT_EVERY = 500  # steps between checkpoints
ENCODED = 1000  # photos at a time


@dataclass(frozen=True)
class PriorExamples:
    """What a prior learns from.

    Attributes:
        coordinates: `[photos,views,directions]`, of variance 1.
        labels: `[photos,conditions]` int64.
        odds: `[photos]`, how often each is shown.
        lengths: `[directions]`, of the coordinates in latents: an error counts as much as its coordinate is long.
    """

    coordinates: Tensor
    labels: Tensor
    odds: Tensor
    lengths: Tensor


@dataclass(frozen=True)
class PriorTrainSettings:
    """One training run of a prior; `drop_each`, `drop_every` as in `FlowTrainSettings`."""

    examples: int
    drop_each: float
    drop_every: float
    seed: int


def coordinates_of(latents: Latents, path: FlowPath) -> Tensor:
    """`[photos,views,directions]` of all latents."""
    photos, views = latents.array.shape[:2]
    found = torch.zeros(photos, views, len(path.directions))
    for start in range(0, photos, ENCODED):
        rows = torch.arange(start, min(start + ENCODED, photos))
        for view in range(views):
            normal = path.normal(latents.scaled(rows, torch.full_like(rows, view)))
            found[rows, view] = path.coordinates(normal)
    return found


def train_prior(
    prior: FlowPrior,
    data: PriorExamples,
    settings: PriorTrainSettings,
    file: Path,
    *,
    about: dict[str, Any],
    bf16: bool = False,
    on_step: OnStep = silent,
) -> None:
    """Train a prior in place; it has the averaged weights in the end.

    It runs on the CPU, where it shows about 3,000 examples a second. A run that was stopped goes on from `file`, with
    the same result.

    Args:
        prior: Untrained.
        data: Coordinates and conditions.
        settings: Of the training.
        file: Checkpoint, and the record of a finished run.
        about: What tells this run from others; JSON-able.
        bf16: Multiply matrices in bf16, which is twice as fast or more where the processor can.
        on_step: Progress.

    Raises:
        ModelError: The loss is not finite.
    """
    run = _Run(prior, settings, bf16)
    if file.is_file():
        run.load(torch.load(file, weights_only=True), about)
    steps = -(-settings.examples // BATCH)
    while run.done < steps:
        loss = run.step(data, run.done / steps)
        if not torch.isfinite(loss):
            raise ModelError(f"the prior's loss is not finite after {run.done * BATCH:,} examples")
        if run.done % KEPT_EVERY == 0 or run.done == steps:
            storage.write_atomic(file, partial(_write, run.state(about)))
        on_step(Step("training the prior", run.done * BATCH, steps * BATCH, {"loss": loss.item()}))
    prior.load_state_dict(run.averaged.state_dict())


def _write(state: dict[str, Any], path: Path) -> None:
    torch.save(state, path)


class _Run:
    def __init__(self, prior: FlowPrior, settings: PriorTrainSettings, bf16: bool) -> None:
        self.prior, self.settings, self.bf16 = prior.train(), settings, bf16
        self.averaged = copy.deepcopy(prior)
        self.optimiser = torch.optim.Adam(prior.parameters(), lr=RATE, betas=(0.9, 0.99), fused=True)
        self.rng = torch.Generator().manual_seed(settings.seed)
        self.done = 0

    def step(self, data: PriorExamples, share: float) -> Tensor:
        """One batch; `share` of the run has been done."""
        rng, settings = self.rng, self.settings
        rows = torch.multinomial(data.odds, BATCH, replacement=True, generator=rng)
        views = torch.randint(0, data.coordinates.shape[1], (BATCH,), generator=rng)
        goal = data.coordinates[rows, views]
        told = dropped(data.labels[rows], settings.drop_each, settings.drop_every, rng)
        noise = torch.randn(goal.shape, generator=rng)
        time = torch.randn(BATCH, generator=rng).sigmoid()
        points = torch.lerp(goal, noise, time[:, None])
        weights = data.lengths / data.lengths.mean()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.bf16):
            velocity = self.prior(points, time, told)
        loss = (weights * F.mse_loss(velocity.float(), noise - goal, reduction="none")).mean()
        self.optimiser.param_groups[0]["lr"] = (
            RATE * min(1.0, (self.done + 1) / WARM_UP) * max(SLOWEST, min(1.0, 2 - 2 * share))
        )
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        clip_grad_norm_(self.prior.parameters(), LONGEST_GRADIENT)
        self.optimiser.step()
        self.done += 1
        _average(self.averaged, self.prior, min(EMA, (1 + self.done) / (10 + self.done)))
        return loss.detach()

    def state(self, about: dict[str, Any]) -> dict[str, Any]:
        """Everything that a stopped run needs."""
        return {
            "about": about,
            "done": self.done,
            "prior": self.prior.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "rng": self.rng.get_state(),
        }

    def load(self, state: dict[str, Any], about: dict[str, Any]) -> None:
        """Take up a stopped run, if it is the same one."""
        if state["about"] != about:
            return
        self.done = state["done"]
        self.prior.load_state_dict(state["prior"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.rng.set_state(state["rng"])


@torch.no_grad()
def _average(averaged: nn.Module, module: nn.Module, decay: float) -> None:
    for mean, new in zip(averaged.parameters(), module.parameters(), strict=True):
        mean.lerp_(new, 1 - decay)
