"""How a farm run scales, what memory it takes, and whether it survives being killed (`docs/farm.md`).

    python -m benchmarks.farm scaling --catalogue data/hm --items 200
    python -m benchmarks.farm killed --catalogue data/hm --items 500 --audience women --audience men
    python -m benchmarks.farm chaos --catalogue data/hm --items 40
    python -m benchmarks.farm memory --catalogue data/hm --items 2000 --small

Each run is a process of its own. The setting is the cheapest one: one drawn redesign after one step, seen by no judge.
So the share of what does not scale is as large as it can be. `--small` takes the tests' small random networks instead
of the pack's: what is then measured is the farm alone.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from gigs.farm.plan import Request
from gigs.farm.run import farm
from gigs.farm.tables import FAILED, REDESIGNS
from gigs.method.options import Options, preset_of
from gigs.progress import Step
from gigs.session import Session
from tests.helpers.small_models import write_small_pack
from tests.helpers.stand_ins import Pyramid

CHEAPEST = {"name": "preview", "n": 1, "steps": 1, "render": "drawn"}


def one(arguments: argparse.Namespace) -> dict[str, Any]:
    """One run in this process: when how much was done, and the memory of driver and workers."""
    events: list[tuple[float, int]] = []
    began = time.perf_counter()
    request = Request(
        catalogue=arguments.catalogue, audiences=tuple(arguments.audience), out=str(arguments.out),
        options=Options(preset=preset_of(**CHEAPEST), verify=False), limit=arguments.items, workers=arguments.workers,
        batch=arguments.batch, where=arguments.where, resume=True,
    )  # fmt: skip

    def on_step(step: Step) -> None:
        events.append((time.perf_counter() - began, step.done))

    if arguments.small:
        with tempfile.TemporaryDirectory() as folder:
            done = farm(request, on_step, session=_small_session(Path(folder), arguments.catalogue))
    else:
        done = farm(request, on_step)
    return {
        "items": done.items, "made": done.made, "redesigns": done.redesigns, "failures": done.failures,
        "seconds": done.seconds, "events": events, "workers": list(done.workers.values()),
        "driver_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10, "driver_cpu_s": time.process_time(),
    }  # fmt: skip


def _small_session(folder: Path, catalogue: Path) -> Session:
    session = Session(write_small_pack(folder, encoder=True), catalogue=catalogue)
    session.perceptual = Pyramid()
    return session


def memory(arguments: argparse.Namespace) -> None:
    """One run, with what its processes hold along the way."""
    print(_line("memory", _finished(_start(arguments, arguments.out / "memory"))))


def scaling(arguments: argparse.Namespace) -> None:
    """The same items on one worker and on two: items a minute between the first and the last part, and the tables."""
    rates, tables = {}, set()
    for workers in (1, 2):
        out = arguments.out / f"workers-{workers}"
        found = _finished(_start(arguments, out, workers=workers))
        rates[workers] = _rate(found["events"])
        tables.add(_hashes(out))
        print(_line(f"{workers} worker(s)", found), flush=True)
    print(f"efficiency of two workers: {rates[2] / rates[1] / 2:.3f}; same bytes: {len(tables) == 1}")


def killed(arguments: argparse.Namespace) -> None:
    """A whole run, and one whose driver and workers are killed twice and that is resumed: the same tables?"""
    whole, other = arguments.out / "whole", arguments.out / "killed"
    print(_line("uninterrupted", _finished(_start(arguments, whole))), flush=True)
    for share in (0.3, 0.65):
        process = _start(arguments, other)
        _wait_for_parts(other, int(share * arguments.items), process)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        print(f"killed with {_items(other)} of {arguments.items} items written", flush=True)
        time.sleep(3)
    print(_line("resumed", _finished(_start(arguments, other))))
    print(f"same bytes: {_hashes(whole) == _hashes(other)} ({_hashes(whole)})")


def chaos(arguments: argparse.Namespace) -> None:
    """A run whose workers are killed at random moments, against a whole one."""
    whole, other = arguments.out / "chaos-whole", arguments.out / "chaos"
    _finished(_start(arguments, whole))
    rng, kills, process = random.Random(arguments.seed), 0, _start(arguments, other)
    while process.poll() is None:
        time.sleep(rng.uniform(0.5, 1.5) * arguments.every)
        workers = _workers_of(process.pid)
        if workers and kills < arguments.kills:
            os.kill(rng.choice(workers), signal.SIGKILL)
            kills += 1
    print(_line(f"{kills} workers killed", _finished(process)))
    print(f"same bytes: {_hashes(whole) == _hashes(other)}")


def _start(arguments: argparse.Namespace, out: Path, workers: int | None = None) -> subprocess.Popen[bytes]:
    audiences = [word for name in arguments.audience for word in ("--audience", name)]
    command = [
        *(sys.executable, "-m", "benchmarks.farm", "one", "--catalogue", arguments.catalogue, "--out", out),
        *("--items", arguments.items, "--workers", workers or arguments.workers, "--batch", arguments.batch),
        *("--where", arguments.where, *(["--small"] if arguments.small else []), *audiences),
    ]
    return subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, start_new_session=True)


def _finished(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    content, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"a run ended with {process.returncode}")
    return dict(json.loads(content.splitlines()[-1]))  # Ray writes about dead workers before it


def _line(what: str, found: dict[str, Any]) -> str:
    memory = [[each[0][0], each[len(each) // 2][0], each[-1][0]] for each in found["workers"]]
    spent = sum(each[-1][1] - each[0][1] for each in found["workers"])
    parts = sum(len(each) - 1 for each in found["workers"])
    began = found["events"][min(1, len(found["events"]) - 1)][0]
    return (
        f"{what}: {found['made']} of {found['items']} items made, {found['redesigns']} redesigns, {found['failures']} "
        f"failures; {found['seconds']:.0f} s in all, first part after {began:.0f} s, then {_rate(found['events']):.1f} "
        f"items/min; processor: {spent / max(parts, 1):.2f} s a part, driver {found['driver_cpu_s']:.0f} s in all; "
        f"worker MB at first, middle and last part {memory}, driver {found['driver_mb']} MB"
    )


def _rate(events: list[list[float]]) -> float:
    """Items a minute from the first part that came to the last."""
    (began, first), (ended, last) = events[min(1, len(events) - 1)], events[-1]
    return 60 * (last - first) / max(ended - began, 1e-9)


def _hashes(out: Path) -> str:
    return " ".join(hashlib.sha256((out / name).read_bytes()).hexdigest()[:16] for name in (REDESIGNS, FAILED))


def _items(out: Path) -> int:
    names = [path.stem.split("-") for path in (out / "parts").glob("[0-9]*.parquet")]
    return sum(int(last) - int(first) + 1 for first, last in names)


def _wait_for_parts(out: Path, items: int, process: subprocess.Popen[bytes]) -> None:
    while _items(out) < items and process.poll() is None:
        time.sleep(0.2)


def _workers_of(run: int) -> list[int]:
    """Processes of a run's workers, by the name that Ray gives them and the session that they share with the run."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline"]):
        try:
            if (process.info["cmdline"] or [""])[0].startswith("ray::MapWorker") and os.getsid(process.pid) == run:
                found.append(process.pid)
        except (OSError, psutil.Error):
            continue
    return found


def main() -> None:
    """Parse and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("scaling", "killed", "chaos", "memory", "one"))
    parser.add_argument("--catalogue", type=Path, required=True)
    parser.add_argument("--audience", action="append", default=None)
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--where", default="")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--every", type=float, default=6.0, help="seconds between kills, on the mean")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=None)
    arguments = parser.parse_args()
    arguments.audience = arguments.audience or ["women"]
    if arguments.what == "one":
        print(json.dumps(one(arguments)))
        return
    with tempfile.TemporaryDirectory(prefix="gigs-farm-") as folder:
        arguments.out = arguments.out or Path(folder)
        {"scaling": scaling, "killed": killed, "chaos": chaos, "memory": memory}[arguments.what](arguments)


if __name__ == "__main__":
    main()
