"""A study: many held-out photos, several audiences, every redesign judged, with the controls beside it.

One record a photo and audience goes to a JSON Lines file, so that an interrupted study goes on where it stopped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gigs.data.catalogue import Catalogue
from gigs.data.select import select
from gigs.errors import InputError
from gigs.inversion.gate import Gate
from gigs.method.pipeline import Models, graded, reconstruct
from gigs.method.presets import Preset
from gigs.method.redesign import checked, redesign
from gigs.progress import OnStep, Step, silent
from gigs.verify.controls import pixel_attack, random_shifts
from gigs.verify.panel import Panel
from gigs.verify.verification import granted
from gigs.vision.compute import Compute
from gigs.vision.images import to_tensor

ATTACKED_EVERY = 4  # an attack takes as long as a redesign; one photo in so many is attacked


@dataclass(frozen=True, kw_only=True)
class StudySettings:
    """Which photos, and which of them to leave to other uses.

    Attributes:
        photos: How many held-out photos.
        skip: Photos of the same draw to pass over: those that limits were calibrated on.
        where: Condition on items: what the generator is for.
        seed: Draws the photos.
        attack_every: One photo in so many gets the pixel attack.
    """

    photos: int = 100
    skip: int = 0
    where: str = ""
    seed: int = 0
    attack_every: int = ATTACKED_EVERY

    def __post_init__(self) -> None:
        if self.photos < 1 or self.skip < 0 or self.attack_every < 1:
            raise InputError("a study needs 1 photo or more, and a skip of 0 or more")


def study(
    models: Models,
    panels: Mapping[str, Panel],
    gate: Gate | None,
    catalogue: Catalogue,
    preset: Preset,
    settings: StudySettings,
    out: Path,
    *,
    compute: Compute,
    on_step: OnStep = silent,
) -> list[dict[str, Any]]:
    """Redesign and judge held-out photos for every audience.

    Args:
        models: Of the pack.
        panels: By audience.
        gate: Photos that it refuses are counted and left out, as `gigs suggest` would.
        catalogue: With held-out products.
        preset: Of the redesigns.
        settings: Which photos.
        out: JSON Lines file; records in it are not made again.
        compute: Precision and layout.
        on_step: Progress.

    Returns:
        One record a photo and audience, in order.
    """
    rows = drawn_photos(catalogue, settings)
    pictures = catalogue.images(models.generator.resolution)
    known = _read(out)
    wanted = [(int(row), audience) for row in rows for audience in panels]
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("a", encoding="utf-8") as handle:
        for number, row in enumerate(rows):
            if any((int(row), audience) not in known for audience in panels):
                photo = to_tensor(pictures[row]).to(compute.device)
                attack = number % settings.attack_every == 0
                for record in _photo(models, panels, gate, photo, preset, int(row), attack, compute):
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


def _photo(
    models: Models,
    panels: Mapping[str, Panel],
    gate: Gate | None,
    photo: Tensor,
    preset: Preset,
    row: int,
    attack: bool,
    compute: Compute,
) -> list[dict[str, Any]]:
    rng = torch.Generator().manual_seed(0)
    base = reconstruct(models, photo, preset, rng=rng, compute=compute)
    grade = None if gate is None else graded(models, gate, photo, base, preset).grade
    found = []
    for audience, panel in panels.items():
        record: dict[str, Any] = {"photo": row, "audience": audience, "gate": grade, "lpips": float(base.lpips[0])}
        if grade != "refused":
            record |= _judged(models, panel, photo, base.z, base.images, preset, attack, compute)
        found.append(record)
    return found


def _judged(
    models: Models,
    panel: Panel,
    photo: Tensor,
    z: Tensor,
    base: Tensor,
    preset: Preset,
    attack: bool,
    compute: Compute,
) -> dict[str, Any]:
    """Gains of the redesigns and of the controls, under every scorer, against the photo."""
    rng = torch.Generator().manual_seed(0)
    generator = models.generator
    shifted, dropped = redesign(
        generator, photo, z, preset, panel.target.z, panel, rng=rng, compute=compute, on_step=silent
    )
    with torch.no_grad():
        scores = panel.target.z(shifted.images)
        shifted, _, said = checked(
            generator, models.perceptual, photo, base, z, shifted, scores, panel, dropped, seed=0
        )
        assert said is not None
        with compute.autocast():
            elsewhere = generator(random_shifts(z, shifted.shifts, rng)).float()
        lpips = models.perceptual.distance_to(models.perceptual.target(base), shifted.images)
    gain = float((panel.target.z(shifted.images) - panel.target.z(photo)).mean().detach())
    shown = {"suggestions": shifted.images, "reconstruction": base, "random shifts": elsewhere}
    if attack and gain > 0:
        shown["pixel attack"] = pixel_attack(photo, panel.target, gain)
    return {
        "gains": {name: _gains(panel, photo, images) for name, images in shown.items()},
        "nearest_gain": _nearest_gains(panel, photo, said.suggestions[0]["nearest_item"]["item_id"]),
        "ceilings": {one["name"]: one["ceiling"] for one in said.result["judges"]},
        "errors": _errors(panel, photo, shifted.images),
        "believed": [one.record() for one in said.believed],
        "kept": said.result["category"]["kept"],
        "dropped": dropped,
        "rarity": [one["nearest_item"]["rarity"] for one in said.suggestions],
        "lpips_to_reconstruction": float(lpips.mean()),
        "diversity": said.result["diversity"],
    }


@torch.no_grad()
def _gains(panel: Panel, photo: Tensor, images: Tensor) -> dict[str, list[float]]:
    """By scorer, the gain of each picture against the photo, in z."""
    both = torch.cat([photo, images])
    z = {scorer.name: scorer.z(both) for scorer in (*panel.targets, *panel.judges)}
    return {name: [round(float(value - values[0]), 4) for value in values[1:]] for name, values in z.items()}


@torch.no_grad()
def _nearest_gains(panel: Panel, photo: Tensor, item: str) -> dict[str, float]:
    """By scorer, what the real item nearest to the first redesign is above the photo, in z."""
    row = panel.gallery.ids.index(item)
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
        found[judge.name] = round(granted(judge, phi[:1], phi[1:]).error, 4)
    return found
