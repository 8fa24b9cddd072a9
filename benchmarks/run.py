"""`make bench`: time the stages of a suggestion on this machine, with the bundled pack and its own example items.

Ratios within one run mean something; seconds depend on the machine and on what else it does. `--steps` shortens both
loops; seconds per step are what to compare.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from gigs import storage
from gigs.audience import Audience
from gigs.compute import Compute, probe
from gigs.images import fit_square, read_photo, to_tensor
from gigs.packs import load_pack
from gigs.perceptual import PerceptualLoss
from gigs.pipeline import Models, suggest
from gigs.presets import get_preset


def main() -> None:
    """Parse options, run, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20, help="steps of each loop")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("bench/bench.json"))
    options = parser.parse_args()
    pack = load_pack()
    models = Models(pack.generator, pack.recommender, PerceptualLoss("vgg"))
    photos = [to_tensor(fit_square(read_photo(path), pack.generator.resolution)[0]) for path in pack.examples()]
    results: dict[str, Any] = {
        "machine": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
    }
    results |= {"probe": probe().describe(), "steps": options.steps, "photos": len(photos), "seed": options.seed}
    results["stages"] = stages(models, photos, pack.audience("everyone"), options.steps, options.seed)
    results["audiences"] = audiences(models, photos[0], options.steps, options.seed)
    show(results)
    storage.write_json(options.out, results)


def stages(models: Models, photos: list[torch.Tensor], audience: Audience, steps: int, seed: int) -> dict[str, Any]:
    """Seconds a step of each loop, median and quartiles over the photos."""
    preset = get_preset("paper-text", steps=steps)
    seconds = [suggest(models, photo, audience, preset, seed=seed, compute=Compute()).seconds for photo in photos]
    return {name: quartiles([each[name] / max(1, steps) for each in seconds]) for name in ("inversion", "shifting")}


def audiences(models: Models, photo: torch.Tensor, steps: int, seed: int) -> dict[str, Any]:
    """Seconds of selecting and pleasing 1, 100 and 10,000 users, drawn at random; the ratio to one user."""
    rng = torch.Generator().manual_seed(seed)
    factors = torch.randn(10_000, models.recommender.feature_count, generator=rng)
    preset, found = get_preset("paper-text", steps=steps), {}
    for users in (1, 100, 10_000):
        started = time.perf_counter()
        audience = Audience(f"{users} users", users, factors[:users].mean(0))
        suggest(models, photo, audience, preset, seed=seed, compute=Compute())
        found[str(users)] = time.perf_counter() - started
    return {users: {"seconds": seconds, "ratio": seconds / found["1"]} for users, seconds in found.items()}


def quartiles(values: list[float]) -> dict[str, float]:
    """Median and quartiles."""
    low, high = np.quantile(values, [0.25, 0.75])
    return {"median": statistics.median(values), "q25": float(low), "q75": float(high)}


def show(results: dict[str, Any]) -> None:
    """Print the figures."""
    console = Console()
    table = Table("stage", "seconds a step", "quartiles", "at T=1000, extrapolated")
    for name, figures in results["stages"].items():
        spread = f"{figures['q25']:.3f} - {figures['q75']:.3f}"
        table.add_row(name, f"{figures['median']:.3f}", spread, f"{1000 * figures['median']:.0f} s")
    console.print(table)
    table = Table("audience", "seconds", "ratio to one user")
    for users, figures in results["audiences"].items():
        table.add_row(f"{users} users", f"{figures['seconds']:.1f}", f"{figures['ratio']:.2f}")
    console.print(table)


if __name__ == "__main__":
    main()
