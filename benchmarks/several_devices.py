"""How equal one process and two are, family by family, and how fast: the tables of docs/guides/several-devices.md.

`python -m benchmarks.several_devices`, in a checkout; `--speed` for the second table.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from gigs.data.catalogue import Catalogue
from gigs.data.importers.hm import HmSettings, import_hm
from gigs.training.checkpoint import load_checkpoint
from gigs.training.launch import launch
from tests.helpers.shared_trainings import RUNS, UNSEEN, apart, run, weights
from tests.helpers.tiny import write_tiny_kaggle

IMAGES, EPOCHS = 32, 2  # of all families; an encoder's learning rate is set for so many
FAST = (
    "--objective", "adversarial", "--resolution", "64", "--grow", ",", "--fmap-base", "1024", "--fmap-max", "128",
    "--batch", "32",
)  # fmt: skip


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speed", action="store_true", help="photos a second instead of differences")
    parser.add_argument("--images", type=int, default=1280, help="photos shown in a measurement of speed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        import_hm(write_tiny_kaggle(root / "source"), root / "catalogue", HmSettings(image_size=64, hold_out=5))
        if options.speed:
            speed(root, options.images)
        else:
            equality(root)


def equality(root: Path) -> None:
    """Largest differences of weights, of all and of those that have an effect."""
    torch.set_num_threads(1)
    jobs = {name: EPOCHS if name in ("vbpr", "dvbpr") else IMAGES for name in RUNS}
    run(Catalogue.open(root / "catalogue"), root / "one", jobs)
    arguments = [f"{name}={images}" for name, images in jobs.items()]
    launch(["-m", "tests.helpers.shared_trainings", str(root / "catalogue"), str(root / "two"), *arguments], 2)
    print("| training | steps | largest difference | of weights with an effect | largest weight |")
    print("|---|---|---|---|---|")
    for name in RUNS:
        one, two = (load_checkpoint(root / each / name) for each in ("one", "two"))
        far, largest = apart(one, two), max(float(tensor.abs().max()) for _, tensor in weights(one))
        every, seen = max(far.values()), max(value for key, value in far.items() if not UNSEEN.search(f"{name} {key}"))
        print(f"| {name} | {one.get('steps', f'{EPOCHS} epochs')} | {every:.1e} | {seen:.1e} | {largest:.2g} |")


def speed(root: Path, images: int) -> None:
    """Photos a second by processes and threads, from the times at which a run's log was written."""
    print("| processes | threads each | photos a second |\n|---|---|---|")
    for processes, threads in ((1, 1), (1, 2), (2, 1)):
        out = root / f"speed-{processes}-{threads}"
        environment = os.environ | {"OMP_NUM_THREADS": str(threads), "GIGS_COMPUTE": "fp32,channels_last"}
        command = [sys.executable, "-m", "gigs", "train", "generator", str(root / "catalogue"), *FAST]
        process = subprocess.Popen(
            [*command, "--out", str(out), "--images", str(10 * images), "--processes", str(processes)],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        times: list[tuple[float, int]] = []
        while process.poll() is None and (not times or times[-1][1] - times[0][1] < images):
            time.sleep(0.05)
            lines = (out / "log.csv").read_text().splitlines()[1:] if (out / "log.csv").is_file() else []
            if lines and (not times or times[-1][1] < int(lines[-1].split(",")[0])):
                times.append((time.monotonic(), int(lines[-1].split(",")[0])))
        process.terminate()
        process.wait()
        (start, before), (end, after) = times[0], times[-1]
        print(f"| {processes} | {threads} | {(after - before) / (end - start):.1f} |", flush=True)


if __name__ == "__main__":
    main()
