"""Make the pictures of one task, and measure them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from gigs.audience import Audience
from gigs.experiments.dropout_scorer import DropoutLeftOn
from gigs.experiments.reconstructions import Start, sampled_start, start_of
from gigs.experiments.settings import SUPPORTED
from gigs.experiments.setup import Bench
from gigs.experiments.tasks import BASELINES, PERSONALISED, Task
from gigs.method.redesign import redesign
from gigs.metrics.diversity import opposite_ssim_code, opposite_ssim_pairs
from gigs.metrics.preference import preference_score
from gigs.shifting.optimise import Preference, shift
from gigs.verify.panel import Panel
from gigs.verify.scorer import Scorer
from gigs.vision.runtime import Runtime


@dataclass(frozen=True)
class Made:
    """One result: its record, what was redesigned (None: nothing was), and the pictures `[n,3,R,R]`."""

    record: dict[str, Any]
    base: Tensor | None
    images: Tensor


def make(bench: Bench, task: Task) -> Made:
    """Make and measure the pictures of one task; the same whatever was made before."""
    began, start = time.perf_counter(), None
    audience = bench.buyers.audience(task.users)
    panel = bench.buyers.panel_for(audience)
    noise = torch.Generator().manual_seed(bench.settings.seed * 1_000_003 + task.item + 500_000)
    target = _Target(bench, audience, noise)
    if task.method in BASELINES:
        assert bench.baseline is not None
        images = bench.baseline.draw(
            target, personalised=task.method == PERSONALISED, n=bench.preset.shifting.n, item=task.item,
            rng=bench.rng(task.item), compute=bench.compute,
        )  # fmt: skip
    else:
        start, images = _redesigned(bench, task, panel, target)
    record: dict[str, Any] = {
        "cell": task.cell, "method": task.method, "item": task.item, "users": len(task.users), "seen": task.seen,
    }  # fmt: skip
    if task.photo is not None:
        record["item_id"] = str(bench.catalogue.items["item_id"].iloc[task.photo])
    base = None if start is None else start.reconstruction.image
    shown = Shown(None if task.photo is None else bench.photo(task.photo), base, images)
    record |= measured(shown, bench.buyers.scorers(audience), panel, target)
    record["seconds"] = round(time.perf_counter() - began, 2)
    return Made(record, base, images)


def _redesigned(bench: Bench, task: Task, panel: Panel | None, preference: Preference) -> tuple[Start, Tensor]:
    """By gradient, as Algorithm 1 has it, or towards better-liked real items."""
    preset = bench.preset
    if task.radius is not None:
        preset = replace(preset, shifting=replace(preset.shifting, radius=task.radius))
    if task.photo is None:
        start, rng = sampled_start(bench, task.item)
    else:
        start, rng = start_of(bench, task.photo), bench.rng(task.item)
    base, runtime = start.reconstruction, Runtime(compute=bench.compute, rng=rng)
    if task.method == SUPPORTED:
        shifted, _ = redesign(base, preset, preference, panel, bench.models.perceptual, runtime)
    else:
        shifted = shift(base.generator, base.z, preference, preset.shifting, runtime=runtime)
    return start, shifted.images


class _Target:
    """The target's score of pictures for one audience: reliable, or with dropout left on where the protocol says so."""

    def __init__(self, bench: Bench, audience: Audience, rng: torch.Generator) -> None:
        self.recommender = bench.models.recommender
        self.theta = audience.theta.to(bench.compute.device)
        self.noisy = None
        if bench.protocol.dropout:
            self.noisy = DropoutLeftOn(self.recommender, self.theta, rate=bench.protocol.dropout, rng=rng)

    def __call__(self, images: Tensor) -> Tensor:
        """Scores `[N]`, differentiable."""
        return self.of_features(self.recommender.features(images))

    def of_features(self, phi: Tensor) -> Tensor:
        """The same from features `[N,K]`."""
        if self.noisy is not None:
            return self.noisy.of_features(phi)
        return phi @ self.theta if phi.requires_grad else preference_score(phi, self.theta)


@dataclass(frozen=True)
class Shown:
    """What a task is measured on: photo and base `[1,3,R,R]` where there are any, and the suggestions `[n,3,R,R]`."""

    photo: Tensor | None
    base: Tensor | None
    suggestions: Tensor


@torch.no_grad()
def measured(shown: Shown, scorers: Sequence[Scorer], panel: Panel | None, target: _Target) -> dict[str, Any]:
    """Scores under the target and, in standard deviations, under every scorer; category; opposite SSIM.

    Args:
        shown: The pictures, in `[0,1]`.
        scorers: With the audience's tastes, the target first; helpers are passed over.
        panel: For the audience, where there is one.
        target: Its score, in the protocol's way.
    """
    named = {name: pictures for name, pictures in vars(shown).items() if pictures is not None}
    names, sizes = list(named), [len(pictures) for pictures in named.values()]
    pictures = torch.cat(list(named.values()))
    z: dict[str, dict[str, list[float]]] = {}
    scores: dict[str, list[float]] = {}
    for number, scorer in enumerate(one for one in scorers if one.role != "helper"):
        phi = scorer.recommender.features(pictures)
        z[scorer.name] = _named(names, sizes, scorer.z_of(phi))
        if number == 0:
            scores = _named(names, sizes, target.of_features(phi))
    found: dict[str, Any] = {
        "scores": scores, "z": z, "opposite_ssim_pairs": _rounded(opposite_ssim_pairs(shown.suggestions)),
    }  # fmt: skip
    if shown.base is not None:
        found["opposite_ssim_code"] = _rounded(opposite_ssim_code(shown.base, shown.suggestions))
    if shown.photo is not None and panel is not None:
        family = panel.family_of(torch.cat([shown.photo, shown.suggestions]))
        found["kept"] = [bool(each) for each in family[1:] == family[0]]
    return found


def _named(names: list[str], sizes: list[int], values: Tensor) -> dict[str, list[float]]:
    return {name: _rounded(part) for name, part in zip(names, values.double().split(sizes), strict=True)}


def _rounded(values: Any) -> list[float]:
    return [round(float(value), 5) for value in values]
