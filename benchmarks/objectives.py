"""What the objectives do to those who gain least: the same photos, seeds and judges for each.

    python -m benchmarks.objectives --catalogue data/hm --photos 6

Photos take audiences in turn. Users are drawn from each scorer's mean and covariance of the audience.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gigs.data.catalogue import Catalogue
from gigs.inversion.reconstruction import Reconstruction
from gigs.io import storage
from gigs.method.presets import get_preset
from gigs.method.reconstruct import reconstruct
from gigs.method.redesign import redesign
from gigs.session import Session
from gigs.studies.verification import StudySettings, drawn_photos
from gigs.verify.objective import OBJECTIVES
from gigs.verify.panel import Panel
from gigs.verify.scorer import Scorer
from gigs.verify.users import draw_users
from gigs.vision.images import to_tensor
from gigs.vision.runtime import Runtime

FAST = get_preset("fast")
WHERE = 'group in ["Garment Upper body", "Garment Lower body", "Garment Full body", "Shoes"]'


class Bench:
    """Held-out photos, inverted once each."""

    def __init__(self, session: Session, catalogue: Catalogue, photos: int, skip: int) -> None:
        """`skip` photos of the draw were seen while gigs was built."""
        self.runtime = Runtime(compute=session.compute(FAST))
        self.models = session.models(self.runtime.compute)
        self.rows = drawn_photos(catalogue, StudySettings(photos=photos, skip=skip, where=WHERE))
        self.pictures = catalogue.images(session.generator.resolution)

    def reconstructions(self) -> Iterator[Reconstruction]:
        """Of each photo."""
        for row in self.rows:
            yield reconstruct(self.models, to_tensor(self.pictures[row]), FAST, runtime=self.runtime.started())

    def one(self, base: Reconstruction, panel: Panel, objective: str, told: Panel | None = None) -> dict[str, Any]:
        """Redesign a photo for a panel's audience; what it does to users of the panel `told`, by its scorers."""
        preset, photo = replace(FAST, objective=objective), base.photo
        assert photo is not None
        found, dropped = redesign(base, preset, panel.target.z, panel, self.models.perceptual, self.runtime.started())
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
    session = Session(options.pack)
    panels = [session.panel(session.pack.audience(name)) for name in options.audiences]
    rows: list[dict[str, Any]] = []
    bench = Bench(session, Catalogue.open(options.catalogue), options.photos, options.skip)
    for number, base in enumerate(bench.reconstructions()):
        panel = panels[number % len(panels)]
        assert panel is not None, "the pack has no judges"
        for objective in OBJECTIVES:
            rows.append({"photo": number, "audience": panel.audience, "objective": objective}
                        | bench.one(base, panel, objective))  # fmt: skip
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
