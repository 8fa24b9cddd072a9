"""`make bench`: the presets side by side on the same photos, seeds and audience, and audiences of three sizes.

Photos take turns and presets follow one another on each, so that what else the machine does hits all alike. Every
finished run is kept in OUT/runs.jsonl and not repeated: a bench that was interrupted goes on where it stopped. Ratios
within one bench mean something; seconds depend on the machine.

Without `--catalogue` the pack's own examples are used; the generator drew them itself, which flatters it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from torch import Tensor

from benchmarks import busy, memory, photos, shown, tables
from gigs.audience import Audience
from gigs.data.catalogue import Catalogue
from gigs.io import storage
from gigs.io.weights import content_hash
from gigs.method.models import Models
from gigs.method.pipeline import Checks, Redesigns, suggest
from gigs.method.presets import Preset, get_preset
from gigs.method.product import Product
from gigs.session import Session
from gigs.verify.panel import Panel
from gigs.vision.compute import Compute, suited
from gigs.vision.runtime import Runtime

PRESETS = ("paper-text", "fast", "faithful", "preview")
QUICK_STEPS = 100
errors = Console(stderr=True)


def main() -> None:
    """Parse options, run, print tables, write JSON and Markdown."""
    if "--shown" in sys.argv:
        sys.argv.remove("--shown")
        shown.main()
        return
    options = parse()
    options.out.mkdir(parents=True, exist_ok=True)
    if options.busy:
        busy.main(options)
        return
    session, compute = Session(options.pack), suited()
    pack, side = session.pack, session.generator.resolution
    if options.catalogue:
        chosen = photos.held_out(Catalogue.open(options.catalogue), side, options.photos, 0)
    else:
        chosen = photos.examples(pack)[: options.photos]
    presets = {name: _shortened(get_preset(name), options) for name in options.presets}
    runs = compare(session, presets, chosen, pack.audience(options.audience), options)
    about = {
        "machine": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
        "probe": compute.describe(),
        "pack": pack.name,
        "generator": pack.info["files"]["generator.safetensors"][:12],
        "audience": options.audience,
        "seed": options.seed,
        "photos": len(chosen),
        "held_out": bool(options.catalogue),
        "presets": {name: asdict(preset) for name, preset in presets.items()},
    }
    results: dict[str, Any] = {"about": about, "runs": runs}
    results["summary"] = tables.summarise(runs, presets)
    results["paired"] = tables.paired(runs, "paper-text")
    if options.audiences:
        results["audiences"] = audiences(session.models(compute), compute, chosen[0][1], options.seed)
    storage.write_json(options.out / "bench.json", results)
    text = tables.markdown(results)
    storage.write_text(options.out / "bench.md", text)
    print(text)


def parse() -> argparse.Namespace:
    """Options of the bench."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shown", action="store_true", help="shown beside drawn; --shown --help for more")
    parser.add_argument("--catalogue", type=Path, help="folder of an imported catalogue with held-out products")
    parser.add_argument("--photos", type=int, default=20)
    parser.add_argument("--pack", default="hm-64")
    parser.add_argument("--audience", default="women")
    parser.add_argument("--presets", nargs="+", default=list(PRESETS))
    parser.add_argument("--quick", action="store_true", help=f"paper-text at T={QUICK_STEPS}, its seconds extrapolated")
    parser.add_argument("--shift-steps", type=int, help="paper-text: T of the second loop alone; seconds extrapolated")
    parser.add_argument("--no-audiences", dest="audiences", action="store_false", help="leave out the second part")
    parser.add_argument("--busy", action="store_true", help="instead: one suggestion beside busy programs, and without")
    parser.add_argument("--neighbours", type=int, default=os.cpu_count(), help="--busy: how many; one for each core")
    parser.add_argument("--repeats", type=int, default=3, help="--busy: runs of each kind")
    parser.add_argument("--wait", action="append", default=[], metavar="NAME=VALUE,...", help="--busy: also so")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("bench"))
    return parser.parse_args()


