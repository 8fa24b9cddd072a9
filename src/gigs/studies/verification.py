"""A study: many held-out photos, several audiences, every redesign judged, with the controls beside it.

One record a photo and audience goes to a JSON Lines file, so that an interrupted study goes on where it stopped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gigs.data.catalogue import Catalogue
from gigs.data.select import select
from gigs.errors import InputError
from gigs.inversion.reconstruction import Reconstruction
from gigs.method.presets import Preset
from gigs.method.reconstruct import reconstruct
from gigs.method.redesign import picked, ranking, redesign
from gigs.progress import OnStep, Step, silent
from gigs.session import Session
from gigs.verify.controls import pixel_attack, random_shifts
from gigs.verify.panel import Panel
from gigs.verify.promise import granted
from gigs.verify.verification import verify
from gigs.vision.images import to_tensor
from gigs.vision.runtime import Runtime

ATTACKED_EVERY = 4  # an attack takes as long as a redesign; one photo in so many is attacked


@dataclass(frozen=True, kw_only=True)
class StudySettings:
    """For whom, which photos, and which of them to leave to other uses.

    Attributes:
        audiences: Of the pack, by name.
        photos: How many held-out photos.
        skip: Photos of the same draw to pass over: those that limits were calibrated on.
        where: Condition on items: what the generator is for.
        seed: Draws the photos.
        attack_every: One photo in so many gets the pixel attack.
    """

    audiences: tuple[str, ...] = ("everyone",)
    photos: int = 100
    skip: int = 0
    where: str = ""
    seed: int = 0
    attack_every: int = ATTACKED_EVERY

    def __post_init__(self) -> None:
        if not self.audiences or self.photos < 1 or self.skip < 0 or self.attack_every < 1:
            raise InputError("a study needs 1 audience and 1 photo or more, and a skip of 0 or more")


def study(
    session: Session,
    catalogue: Catalogue,
    preset: Preset,
    settings: StudySettings,
    out: Path,
    *,
    on_step: OnStep = silent,
) -> list[dict[str, Any]]:
    """Redesign and judge held-out photos for every audience.

    Args:
        session: Of a pack with judges. Photos that its gate refuses are counted and left out, as `gigs suggest` would.
        catalogue: With held-out products.
        preset: Of the redesigns.
        settings: Which photos, and for whom.
        out: JSON Lines file; records in it are not made again.
        on_step: Progress.

    Returns:
        One record a photo and audience, in order.

    Raises:
        InputError: The pack has no judges, or there are too few photos.
    """
    audiences = settings.audiences
    bench = _Bench(session, audiences, preset)
    rows = drawn_photos(catalogue, settings)
    pictures = catalogue.images(session.generator.resolution)
    known = _read(out)
    wanted = [(int(row), audience) for row in rows for audience in audiences]
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("a", encoding="utf-8") as handle:
        for number, row in enumerate(rows):
            if any((int(row), audience) not in known for audience in audiences):
                photo = to_tensor(pictures[row]).to(session.device)
                for record in bench.photo(photo, int(row), attack=number % settings.attack_every == 0):
                    if (record["photo"], record["audience"]) not in known:
                        known[record["photo"], record["audience"]] = record
                        handle.write(json.dumps(record) + "\n")
                handle.flush()
            on_step(Step("judging redesigns", number + 1, len(rows)))
    return [known[key] for key in wanted]


def drawn_photos(catalogue: Catalogue, settings: StudySettings) -> np.ndarray:
    """Rows of the held-out photos, in a fixed random order.

    Raises:
        InputError: There are too few.
    """
    rows = select(catalogue, catalogue.held_out_items(), settings.where)
    drawn = np.random.default_rng(settings.seed).permutation(rows)[settings.skip :][: settings.photos]
    if len(drawn) < settings.photos:
        raise InputError(f"{len(rows)} held-out photos, {settings.skip} passed over: {settings.photos} are not left")
    return drawn


def _read(path: Path) -> dict[tuple[int, str], dict[str, Any]]:
    """Records of an earlier call; a last line that was cut off is made again."""
    known = {}
    if path.is_file():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                record = json.loads(line)
            except json.JSONDecodeError:
                continue
            known[record["photo"], record["audience"]] = record
    return known


class _Bench:
    """Models and panels of a study, put together once."""

    def __init__(self, session: Session, audiences: Sequence[str], preset: Preset) -> None:
        session.pack.scorers  # noqa: B018 - raises where there are no judges
        self._compute = session.compute(preset)
        self._models, self._gate, self._preset = session.models(self._compute), session.gate, preset
        panels = {name: session.panel(session.pack.audience(name)) for name in audiences}
        self._panels = {name: panel for name, panel in panels.items() if panel is not None}

    def photo(self, photo: Tensor, row: int, *, attack: bool) -> Iterator[dict[str, Any]]:
        """One record an audience."""
        base = reconstruct(self._models, photo, self._preset, gate=self._gate, runtime=self._runtime())
        assert base.inversion is not None
        grade = None if base.gate is None else base.gate.grade
        for audience, panel in self._panels.items():
            record: dict[str, Any] = {
                "photo": row, "audience": audience, "gate": grade, "lpips": float(base.inversion.lpips[0]),
            }  # fmt: skip
            if grade != "refused":
                record |= self._judged(panel, base, attack)
            yield record

    def _runtime(self) -> Runtime:
        return Runtime(compute=self._compute).started()

    def _judged(self, panel: Panel, base: Reconstruction, attack: bool) -> dict[str, Any]:
        """Gains of the redesigns and of the controls, under every scorer, against the photo."""
        photo, perceptual, runtime = base.photo, self._models.perceptual, self._runtime()
        assert photo is not None
        shifted, dropped = redesign(base, self._preset, panel.target.z, panel, perceptual, runtime)
        with torch.no_grad():
            scores = panel.target.z(shifted.images)
            shifted = picked(shifted, ranking(shifted.images, scores, panel, photo, self._preset.objective))
            said = verify(panel, base, shifted, perceptual, replaced=dropped)
            with self._compute.autocast():
                elsewhere = base.generator(random_shifts(base.z, shifted.shifts, runtime.random())).float()
            lpips = perceptual.distance_to(perceptual.target(base.image), shifted.images)
        gain = float((panel.target.z(shifted.images) - panel.target.z(photo)).mean().detach())
        shown = {"suggestions": shifted.images, "reconstruction": base.image, "random shifts": elsewhere}
        if attack and gain > 0:
            shown["pixel attack"] = pixel_attack(photo, panel.target, gain)
        checks, summary = said.checks, said.summary
        return {
            "gains": {name: _gains(panel, photo, images) for name, images in shown.items()},
            "nearest_gain": _nearest_gains(panel, photo, checks[0].nearest_item.row),
            "ceilings": {one.name: round(one.ceiling, 4) for one in summary.judges},
            "errors": _errors(panel, photo, shifted.images),
            "believed": [_rounded(vars(one.verdict)) for one in checks],
            "kept": summary.category.kept,
            "dropped": dropped,
            "rarity": [round(one.nearest_item.rarity, 4) for one in checks],
            "lpips_to_reconstruction": float(lpips.mean()),
            "diversity": _rounded(vars(summary.diversity)),
        }


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in values.items()}


@torch.no_grad()
def _gains(panel: Panel, photo: Tensor, images: Tensor) -> dict[str, list[float]]:
    """By scorer, the gain of each picture against the photo, in z."""
    both = torch.cat([photo, images])
    z = {scorer.name: scorer.z(both) for scorer in (*panel.targets, *panel.judges)}
    return {name: [round(float(value - values[0]), 4) for value in values[1:]] for name, values in z.items()}


@torch.no_grad()
def _nearest_gains(panel: Panel, photo: Tensor, row: int | None) -> dict[str, float]:
    """By scorer, what the real item nearest to the first redesign is above the photo, in z."""
    return {
        scorer.name: round(float(panel.gallery.scores[scorer.name, panel.audience][row] - scorer.z(photo)[0]), 4)
        for scorer in (*panel.targets, *panel.judges)
    }


@torch.no_grad()
def _errors(panel: Panel, photo: Tensor, images: Tensor) -> dict[str, float]:
    """By judge, the standard error of the redesigns' mean gain over its audience's users, in z."""
    found = {}
    for judge in panel.judges:
        phi = judge.recommender.features(torch.cat([photo, images]))
        found[judge.name] = round(granted(judge.name, judge.taste, phi[:1], phi[1:]).error, 4)
    return found
