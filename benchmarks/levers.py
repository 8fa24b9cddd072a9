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
from torch import Tensor

from gigs.data.catalogue import Catalogue
from gigs.io import storage
from gigs.method.pipeline import Models, reconstruct
from gigs.method.presets import Preset, get_preset
from gigs.method.redesign import redesign
from gigs.packs import load_pack
from gigs.packs.panel import load_panel
from gigs.progress import silent
from gigs.shifting.supported import SupportSettings
from gigs.studies.verification import StudySettings, drawn_photos
from gigs.verify.panel import Panel
from gigs.vision.compute import probed
from gigs.vision.images import to_tensor
from gigs.vision.lpips import PerceptualLoss

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
    pack, catalogue, compute = load_pack(options.pack), Catalogue.open(options.catalogue), probed()
    models = Models(pack.generator, pack.recommender, PerceptualLoss("vgg"), pack.encoder).placed(compute)
    panels = [load_panel(pack, name) for name in options.audiences]
    settings = StudySettings(photos=options.photos, skip=options.skip, where=options.where)
    pictures = catalogue.images(pack.generator.resolution)
    for number, row in enumerate(drawn_photos(catalogue, settings)):
        panel = panels[number % len(panels)]
        assert panel is not None, "the pack has no judges"
        if any((int(row), lever) not in done for lever in LEVERS):
            photo = to_tensor(pictures[row])
            base = reconstruct(models, photo, FAST, rng=torch.Generator().manual_seed(0), compute=compute)
            for lever in LEVERS:
                if (int(row), lever) not in done:
                    errors.print(f"{number + 1}/{options.photos} {lever}", highlight=False)
                    found = {"photo": int(row), "lever": lever, "audience": panel.audience}
                    done[int(row), lever] = found | one(models, panel, photo, base.z, base.images, lever, compute)
                    with path.open("a") as handle:
                        handle.write(json.dumps(done[int(row), lever]) + "\n")
        yield from (done[int(row), lever] for lever in LEVERS)


def one(
    models: Models, panel: Panel, photo: Tensor, z: Tensor, base: Tensor, lever: str, compute: Any
) -> dict[str, Any]:
    """Gains of one lever's pictures under every scorer, and what it does to the pictures."""
    preset, wish = LEVERS[lever]
    images = base
    if preset is not None:
        preference = panel.preference if wish == "cautious" else panel.target.z
        shifted, _ = redesign(
            models.generator, photo, z, preset, preference, panel, rng=torch.Generator().manual_seed(0),
            compute=compute, on_step=silent,
        )  # fmt: skip
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
        lpips = models.perceptual.distance_to(models.perceptual.target(base), images).mean().item()
        pairs = models.perceptual.pairwise(images).mean().item() if len(images) > 1 else 0.0
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
