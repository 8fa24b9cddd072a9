"""Are changes named correctly? Known edits of real photos; and: does undoing the named colours undo the gain?

    python -m benchmarks.explain --catalogue data/hm                  # known edits, and probes on redrawn products
    python -m benchmarks.explain --catalogue data/hm --undo 16        # and undone redesigns of 16 held-out photos

Edits are made at twice the generator's resolution, with a mask of another kind than the one that `gigs.explain` finds
(Otsu's threshold on the distance from the backdrop), and then reduced: what is named has to be seen, not looked up.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.color import lab2rgb, rgb2lab
from skimage.filters import threshold_otsu

from benchmarks.explain_probes import probes_on_redrawn
from benchmarks.explain_undo import undo
from gigs.data.catalogue import Catalogue
from gigs.explain.changes import Changes, Look, changes_of
from gigs.explain.colours import basic_of, lab_named
from gigs.explain.explanation import description_of
from gigs.explain.words import named_turns
from gigs.io import storage
from gigs.session import Session
from gigs.studies.verification import StudySettings, drawn_photos
from gigs.vision.images import background_colour

WHERE = 'group in ["Garment Upper body", "Garment Lower body", "Garment Full body", "Shoes"]'
TARGETS = ("red", "navy blue", "dark green", "yellow", "light pink", "brown", "light blue", "black", "white", "orange")
STEP = 15.0  # of L*, for brightening and darkening
NOISE = 2  # largest change of a value of 255 in the edit that changes nothing


def main() -> None:
    """Parse options, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catalogue", type=Path, required=True)
    parser.add_argument("--pack", default="hm-64")
    parser.add_argument("--photos", type=int, default=240)
    parser.add_argument("--skip", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--where", default=WHERE)
    parser.add_argument("--undo", type=int, default=0, metavar="PHOTOS")
    parser.add_argument("--audiences", nargs="+", default=["women", "men", "age-18-29"])
    parser.add_argument("--out", type=Path, default=Path("bench/explain.json"))
    given = parser.parse_args()
    catalogue, session = Catalogue.open(given.catalogue), Session(given.pack)
    settings = StudySettings(photos=given.photos, skip=given.skip, seed=given.seed, where=given.where)
    rows = drawn_photos(catalogue, settings)
    found: dict[str, Any] = {"photos": given.photos, "skip": given.skip, "seed": given.seed}
    found["known_edits"] = known_edits(catalogue, rows, session.generator.resolution, given.seed)
    found["probes"] = probes_on_redrawn(catalogue, session, rows)
    if given.undo:
        found["undo"] = undo(catalogue, session, rows[: given.undo], given.audiences)
    storage.write_json(given.out, found)
    print(json.dumps(found, indent=2))


def known_edits(catalogue: Catalogue, rows: np.ndarray, side: int, seed: int) -> dict[str, Any]:
    """By kind of edit: how many were made, and the share named correctly, with a few that were not."""
    rng, results = np.random.default_rng(seed), {}
    photos = catalogue.images(2 * side)
    for number, row in enumerate(rows):
        pixels = np.asarray(photos[row])
        before = _look(pixels, side)
        for kind, wanted, edited in edits(pixels, TARGETS[number % len(TARGETS)], rng):
            changes = changes_of(None, before, _look(edited, side))
            entry = results.setdefault(kind, {"edits": 0, "right": 0, "wrong": []})
            entry["edits"] += 1
            if is_named(changes, wanted):
                entry["right"] += 1
            elif len(entry["wrong"]) < 8:
                entry["wrong"].append([int(row), wanted, description_of(changes).words])
    for entry in results.values():
        entry["share"] = round(entry["right"] / entry["edits"], 4)
    real = [entry for kind, entry in results.items() if kind != "nothing"]
    whole = sum(entry["right"] for entry in real) / sum(entry["edits"] for entry in real)
    return results | {"all_but_nothing": round(whole, 4)}


def edits(pixels: np.ndarray, target: str, rng: np.random.Generator) -> Iterator[tuple[str, str, np.ndarray]]:
    """Kind of edit, what should be said of it, and the edited picture uint8 `[H,W,3]`."""
    mask = otsu_mask(pixels)
    lab = rgb2lab(pixels)
    own, wanted = np.median(lab[mask], axis=0), lab_named(target)
    # The least of a change for which another basic name is right: the same colour again is no edit.
    if np.linalg.norm(own - wanted) > 25:
        moved = lab - own
        moved[..., 0] *= min(1.0, wanted[0] / max(own[0], 1), (100 - wanted[0]) / max(100 - own[0], 1))
        yield "recoloured", target, _painted(pixels, mask, moved + wanted)
    for kind, step in (("brightened", STEP), ("darkened", -STEP)):
        if 0 < own[0] + step < 100:
            yield kind, "lighter" if step > 0 else "darker", _painted(pixels, mask, lab + np.array([step, 0, 0]))
    noise = rng.integers(-NOISE, NOISE + 1, pixels.shape)
    yield "nothing", "", np.clip(pixels.astype(int) + noise, 0, 255).astype(np.uint8)


def otsu_mask(pixels: np.ndarray) -> np.ndarray:
    """The product by Otsu's threshold on the distance from the backdrop, holes filled, bool `[H,W]`."""
    backdrop = np.array(background_colour(Image.fromarray(pixels)), dtype=float)
    away = np.linalg.norm(pixels - backdrop, axis=2)
    return ndimage.binary_fill_holes(away > min(threshold_otsu(away), 40))


def is_named(changes: Changes, wanted: str) -> bool:
    """Whether what is said contains what was done; and, where nothing was done, says nothing of colours."""
    description = description_of(changes)
    said, turns = description.words.lower(), named_turns(description.palette.turns)
    if not wanted:
        return not turns and "lighter" not in said and "darker" not in said and "colours" not in said
    if wanted in ("lighter", "darker"):
        return wanted in said
    return bool(turns) and basic_of(turns[0].after) == basic_of(wanted)


def _look(pixels: np.ndarray, side: int) -> Look:
    small = np.asarray(Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC))
    return Look(small, rgb2lab(small), {})


def _painted(pixels: np.ndarray, mask: np.ndarray, lab: np.ndarray) -> np.ndarray:
    """The picture with other colours inside the mask."""
    painted = np.rint(lab2rgb(lab).clip(0, 1) * 255).astype(np.uint8)
    return np.where(mask[..., None], painted, pixels)


if __name__ == "__main__":
    main()
