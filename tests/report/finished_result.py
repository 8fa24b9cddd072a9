"""A finished result in a folder, as `gigs suggest` leaves it, without running any network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gigs.batch import seal
from gigs.explain.explanation import description_of, explain
from gigs.io import storage
from gigs.report.page import render_page
from gigs.result import Result
from gigs.result.pictures import CONCEPT
from gigs.result.result import file_names, plain
from gigs.vision.images import save_png, to_tensor

COLOURS = ((150, 185, 220), (25, 30, 65), (190, 30, 40), (120, 120, 122))


def write_finished(
    folder: Path, *, verified: bool = True, photo: bool = True, shared: bool = True, gains=(0.4, 1.2, -0.3), **more
) -> Result:
    """Write pictures, `result.json` (with `more` in it), `report.html` and the manifest; returns the result.

    Redesigns are numbered in the order of `gains`, which need not be the order of what is believed.
    """
    count = len(gains)
    base, *designs = (picture(COLOURS[number % 4]) for number in range(count + 1))
    names = {"photo": base, "reconstruction": base, **{f"suggestion-{n + 1}": one for n, one in enumerate(designs)}}
    for name, image in names.items():
        note = None if name == "photo" else CONCEPT
        for place in (folder / f"{name}.png", folder / "raw" / f"{name}.png"):
            save_png(image, place, note=note)
    said = explain(base[None] if photo else None, base[None], torch.stack(designs), kind="Dress")
    for number in range(count):
        save_png(said.map(number), folder / f"change-{number + 1}.png", note=CONCEPT)
        save_png(designs[number], folder / f"nearest-{number + 1}.png", note=CONCEPT)
    record = _record(verified, photo, gains) | more
    if verified and not shared:
        for entry in record["suggestions"]:
            del entry["share"]
        for name in ("share", "told_apart", "purchases"):
            del record["verification"][name]
    record["reconstruction"]["changes"] = None if said.redrawing is None else plain(description_of(said.redrawing))
    for row, entry in enumerate(record["suggestions"]):
        entry["changes"] = plain(description_of(said.changes[row], f"change-{row + 1}.png"))
    storage.write_bytes(folder / "contact-sheet.png", b"old")
    storage.write_json(folder / "result.json", record)
    result = Result.read(folder)
    storage.write_text(folder / "report.html", render_page(result, folder.name))
    seal(folder, file_names(count), "request")
    return result


def spoilt(folder: Path, spoil: Callable[[dict[str, Any]], object]) -> None:
    """Change what `result.json` says."""
    record = storage.read_json(folder / "result.json")
    spoil(record)
    storage.write_json(folder / "result.json", record)


def picture(colour: tuple[int, int, int]) -> torch.Tensor:
    """A garment `[3,48,36]` of one colour on a light backdrop."""
    pixels = np.full((48, 36, 3), 240, dtype=np.uint8)
    pixels[8:40, 8:28] = colour
    return to_tensor(pixels)[0]


def _record(verified: bool, photo: bool, gains: tuple[float, ...]) -> dict[str, Any]:
    auc = {"value": 0.66, "low": 0.63, "high": 0.69, "n": 400}
    line = {"photo_z": 0.1, "reconstruction_z": 0.0, "suggestions_z": [0.1 + gain for gain in gains], "auc": auc}
    record = {
        "schema": 2, "preset": "fast", "seed": 0, "device": "cpu", "compute": {}, "pack": "small", "models": {},
        "settings": {"inversion": {}, "tuning": None, "shifting": {}, "support": None, "budget": None},
        "seconds": {"inversion": 1.0, "tuning": 0.0, "shifting": 1.0, "verification": 1.0, "total": 3.0},
        "audience": {"name": "women", "label": "women's buyers", "users": 424, "scored_users": 424},
        "photo": {"score": 0.1, "percentile": 0.4, "source": "dress.jpg", **_files("photo")} if photo else None,
        "reconstruction": {
            "score": 0.0, "percentile": 0.35, "lpips": 0.2, "mse": 0.01, "lpips_before_tuning": 0.2, "caution": None,
            "steps": 80, "found_at_step": 60, **_files("reconstruction"),
        },
        "gate": None, "distinct": 1.0, "objective": "mean", "verification": None,
        "suggestions": [_suggestion(number, gain, verified, photo) for number, gain in enumerate(gains, start=1)],
        "versions": {"gigs": "0.1.0", "torch": "2.10", "python": "3.11"},
    }  # fmt: skip
    if verified:
        record["verification"] = {
            "verdict": {"verdict": "likely", "gain": 0.5, "low": 0.1, "high": 0.9},
            "target": {"name": "main", **line},
            "judges": [{"name": name, "ceiling": 0.6, "weak": False, **line} for name in ("first", "second")],
            "retained": [{"judge": name, "gain": 0.5, "share": 0.6, "ceiling": 0.6} for name in ("first", "second")],
            "category": {
                "photo": "Dress", "family": "Dress", "told": False, "probability": 0.9, "kept": len(gains),
                "replaced": 1, "accuracy": 0.9,
            },
            "diversity": {"lpips": 0.2, "lpips_least": 0.1, "one_minus_ssim": 0.3, "one_minus_ssim_least": 0.2},
            "users_drawn": 1000, "share": {"of_100": 54.0, "low": 50.4, "high": 57.6}, "told_apart": False,
            "purchases": 9876,
        }  # fmt: skip
    return record


def _files(name: str) -> dict[str, str]:
    return {"file": f"{name}.png", "raw": f"raw/{name}.png"}


def _suggestion(number: int, gain: float, verified: bool, photo: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "check": None, "score": 0.1 + gain, "percentile": 0.5, "gain_vs_photo": gain if photo else None,
        "gain_vs_reconstruction": gain, "lpips_to_reconstruction": 0.1, "max_abs_shift": 0.3,
        **_files(f"suggestion-{number}"),
    }  # fmt: skip
    if verified:
        low, high = gain - 0.3, gain + 0.3
        entry["share"] = {"of_100": 50 + 10 * gain, "low": 50 + 10 * low, "high": 50 + 10 * high}
        word = "likely" if low > 0 else "unclear" if gain > 0 else "no gain found"
        entry["check"] = {
            "verdict": {"gain": gain, "low": low, "high": high, "verdict": word},
            "category": {"name": "Dress", "kept": True, "probability": 0.9},
            "nearest_item": {"item_id": f"0{number}", "distance": 0.8, "rarity": 0.5, "lpips": 0.2},
            "place": {"photo": 0.42, "worst": _above(low), "likely": _above(gain), "best": _above(high)},
            "rank": {name: {"photo": 0.42, "suggestion": 0.5} for name in ("main", "first", "second")},
            "users_gaining": 0.71, "user_gain": {"p10": 0.0, "p50": gain, "p90": 1.0}, "specificity": 0.2,
            "hit_at_10": {"photo": 0.0, "suggestion": 0.0},
        }  # fmt: skip
    return entry


def _above(gain: float) -> float:
    """Share of real items that a picture of such a gain stands above."""
    return min(1.0, max(0.0, 0.42 + gain / 4))
