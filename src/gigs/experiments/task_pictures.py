"""Make the pictures of one task, and measure them."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from gigs.experiments.buyers import Wanted
from gigs.experiments.dropout_scorer import DropoutLeftOn
from gigs.experiments.reconstructions import Base, base_of, sampled_base
from gigs.experiments.settings import SUPPORTED
from gigs.experiments.setup import Bench
from gigs.experiments.tasks import BASELINES, PERSONALISED, Task
from gigs.method.redesign import redesign
from gigs.metrics.diversity import opposite_ssim_code, opposite_ssim_pairs
from gigs.metrics.preference import preference_score
from gigs.progress import silent
from gigs.shifting.optimise import Preference, shift


@dataclass(frozen=True)
class Made:
    """One result: its record, what was redesigned (None: nothing was), and the pictures `[n,3,R,R]`."""

    record: dict[str, Any]
    base: Tensor | None
    images: Tensor


def make(bench: Bench, task: Task) -> Made:
    """Make and measure the pictures of one task; the same whatever was made before."""
    started, base = time.perf_counter(), None
    wanted = bench.buyers.audience(task.users)
    noise = torch.Generator().manual_seed(bench.settings.seed * 1_000_003 + task.item + 500_000)
    scorer = _Target(bench, wanted, noise)
    photo = None if task.photo is None else bench.photo(task.photo)
    if task.method in BASELINES:
        assert bench.baseline is not None
        images = bench.baseline.draw(
            scorer, personalised=task.method == PERSONALISED, n=bench.preset.shifting.n, item=task.item,
            rng=bench.rng(task.item), compute=bench.compute,
        )  # fmt: skip
    else:
        base, images = _redesigned(bench, task, wanted, photo, scorer)
    record: dict[str, Any] = {
        "cell": task.cell, "method": task.method, "item": task.item, "users": len(task.users), "seen": task.seen,
    }  # fmt: skip
    if task.photo is not None:
        record["item_id"] = str(bench.catalogue.items["item_id"].iloc[task.photo])
    base_image = None if base is None else base.image
    record |= measured(wanted, photo, base_image, images, scorer)
    record["seconds"] = round(time.perf_counter() - started, 2)
    return Made(record, base_image, images)


def _redesigned(
    bench: Bench, task: Task, wanted: Wanted, photo: Tensor | None, preference: Preference
) -> tuple[Base, Tensor]:
    """By gradient, as Algorithm 1 has it, or towards better-liked real items."""
    preset = bench.preset
    if task.radius is not None:
        preset = replace(preset, shifting=replace(preset.shifting, radius=task.radius))
    if task.photo is None:
        base, rng = sampled_base(bench, task.item)
    else:
        base, rng = base_of(bench, task.photo), bench.rng(task.item)
    if task.method == SUPPORTED:
        shifted, _ = redesign(
            base.generator, photo, base.z, preset, preference, wanted.panel, rng=rng, compute=bench.compute,
            on_step=silent,
        )  # fmt: skip
    else:
        shifted = shift(base.generator, base.z, preference, preset.shifting, rng=rng, compute=bench.compute)
    return base, shifted.images


class _Target:
    """The target's score of pictures for one audience: reliable, or with dropout left on where the protocol says so."""

    def __init__(self, bench: Bench, wanted: Wanted, rng: torch.Generator) -> None:
        self.recommender = bench.models.recommender
        self.theta = wanted.theta.to(bench.compute.device)
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


@torch.no_grad()
def measured(
    wanted: Wanted, photo: Tensor | None, base: Tensor | None, images: Tensor, target: _Target
) -> dict[str, Any]:
    """Scores under the target and, in standard deviations, under every scorer; category; opposite SSIM.

    Args:
        wanted: The audience.
        photo: `[1,3,R,R]` in `[0,1]`, where there is one.
        base: What was redesigned, likewise.
        images: The suggestions, `[n,3,R,R]`.
        target: Its score, in the protocol's way.
    """
    shown = {"photo": photo, "base": base, "suggestions": images}
    names = [name for name, pictures in shown.items() if pictures is not None]
    sizes = [len(shown[name]) for name in names]  # type: ignore[arg-type]
    pictures = torch.cat([each for each in shown.values() if each is not None])
    z: dict[str, dict[str, list[float]]] = {}
    scores: dict[str, list[float]] = {}
    for number, scorer in enumerate(wanted.scorers):
        phi = scorer.recommender.features(pictures)
        z[scorer.name] = _named(names, sizes, scorer.z_of(phi))
        if number == 0:
            scores = _named(names, sizes, target.of_features(phi))
    found: dict[str, Any] = {"scores": scores, "z": z, "opposite_ssim_pairs": _rounded(opposite_ssim_pairs(images))}
    if base is not None:
        found["opposite_ssim_code"] = _rounded(opposite_ssim_code(base, images))
    if photo is not None and wanted.panel is not None:
        family = wanted.panel.family_of(torch.cat([photo, images]))
        found["kept"] = [bool(each) for each in family[1:] == family[0]]
    return found


def _named(names: list[str], sizes: list[int], values: Tensor) -> dict[str, list[float]]:
    return {name: _rounded(part) for name, part in zip(names, values.double().split(sizes), strict=True)}


def _rounded(values: Any) -> list[float]:
    return [round(float(value), 5) for value in values]
