"""Kill importing, training and suggesting at random moments, resume, and compare with a whole run. `make chaos`.

    python -m tests.faults.chaos --rounds 10 --seed 1 --json chaos.json

Every run is a forked process that ends by SIGKILL: before a random one of its steps, syncs and renames, or after a
random time. Which, follows from the seed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gigs.io import storage
from tests.faults.chaos_tasks import TASKS, Task, prepare
from tests.helpers.stand_ins import pyramid_for_lpips

MOST_KILLS = 3  # in one round; then it may finish


class Moments:
    """Counts what a run does, and kills it before its n-th deed."""

    def __init__(self, kill_at: int = 0) -> None:
        self.count, self.kill_at = 0, kill_at

    def passed(self, *_: object) -> None:
        """One more deed; also serves as `on_step`."""
        self.count += 1
        if self.count == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        """Count syncs and renames, the moments at which files change hands."""
        self._wrap(storage.os, "fsync")
        self._wrap(Path, "replace")

    def _wrap(self, owner: Any, name: str) -> None:
        plain = getattr(owner, name)

        def counted(*args: Any) -> Any:
            self.passed()
            return plain(*args)

        setattr(owner, name, counted)


def forked(act: Callable[[], int]) -> int:
    """Run `act` in a process of its own; its answer (0 to 255 for good, less for a signal), the process waited for."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.write(write, str(act()).encode())
            code = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        os._exit(code)
    os.close(write)
    with os.fdopen(read) as answer:
        text = answer.read()
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return -os.WTERMSIG(status)
    if not text:
        raise RuntimeError("a run failed; its traceback is above")
    return int(text)


def run(task: Task, work: Path, out: Path, *, kill_at: int = 0, kill_after: float = 0.0) -> int:
    """One process of a task: the number of its deeds, or -9 if it was killed."""

    def act() -> int:
        moments = Moments(kill_at)
        moments.watch()
        if kill_after:
            timer = threading.Timer(kill_after, os.kill, (os.getpid(), signal.SIGKILL))
            timer.daemon = True
            timer.start()
        task.run(work, out, moments.passed)
        return moments.count

    return forked(act)


def chaos(task: Task, work: Path, rounds: int, seed: int) -> dict[str, Any]:
    """Rounds of one task; how often it was killed, and the files that came out otherwise than uninterrupted."""
    rng = random.Random(f"{task.name} {seed}")
    started = time.monotonic()
    deeds = run(task, work, work / task.name / "whole")
    seconds = time.monotonic() - started
    whole, kills, different = task.content(work / task.name / "whole"), 0, []
    for number in range(rounds):
        out = work / task.name / f"round-{number}"
        for attempt in range(MOST_KILLS + 1):
            kill: dict[str, Any] = {}
            if attempt < rng.randint(1, MOST_KILLS):
                by_time = rng.random() < 0.3
                kill = {"kill_after": rng.uniform(0, seconds)} if by_time else {"kill_at": rng.randint(1, deeds)}
            if run(task, work, out, **kill) >= 0 and not kill:
                break
            kills += 1
        found = task.content(out)
        names = {name for name in whole.keys() | found.keys() if whole.get(name) != found.get(name)}
        left = {path.name for path in out.rglob(".*")}
        different += [f"round {number}: {name}" for name in sorted(names | left)]
    took = round(time.monotonic() - started, 1)
    return {"rounds": rounds, "deeds": deeds, "kills": kills, "different": different, "seconds": took}


def main() -> None:
    """Rounds of every task; exit code 1 if anything came out otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="*", help=f"of {', '.join(TASKS)}; all of them if none is given")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures here")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, pyramid_for_lpips():
        work = Path(folder)
        os.environ["GIGS_COMPUTE"] = "fp32"  # the start-up probe takes seconds, and might choose anew
        forked(lambda: prepare(work))  # the parent itself computes nothing: its children start as from the shell
        report = {}
        for name in given.tasks or TASKS:
            report[name] = chaos(TASKS[name], work, given.rounds, given.seed)
            print(f"{name}: {report[name]}", flush=True)
    if given.json:
        given.json.write_text(json.dumps({"seed": given.seed, "tasks": report}, indent=2))
    sys.exit(1 if any(part["different"] for part in report.values()) else 0)


if __name__ == "__main__":
    main()
