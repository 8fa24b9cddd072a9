"""Time and memory of large interaction data, step by step: each step is a process of its own, watched by the system.

    python -m benchmarks.large make DIR --users 1000000 --items 100000 --purchases 10000000
    python -m benchmarks.large run DIR                     # all steps, or --step import --step audience
    python -m benchmarks.large table DIR DIR DIR           # what was measured, as Markdown

`run` adds each step's figures to DIR/measured.json, so it can be done in pieces.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.large_shop import Size, make

STEPS = ("import", "features", "sampling", "train-purchases", "train-free", "evaluate", "audience")
SIDE = "64"
CONDITIONS = ("age < 30", "bought_ladieswear > 3", "purchases > 10 and (main_section == 'Sport' or age >= 60)")
INSIDE = {"features", "sampling", "audience"}  # steps that no command does alone


def command_of(step: str, folder: Path) -> list[str]:
    """The command line of a step, as a user would type it."""
    gigs, catalogue = [sys.executable, "-m", "gigs"], str(folder / "catalogue")
    if step in INSIDE:
        return [sys.executable, "-m", "benchmarks.large", "inside", str(folder), "--step", step]
    if step == "import":
        purchases = next(folder.glob("purchases.*"))
        return [
            *gigs, "data", "import", "folder", "--images", str(folder / "photos.zip"), "--items",
            str(folder / "items.csv"), "--interactions", str(purchases), "--users", str(folder / "users.csv"),
            "--size", SIDE, "--out", catalogue,
        ]  # fmt: skip
    if step == "evaluate":
        return [*gigs, "evaluate", "recommender", str(folder / "purchases" / "recommender.safetensors"), catalogue]
    users = step.removeprefix("train-")
    return [
        *gigs, "train", "recommender", catalogue, "--users", users, "--image-size", SIDE, "--input-size", SIDE,
        "--epochs", "1", "--batch", "4096", "--learning-rate", "0.003", "--device", "cpu", "--out", str(folder / users),
    ]  # fmt: skip


def measured(command: list[str]) -> dict[str, Any]:
    """Run a command; its seconds by the clock and of the processor, its peak memory in GB, and what it printed."""
    begun = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: exit code {process.returncode}")
    figures = json.loads(said.splitlines()[-1]) if "inside" in command else {}
    return figures | {
        "seconds": round(time.monotonic() - begun, 1), "processor": round(used.ru_utime + used.ru_stime, 1),
        "gigabytes": round(used.ru_maxrss * 1024 / 1e9, 2), "load": round(os.getloadavg()[0], 1), "said": said,
    }  # fmt: skip


def inside(step: str, folder: Path) -> dict[str, Any]:
    """A step that is done in this process, and figures of its own."""
    from gigs.data.catalogue import Catalogue

    begun = time.monotonic()
    catalogue = Catalogue.open(folder / "catalogue")
    opened = round(time.monotonic() - begun, 2)
    return {"opened": opened} | {"features": _features, "sampling": _sampling, "audience": _audience}[step](
        catalogue, folder
    )


def _features(catalogue: Any, folder: Path) -> dict[str, Any]:
    from gigs.recommender.features import backbone_features
    from gigs.vision.backbone import Backbone

    side = int(SIDE)
    backbone = Backbone.pretrained("efficientnet-lite0")
    return {"items": len(backbone_features(catalogue, backbone, image_size=side, input_size=side))}


def _sampling(catalogue: Any, folder: Path) -> dict[str, Any]:
    """Triplets a second, drawn in batches of 512, after the sampler is made."""
    import numpy as np

    from gigs.data.triplets import TripletSampler
    from gigs.recommender.feedback import read_feedback

    feedback = read_feedback(catalogue)
    begun = time.process_time()
    sampler = TripletSampler(*feedback.train, user_count=len(feedback.user_ids), item_count=feedback.item_count)
    made, rng = time.process_time() - begun, np.random.default_rng(0)
    begun = time.process_time()
    for _ in range(400):
        sampler.sample(512, rng)
    return {"pairs": len(sampler), "made": made, "per_second": 400 * 512 / (time.process_time() - begun)}


def _audience(catalogue: Any, folder: Path) -> dict[str, Any]:
    """Seconds from a condition to members and their mean taste: the first time, and of each condition."""
    import torch

    from gigs.audience import select_audience
    from gigs.recommender import load_recommender
    from gigs.recommender.models.vbpr import VBPR

    trained = folder / "purchases" / "recommender.safetensors"
    if trained.is_file():
        model = load_recommender(trained)
    else:  # the time does not depend on what the factors are
        model = VBPR(user_ids=catalogue.users["user_id"].tolist())
        torch.nn.init.normal_(model.theta)
    found = []
    for condition in CONDITIONS:
        begun, busy = time.monotonic(), time.process_time()
        audience = select_audience(condition, model, catalogue)
        spent = {"seconds": time.monotonic() - begun, "processor": time.process_time() - busy}
        found.append({"condition": condition, "members": audience.users} | spent)
    return {"users": len(model.user_ids), "trained": trained.is_file(), "audiences": found}


def table(folders: list[Path]) -> str:
    """All that was measured: a row a step, a column a size, minutes of the processor / by the clock, and GB."""
    runs = [json.loads((folder / "measured.json").read_text()) for folder in folders]
    head = [f"{run['size']['users']:,} / {run['size']['items']:,} / {run['size']['purchases']:,}" for run in runs]
    lines = ["| step | " + " | ".join(head) + " |", "|---" * (len(runs) + 1) + "|"]
    for step in STEPS:
        cells = [_cell(run["steps"].get(step)) for run in runs]
        lines.append(f"| {step} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(figures: dict[str, Any] | None) -> str:
    if figures is None:
        return "not measured"
    return f"{figures['processor'] / 60:.1f} min ({figures['seconds'] / 60:.1f}), {figures['gigabytes']:.1f} GB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("make", "run", "inside", "table"))
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--step", action="append", choices=STEPS)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--purchases", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--text", action="store_true", help="purchases as CSV, not Parquet")
    given = parser.parse_args()
    folder = given.folders[0]
    record = folder / "measured.json"
    if given.action == "make":
        size = Size(users=given.users, items=given.items, purchases=given.purchases, seed=given.seed)
        make(folder, size, text=given.text)
        record.write_text(json.dumps({"size": vars(size), "steps": {}}, indent=1))
    elif given.action == "inside":
        print(json.dumps(inside(given.step[0], folder)))
    elif given.action == "run":
        for step in given.step or STEPS:
            figures = measured(command_of(step, folder))
            known = json.loads(record.read_text())
            known["steps"][step] = figures
            record.write_text(json.dumps(known, indent=1))
            print(step, {name: value for name, value in figures.items() if name != "said"}, flush=True)
    else:
        print(table(given.folders))


if __name__ == "__main__":
    main()
