"""What each way of making redesigns does to the gain that judges confirm: the same photos, seeds and judges for all.

    python -m benchmarks.levers --catalogue data/hm --photos 16

Photos take audiences in turn. Every finished row is kept in OUT/levers.jsonl and not repeated.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console

from gigs.data.catalogue import Catalogue
from gigs.inversion.reconstruction import Reconstruction
from gigs.io import storage
from gigs.method.presets import Preset, get_preset
from gigs.method.reconstruct import reconstruct
from gigs.method.redesign import redesign
from gigs.session import Session
from gigs.shifting.supported import SupportSettings
from gigs.studies.verification import StudySettings, drawn_photos
from gigs.verify.panel import Panel
from gigs.vision.images import to_tensor
from gigs.vision.lpips import PerceptualLoss
from gigs.vision.runtime import Runtime

FAST = get_preset("fast")
GRADIENT = replace(FAST, support=None)
OWN = SupportSettings()
LEVERS: dict[str, tuple[Preset | None, str]] = {
    "reconstruction": (None, ""),
    "gradient, one target": (GRADIENT, "target"),
    "gradient, two targets, cautious": (GRADIENT, "cautious"),
    "support: one item, .6 of the way": (replace(FAST, support=replace(OWN, cluster=1, reach=0.6)), ""),
    "support: 300 near, 40 liked, 5 a cluster, .8": (
        replace(FAST, support=replace(OWN, neighbours=300, liked=40, cluster=5)), ""
    ),
    "support: 1,000 near, 60 liked, 8 a cluster, .8 (default)": (FAST, ""),
    "support: whole type, 60 liked, 8 a cluster, 1": (
        replace(FAST, support=replace(OWN, neighbours=100_000, reach=1.0)), ""
    ),
}  # fmt: skip
errors = Console(stderr=True)


def main() -> None:
    """Parse options, run, print the table, write it."""
    options = parse()
    options.out.mkdir(parents=True, exist_ok=True)
    rows = list(measure(options))
    text = table(rows)
    storage.write_text(options.out / "levers.md", text)
    print(text)


def parse() -> argparse.Namespace:
    """Options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catalogue", type=Path, required=True)
    parser.add_argument("--pack", default="hm-64")
    parser.add_argument("--photos", type=int, default=16)
    parser.add_argument("--skip", type=int, default=300)
    parser.add_argument("--audiences", nargs="+", default=["women", "men", "age-18-29"])
    parser.add_argument(
        "--where", default='group in ["Garment Upper body", "Garment Lower body", "Garment Full body", "Shoes"]'
    )
    parser.add_argument("--out", type=Path, default=Path("bench"))
    return parser.parse_args()


def measure(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """One row a photo and lever."""
    path = options.out / "levers.jsonl"
    known = [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []
    done = {(row["photo"], row["lever"]): row for row in known}
    session, catalogue = Session(options.pack), Catalogue.open(options.catalogue)
    runtime = Runtime(compute=session.compute(FAST))
    models = session.models(runtime.compute)
    panels = [session.panel(session.pack.audience(name)) for name in options.audiences]
    settings = StudySettings(photos=options.photos, skip=options.skip, where=options.where)
    pictures = catalogue.images(session.generator.resolution)
    for number, row in enumerate(drawn_photos(catalogue, settings)):
        panel = panels[number % len(panels)]
        assert panel is not None, "the pack has no judges"
        if any((int(row), lever) not in done for lever in LEVERS):
            photo = to_tensor(pictures[row])
            base = reconstruct(models, photo, FAST, runtime=runtime.started())
            for lever in LEVERS:
                if (int(row), lever) not in done:
                    errors.print(f"{number + 1}/{options.photos} {lever}", highlight=False)
                    found = {"photo": int(row), "lever": lever, "audience": panel.audience}
                    done[int(row), lever] = found | one(base, panel, lever, models.perceptual, runtime)
                    with path.open("a") as handle:
                        handle.write(json.dumps(done[int(row), lever]) + "\n")
        yield from (done[int(row), lever] for lever in LEVERS)


def one(base: Reconstruction, panel: Panel, lever: str, perceptual: PerceptualLoss, runtime: Runtime) -> dict[str, Any]:
    """Gains of one lever's pictures under every scorer, and what it does to the pictures."""
    preset, wish = LEVERS[lever]
    photo, images = base.photo, base.image
    assert photo is not None
    if preset is not None:
        preference = panel.preference if wish == "cautious" else panel.target.z
        shifted, _ = redesign(base, preset, preference, panel, perceptual, runtime.started())
        images = shifted.images
    with torch.no_grad():
        both = torch.cat([photo, images])
        scores = {scorer.name: scorer.z(both) for scorer in (*panel.targets, *panel.judges)}
        gains = {name: (values[1:] - values[0]).tolist() for name, values in scores.items()}
        own = int(panel.category_of(photo)[0])
        ceilings = {
            judge.name: panel.gallery.slope(panel.target.name, judge.name, panel.audience, own)
            for judge in panel.judges
        }
        kept = (panel.family_of(images) == panel.family_of(photo)).float().mean().item()
        lpips = perceptual.distance_to(perceptual.target(base.image), images).mean().item()
        pairs = perceptual.pairwise(images).mean().item() if len(images) > 1 else 0.0
    return {"gains": gains, "ceilings": ceilings, "kept": kept, "lpips": lpips, "pairs": pairs}


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown: means over photos, with standard errors for the gains."""
    scorers, judges = list(rows[0]["gains"]), list(rows[0]["ceilings"])
    head = ["", *(f"gain: {name}" for name in scorers), *(f"retained / ceiling: {name}" for name in judges)]
    head += ["positive under every judge", "family kept", "LPIPS to reconstruction", "pairwise LPIPS", "n"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for lever in LEVERS:
        own = [row for row in rows if row["lever"] == lever]
        gains = {name: np.array([np.mean(row["gains"][name]) for row in own]) for name in scorers}
        cells = [f"{g.mean():+.2f} +- {g.std(ddof=1) / len(g) ** 0.5:.2f}" for g in gains.values()]
        target = gains[scorers[0]].mean()
        for judge in judges:
            ceiling = np.mean([row["ceilings"][judge] for row in own])
            cells.append(f"{gains[judge].mean() / target / ceiling:.2f}" if target > 0.2 else "-")
        above = [np.all([np.array(row["gains"][judge]) > 0 for judge in judges], axis=0).mean() for row in own]
        cells += [f"{np.mean(above):.0%}", f"{np.mean([row['kept'] for row in own]):.0%}"]
        cells += [f"{np.mean([row[key] for row in own]):.3f}" for key in ("lpips", "pairs")]
        lines.append("| " + " | ".join([lever, *cells, str(len(own))]) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
