"""Calibrate a pack's inversion gate on held-out photos: how well does this generator redraw what it should know?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gigs.data.catalogue import Catalogue
from gigs.data.select import select
from gigs.errors import DataError, InputError
from gigs.inversion.gate import REFUSED_SHARE, ROUGH_SHARE, STAGES, Gate, Limits, calibrate
from gigs.inversion.optimise import describe, invert
from gigs.inversion.starts import choose_start
from gigs.io import storage
from gigs.method.models import Models
from gigs.method.presets import get_preset
from gigs.progress import OnStep, Step, silent
from gigs.recommender.features import catalogue_phi
from gigs.session import Session
from gigs.vision.compute import Compute
from gigs.vision.images import to_tensor
from gigs.vision.runtime import Runtime

FEWEST = 20
BATCH = 8  # photos optimised together; their rows do not influence one another


@dataclass(frozen=True, kw_only=True)
class GateCalibrationSettings:
    """Which photos, and what the drift counts.

    Attributes:
        photos: How many held-out photos are drawn.
        where: Condition on items: what the generator is for.
        drift_weight: Of the drift in the mismatch (`inversion.gate`).
        seed: Draws the photos.
    """

    photos: int = 200
    where: str = ""
    drift_weight: float = 0.1
    seed: int = 0


def calibrate_gate(
    root: str | Path,
    catalogue: Catalogue,
    settings: GateCalibrationSettings | None = None,
    *,
    compute: Compute | None = None,
    on_step: OnStep = silent,
) -> dict[str, Any]:
    """Set the limits of a pack's gate so that 1 in 4 held-out photos is `rough` and 1 in 20 `refused`.

    Args:
        root: Folder of the pack; its `pack.json` is written anew.
        catalogue: With held-out products that the generator never saw.
        settings: Which photos.
        compute: Precision and layout of the inversion; fp32 on the CPU where not given.
        on_step: Progress.

    Returns:
        What `pack.json` now says under `gate`.

    Raises:
        InputError: The pack has no encoder.
        DataError: Fewer than 20 held-out photos match.
    """
    session, settings = Session(root), settings or GateCalibrationSettings()
    pack = session.pack
    if pack.encoder is None:
        raise InputError(f"pack {pack.name}: has no encoder; train one with `gigs train encoder` and build it in")
    rows = _drawn(catalogue, settings)
    compute = compute or Compute()
    phi = catalogue_phi(pack.recommender, catalogue, image_size=pack.generator.resolution, on_step=on_step)
    mean = torch.from_numpy(phi[catalogue.items["has_image"].to_numpy()].mean(0))
    pictures = (to_tensor(catalogue.images(pack.generator.resolution)[row][None]) for row in rows)
    runtime = Runtime(compute=compute, on_step=on_step)
    signs = measure(session.models(compute), mean, pictures, len(rows), runtime)
    limits = {stage: calibrate(*signs[stage].T, weight=settings.drift_weight) for stage in signs}
    about = {
        "limits": {stage: vars(found) for stage, found in limits.items()},
        "mean": [round(float(value), 5) for value in mean],
        "calibrated": {
            "photos": len(rows),
            "where": settings.where,
            "seed": settings.seed,
            "rough_share": ROUGH_SHARE,
            "refused_share": REFUSED_SHARE,
        },
    }
    storage.write_json(pack.root / "pack.json", pack.info | {"gate": about})
    return about


def _drawn(catalogue: Catalogue, settings: GateCalibrationSettings) -> np.ndarray:
    """Rows of the held-out photos to calibrate on."""
    rows = select(catalogue, catalogue.held_out_items(), settings.where)
    if len(rows) < FEWEST:
        raise DataError(f"{len(rows)} held-out photos to calibrate on, but at least {FEWEST} are needed; widen `where`")
    return np.random.default_rng(settings.seed).permutation(rows)[: settings.photos]


def measure(
    models: Models, mean: Tensor, photos: Iterable[Tensor], total: int, runtime: Runtime
) -> dict[str, np.ndarray]:
    """The gate's signs for photos `[1,3,R,R]`, as the preset `fast` sees them: by stage, `[N,2]` of LPIPS and drift."""
    gate = Gate({stage: Limits(0.0, 0.0, 0.0) for stage in STAGES}, mean)
    settings, encoder = get_preset("fast").inversion.with_generator(models.generator), models.encoder
    assert encoder is not None
    found: dict[str, list[np.ndarray]] = {stage: [] for stage in STAGES}
    quiet = Runtime(compute=runtime.compute)
    waiting, done = iter(photos), 0
    while chunk := list(islice(waiting, BATCH)):
        photo = torch.cat(chunk)
        starts = [
            choose_start(models.generator, each, models.perceptual, encoder, settings, quiet.started())
            for each in chunk
        ]
        best = invert(models.generator, photo, models.perceptual, settings, start=torch.cat(starts), runtime=quiet)
        with torch.no_grad():
            draft = describe(models.generator, photo, models.perceptual, encoder(photo))
            phi = models.recommender.features(torch.cat([photo, draft.images, best.images])).split(len(chunk))
        for stage, inversion, features in ((STAGES[0], draft, phi[1]), (STAGES[1], best, phi[2])):
            signs = torch.stack([inversion.lpips, gate.drift(phi[0], features)], dim=1)
            found[stage].append(signs.double().cpu().numpy())
        done += len(chunk)
        runtime.on_step(Step("calibrating the gate", done, total))
    return {stage: np.concatenate(parts) for stage, parts in found.items()}
