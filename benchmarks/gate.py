"""How the inversion gate treats held-out products, pictures without a garment, and any folder of photos.

    python -m benchmarks.gate --catalogue data/hm [--folder DIR] [--out bench/gate.json]

The held-out photos here are others than those the gate was calibrated on.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from benchmarks import off_domain
from benchmarks.photos import KINDS
from gigs.cli.console import errors
from gigs.cli.progress_bars import progress_bars
from gigs.data.catalogue import Catalogue
from gigs.data.select import select
from gigs.errors import InputError
from gigs.io import storage
from gigs.packs import Pack
from gigs.session import Session
from gigs.studies.gate_calibration import measure
from gigs.vision.compute import suited
from gigs.vision.images import fit_square, read_photo, to_tensor
from gigs.vision.runtime import Runtime


def main() -> None:
    """Parse options, measure, print, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catalogue", type=Path, required=True)
    parser.add_argument("--folder", type=Path, help="JPEG photos of another shop")
    parser.add_argument("--photos", type=int, default=100, help="held-out photos")
    parser.add_argument("--every", type=int, default=1, help="take every N-th picture of the other two groups")
    parser.add_argument("--pack", default="hm-64")
    parser.add_argument("--out", type=Path, default=Path("bench/gate.json"))
    options = parser.parse_args()
    session, compute = Session(options.pack), suited()
    pack = session.pack
    if pack.gate is None:
        raise InputError(f"pack {pack.name} has no gate; `gigs pack calibrate` makes one")
    side, models = session.generator.resolution, session.models(compute)
    groups = {"held-out": _held_out(pack, Catalogue.open(options.catalogue), side, options.photos)}
    groups["no garment"] = [(name, to_tensor(fit_square(image, side)[0])) for name, image in off_domain.pictures()]
    groups["no garment"] = groups["no garment"][:: options.every]
    if options.folder:
        paths = sorted(options.folder.glob("*.jpg"))[:: options.every]
        groups[options.folder.name] = [(path.stem, to_tensor(fit_square(read_photo(path), side)[0])) for path in paths]
    results: dict[str, Any] = {"pack": pack.name, "limits": pack.info["gate"]["limits"]}
    with progress_bars(errors) as on_step:
        for name, photos in groups.items():
            pictures = [photo for _, photo in photos]
            runtime = Runtime(compute=compute, on_step=on_step)
            signs = measure(models, pack.gate.mean, pictures, len(pictures), runtime)
            results[name] = _grade(pack.gate, [label for label, _ in photos], signs)
    storage.write_json(options.out, results)
    for name in groups:
        for stage, found in results[name]["counts"].items():
            print(f"{name}, {stage}: {found}, LPIPS {results[name]['lpips'][stage]}")


def _held_out(pack: Pack, catalogue: Catalogue, side: int, count: int) -> list[tuple[str, Tensor]]:
    """Photos that calibration did not draw."""
    used = pack.info["gate"]["calibrated"]
    rows = select(catalogue, catalogue.held_out_items(), used["where"])
    rest = np.random.default_rng(used["seed"]).permutation(rows)[used["photos"] :][:count]
    kinds = catalogue.items.iloc[rest]
    labels = np.full(len(rest), "other", dtype=object)
    for kind, condition in KINDS.items():
        labels[kinds.eval(condition).to_numpy(dtype=bool)] = kind
    pictures = catalogue.images(side)
    return [(str(label), to_tensor(pictures[row][None])) for label, row in zip(labels, rest, strict=True)]


def _grade(gate: Any, labels: list[str], signs: dict[str, np.ndarray]) -> dict[str, Any]:
    """Grades by stage, in all and by label."""
    found: dict[str, Any] = {"counts": {}, "lpips": {}, "rows": []}
    for stage, values in signs.items():
        grades = [gate.judge(lpips, drift, draft=stage == "draft").grade for lpips, drift in values.tolist()]
        found["counts"][stage] = dict(Counter(grades))
        found["lpips"][stage] = [round(float(value), 3) for value in np.quantile(values[:, 0], [0.25, 0.5, 0.75])]
        found["rows"] += [
            {"photo": label, "stage": stage, "grade": grade, "lpips": round(lpips, 4), "drift": round(drift, 4)}
            for label, grade, (lpips, drift) in zip(labels, grades, values.tolist(), strict=True)
        ]
    return found


if __name__ == "__main__":
    main()