def _shortened(preset: Preset, options: argparse.Namespace) -> Preset:
    """`paper-text` with fewer steps, if so asked for."""
    if preset.name != "paper-text":
        return preset
    steps = QUICK_STEPS if options.quick else preset.inversion.steps
    shift_steps = options.shift_steps or (QUICK_STEPS if options.quick else preset.shifting.steps)
    return replace(
        preset,
        inversion=replace(preset.inversion, steps=steps),
        shifting=replace(preset.shifting, steps=shift_steps),
    )


def compare(
    session: Session,
    presets: dict[str, Preset],
    chosen: list[tuple[str, Tensor]],
    audience: Audience,
    options: argparse.Namespace,
) -> list[dict[str, Any]]:
    """One row a photo and preset."""
    path = options.out / "runs.jsonl"
    known = [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []
    generator = content_hash(dict(session.generator.state_dict()))[:12]
    panel, rows = session.panel(audience), []
    for number, (name, photo) in enumerate(chosen, start=1):
        for preset in presets.values():
            key = {
                "photo": name, "preset": preset.name, "settings": json.loads(json.dumps(asdict(preset))),
                "audience": audience.name, "seed": options.seed, "generator": generator,
                "judges": _judges(panel),
            }  # fmt: skip
            row = next((row for row in known if all(row.get(part) == value for part, value in key.items())), None)
            if row is None:
                errors.print(f"{number}/{len(chosen)} {name}: {preset.name}", highlight=False)
                compute = session.compute(preset)
                models = session.models(compute)
                row = key | one(models, compute, preset, photo, audience, panel, options.seed)
                with path.open("a") as handle:
                    handle.write(json.dumps(row) + "\n")
            rows.append(row)
    return rows


def one(
    models: Models,
    compute: Compute,
    preset: Preset,
    photo: Tensor,
    audience: Audience,
    panel: Panel | None,
    seed: int,
) -> dict[str, Any]:
    """Run one preset on one photo and measure it."""
    memory.reset_peak()
    runtime = Runtime(compute=compute, seed=seed)
    product = Product(photo=photo)
    found = suggest(models.placed(compute), product, audience, preset, checks=Checks(panel=panel), runtime=runtime)
    inversion, pivot = found.reconstruction.inversion, found.reconstruction.pivot
    assert inversion is not None and pivot is not None
    gains = found.scores - (found.photo_score or 0.0)
    return {
        "seconds": found.seconds,
        "peak_mb": memory.peak_mb(),
        "lpips": inversion.lpips.item(),
        "lpips_before_tuning": pivot.lpips.item(),
        "mse": inversion.mse.item(),
        "steps": pivot.steps,
        "gain": gains.mean().item(),
        "gain_vs_reconstruction": (found.scores - found.reconstruction_score).mean().item(),
        "positive": (gains > 0).float().mean().item(),
        "judged_gain": judged(found),
        "diversity": models.perceptual.pairwise(found.shifted.images).mean().item() if len(gains) > 1 else 0.0,
    }


def _judges(panel: Panel | None) -> list[str]:
    """Which judges looked, by the hash of their weights."""
    judges = () if panel is None else panel.judges
    return [content_hash(dict(judge.recommender.state_dict()))[:12] for judge in judges]


def judged(found: Redesigns) -> float | None:
    """Mean gain against the photo that the pack's judges grant, in z; None where it has none."""
    said = found.verification
    return None if said is None else round(said.summary.verdict.gain, 4)


def audiences(models: Models, compute: Compute, photo: Tensor, seed: int, repeats: int = 3) -> dict[str, Any]:
    """Seconds of pleasing 1, 100 and 10,000 users by `fast`, users drawn at random: best of a few, ratio to one."""
    rng = torch.Generator().manual_seed(seed)
    factors = torch.randn(10_000, models.recommender.feature_count, generator=rng)
    preset, runtime = get_preset("fast"), Runtime(compute=compute, seed=seed)
    found = dict.fromkeys((1, 100, 10_000), float("inf"))
    for _ in range(repeats):
        for users in found:
            started = time.perf_counter()
            audience = Audience(f"{users} users", users, factors[:users].mean(0))
            suggest(models, Product(photo=photo), audience, preset, runtime=runtime)
            found[users] = min(found[users], time.perf_counter() - started)
    return {str(users): {"seconds": seconds, "ratio": seconds / found[1]} for users, seconds in found.items()}


if __name__ == "__main__":
    main()
