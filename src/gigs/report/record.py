"""What goes into `result.json`."""

from __future__ import annotations

import math
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

import torch

from gigs.audience import Audience
from gigs.explain.explanation import Explained
from gigs.inversion.gate import BLANK, is_blank
from gigs.method.pipeline import Suggestions
from gigs.method.presets import Preset
from gigs.vision.compute import Compute
from gigs.vision.images import Fit

SCHEMA = 1
# Where no gate was calibrated (a pack of one's own, another generator): a first caution, read off 20 photos.
POOR_LPIPS = 0.30
CAUTION = (
    "The computer did not redraw this product well, so the redesigns may be of another kind of product. "
    "Try a plain front view on an even, light backdrop, or more steps."
)


@dataclass(frozen=True)
class Origin:
    """Where a result comes from, for its record."""

    photo: str | None
    fit: Fit | None
    pack: str
    models: dict[str, dict[str, Any]]
    audience_label: str
    percentile: Callable[[float], float | None]


def record_of(
    found: Suggestions,
    said: Explained,
    audience: Audience,
    preset: Preset,
    origin: Origin,
    seed: int,
    compute: Compute,
) -> dict[str, Any]:
    """The content of `result.json`; `docs/result.md` describes every field."""
    return {
        "schema": SCHEMA,
        "preset": preset.name,
        "settings": {
            "inversion": asdict(preset.inversion),
            "tuning": asdict(preset.tuning) if preset.tuning else None,
            "shifting": asdict(preset.shifting),
            "support": asdict(preset.support) if preset.support else None,
            "budget": preset.budget,
        },
        "seed": seed,
        "device": compute.device,
        "compute": compute.describe(),
        "seconds": {stage: round(seconds, 3) for stage, seconds in found.seconds.items()},
        "pack": origin.pack,
        "models": origin.models,
        "audience": {
            "name": audience.name,
            "label": origin.audience_label,
            "users": audience.users,
            "scored_users": audience.scored_users,
            "privacy": audience.privacy,
        },
        "objective": found.objective,
        "photo": _photo(found, origin),
        "reconstruction": _reconstruction(found, origin) | {"changes": said.redrawing_record()},
        "gate": asdict(found.verdict) if found.verdict else None,
        "suggestions": [
            _suggestion(found, origin, row) | {"changes": said.record(row, f"change-{row + 1}.png")}
            for row in range(len(found.scores))
        ],
        "distinct": _finite(found.shifted.distinct),
        "verified": found.verification is not None,
        **({} if found.verification is None else found.verification.result),
        "versions": {"gigs": version("gigs"), "torch": torch.__version__, "python": platform.python_version()},
    }


def _photo(found: Suggestions, origin: Origin) -> dict[str, Any] | None:
    if found.photo_score is None:
        return None
    return {
        "file": "photo.png",
        "raw": "raw/photo.png",
        "source": origin.photo,
        "score": _finite(found.photo_score),
        "percentile": origin.percentile(found.photo_score),
    }


def _reconstruction(found: Suggestions, origin: Origin) -> dict[str, Any]:
    sampled = found.photo is None
    return {
        "file": "reconstruction.png",
        "raw": "raw/reconstruction.png",
        "score": _finite(found.base_score),
        "percentile": origin.percentile(found.base_score),
        "lpips": None if sampled else _finite(found.base.lpips[0].item()),
        "mse": None if sampled else _finite(found.base.mse[0].item()),
        "lpips_before_tuning": None if sampled else _finite(found.pivot.lpips[0].item()),
        "caution": None if sampled else _caution(found),
        "steps": found.pivot.steps,
        "found_at_step": None if sampled else int(found.base.found_at[0]),
    }


def _caution(found: Suggestions) -> str | None:
    """For a picture of one colour that it is one; else the gate's words; without a gate, a caution at a high LPIPS."""
    if found.photo is not None and is_blank(found.photo):
        return BLANK
    if found.verdict is not None:
        return found.verdict.words or None
    return CAUTION if found.pivot.lpips[0].item() > POOR_LPIPS else None


def _suggestion(found: Suggestions, origin: Origin, row: int) -> dict[str, Any]:
    score = found.scores[row].item()
    said = found.verification
    return {
        "file": f"suggestion-{row + 1}.png",
        "raw": f"raw/suggestion-{row + 1}.png",
        "score": _finite(score),
        "percentile": origin.percentile(score),
        "gain_vs_photo": None if found.photo_score is None else _finite(score - found.photo_score),
        "gain_vs_reconstruction": _finite(score - found.base_score),
        "lpips_to_reconstruction": _finite(found.lpips_to_base[row].item()),
        "max_abs_shift": _finite(found.shifted.shifts[row].abs().max().item()),
        **({} if said is None else {"believed": said.believed[row].record(), **said.suggestions[row]}),
    }


def _finite(value: float) -> float | None:
    """JSON has no NaN."""
    return value if math.isfinite(value) else None
