"""What the objectives do to those who gain least: the same photos, seeds and judges for each.

    python -m benchmarks.objectives --catalogue data/hm --photos 6

Photos take audiences in turn. Users are drawn from each scorer's mean and covariance of the audience.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gigs.data.catalogue import Catalogue
from gigs.inversion.optimise import Inversion
from gigs.io import storage
from gigs.method.pipeline import Models, reconstruct
from gigs.method.presets import get_preset
from gigs.method.redesign import redesign
from gigs.packs import Pack, load_pack
from gigs.packs.panel import load_panel
from gigs.progress import silent
from gigs.studies.verification import StudySettings, drawn_photos
from gigs.verify.objective import OBJECTIVES
from gigs.verify.panel import Panel
from gigs.verify.scorer import Scorer
from gigs.verify.users import draw_users
from gigs.vision.compute import probed
from gigs.vision.images import to_tensor
from gigs.vision.lpips import PerceptualLoss

FAST = get_preset("fast")
WHERE = 'group in ["Garment Upper body", "Garment Lower body", "Garment Full body", "Shoes"]'


class Bench:
    """Held-out photos, inverted once each."""

    def __init__(self, pack: Pack, catalogue: Catalogue, photos: int, skip: int) -> None:
        """`skip` photos of the draw were seen while gigs was built."""
        self.compute = probed()
        self.models = Models(pack.generator, pack.recommender, PerceptualLoss("vgg"), pack.encoder).placed(self.compute)
        self.rows = drawn_photos(catalogue, StudySettings(photos=photos, skip=skip, where=WHERE))
        self.pictures = catalogue.images(pack.generator.resolution)

    def photos(self) -> Iterator[tuple[Tensor, Inversion]]:
        """Each photo `[1,3,R,R]` and its reconstruction."""
        for row in self.rows:
            photo = to_tensor(self.pictures[row])
            rng = torch.Generator().manual_seed(0)
            yield photo, reconstruct(self.models, photo, FAST, rng=rng, compute=self.compute)

    def one(
        self, photo: Tensor, base: Inversion, panel: Panel, objective: str, told: Panel | None = None
    ) -> dict[str, Any]:
        """Redesign a photo for a panel's audience; what it does to users of the panel `told`, by its scorers."""
        found, dropped = redesign(
            self.models.generator, photo, base.z, FAST, panel.target.z, panel,
            rng=torch.Generator().manual_seed(0), compute=self.compute, on_step=silent, objective=objective,
        )  # fmt: skip
        told = told or panel
        judges = [of_users(one, photo, found.images) for one in told.judges]
        mean = {key: round(float(np.mean([judge[key] for judge in judges])), 3) for key in judges[0]}
        return {"target": of_users(told.target, photo, found.images), "judges": mean, "dropped": dropped}


@torch.no_grad()
def of_users(scorer: Scorer, photo: Tensor, images: Tensor) -> dict[str, float]:
    """Mean over redesigns of: the mean gain, the mean gain of the tenth that gains least (z), the share that gains."""
    features = scorer.recommender.features
    change = features(images) - features(photo)
    gains = draw_users(scorer, 0) @ change.T / scorer.taste.spread
    worst = gains.sort(0).values[: len(gains) // 10].mean(0)
    figures = {
        "gain": change @ scorer.taste.theta / scorer.taste.spread,
        "worst_tenth": worst,
        "gaining": (gains > 0).float().mean(0),
    }
    return {name: round(float(values.mean()), 3) for name, values in figures.items()}


def main() -> None:
    """Parse options, measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catalogue", type=Path, required=True)
    parser.add_argument("--pack", default="hm-64")
    parser.add_argument("--photos", type=int, default=6)
    parser.add_argument("--skip", type=int, default=300)
    parser.add_argument("--audiences", nargs="+", default=["women", "men", "age-18-29"])
    parser.add_argument("--out", type=Path, default=Path("bench"))
    options = parser.parse_args()
    pack = load_pack(options.pack)
    panels = [load_panel(pack, name) for name in options.audiences]
    rows: list[dict[str, Any]] = []
    bench = Bench(pack, Catalogue.open(options.catalogue), options.photos, options.skip)
    for number, (photo, base) in enumerate(bench.photos()):
        panel = panels[number % len(panels)]
        assert panel is not None, "the pack has no judges"
        for objective in OBJECTIVES:
            rows.append({"photo": number, "audience": panel.audience, "objective": objective}
                        | bench.one(photo, base, panel, objective))  # fmt: skip
            print(rows[-1], flush=True)
    means = {
        objective: {
            who: {key: round(float(np.mean([row[who][key] for row in rows if row["objective"] == objective])), 3)
                  for key in ("gain", "worst_tenth", "gaining")}
            for who in ("target", "judges")
        }
        for objective in OBJECTIVES
    }  # fmt: skip
    print(means)
    storage.write_json(options.out / "objectives.json", {"rows": rows, "means": means})


if __name__ == "__main__":
    main()
