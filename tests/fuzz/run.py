"""Fuzz every parser: only typed errors, no crash, no hang, no growth of memory. `make fuzz`.

    python -m tests.fuzz.run --inputs 12000 --seed 1 --json fuzz.json

Each target runs in a process of its own, so that a crash in a library is a finding and not the end.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import json
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SECONDS = 10  # for one input
GROWTH = 256  # MB above the start, at the peak of any input, and 64 in the end
WARM_UP = 100  # inputs until lazy imports and caches have settled


class HangError(BaseException):
    """An input took longer than `SECONDS`; no handler of ordinary errors may swallow it."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `HangError` where Python code runs on, and end the process where a library does."""

    def ring(*_: object) -> None:
        raise HangError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    faulthandler.dump_traceback_later(6 * seconds, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def memory(field: str) -> float:
    """`VmRSS` or `VmHWM` (its peak) of this process in MB; 0 where the system does not tell."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) / 1024
    return 0.0


def attempt(target: Any, number: int, seed: int) -> str:
    """Read one input: `accepted`, `refused`, or what went wrong."""
    from gigs.errors import GigsError

    content = target.input(number, seed)
    try:
        with time_limit(SECONDS):
            target.read(content)
    except GigsError:
        return "refused"
    except HangError:
        return f"hang: more than {SECONDS} s"
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        return f"untyped: {type(error).__name__} at {place}: {' '.join(str(error).split())[:160]}"
    return "accepted"


def child(name: str, first: int, count: int, seed: int, work: Path) -> None:
    """Run inputs of one target; what happened goes to `work/outcome.json`, where it is to `work/number`."""
    from tests.fuzz.targets import make_targets

    target = make_targets(work / "files")[name]
    outcomes: Counter[str] = Counter()
    findings: list[dict[str, Any]] = []
    start = peak = 0.0
    for number in range(first, first + count):
        (work / "number").write_text(str(number))
        if number == first + min(WARM_UP, count // 2):
            Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
            start = memory("VmRSS")
        outcome = attempt(target, number, seed)
        outcomes[outcome.split(":")[0]] += 1
        if outcome not in ("accepted", "refused"):
            findings.append({"input": number, "what": outcome})
    if start:
        peak = memory("VmHWM") - start
    figures = {"peak_growth_mb": round(peak, 1), "growth_mb": round(memory("VmRSS") - start, 1)}
    report = {"outcomes": outcomes, "findings": findings, **figures}
    (work / "outcome.json").write_text(json.dumps(report))


def fuzz(name: str, count: int, seed: int) -> dict[str, Any]:
    """All inputs of one target, in as many processes as crashes make necessary."""
    total: dict[str, Any] = {"outcomes": Counter(), "findings": [], "peak_growth_mb": 0.0, "growth_mb": 0.0}
    first, started = 0, time.monotonic()
    while first < count:
        with tempfile.TemporaryDirectory() as folder:
            options = ["--child", name, folder, "--first", first, "--inputs", count - first, "--seed", seed]
            done = subprocess.run([sys.executable, "-m", "tests.fuzz.run", *map(str, options)], check=False)
            outcome = Path(folder) / "outcome.json"
            if outcome.is_file():
                part = json.loads(outcome.read_text())
                total["outcomes"] += Counter(part["outcomes"])
                total["findings"] += part["findings"]
                for key in ("peak_growth_mb", "growth_mb"):
                    total[key] = max(total[key], part[key])
                break
            number = int((Path(folder) / "number").read_text())
            total["findings"].append({"input": number, "what": f"crash: exit code {done.returncode}"})
            total["outcomes"]["crash"] += 1
            first = number + 1
    if total["peak_growth_mb"] > GROWTH or total["growth_mb"] > GROWTH / 4:
        total["findings"].append({"input": -1, "what": f"memory: grew by {total['peak_growth_mb']} MB"})
    return {**total, "inputs": count, "seconds": round(time.monotonic() - started, 1)}


def main() -> None:
    """Fuzz all targets, or the named ones, and print a table; exit code 1 if anything was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", help="names of targets; all of them if none is given")
    parser.add_argument("--inputs", type=int, default=12_000, help="in all, shared among the targets")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--child", nargs=2, metavar=("TARGET", "FOLDER"), help=argparse.SUPPRESS)
    parser.add_argument("--first", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(given.child[0], given.first, given.inputs, given.seed, Path(given.child[1]))
        return
    from tests.fuzz.targets import make_targets

    with tempfile.TemporaryDirectory() as folder:
        names = given.targets or list(make_targets(Path(folder)))
    each = -(-given.inputs // len(names))
    report = {name: show(name, fuzz(name, each, given.seed)) for name in names}
    if given.json:
        given.json.write_text(json.dumps({"seed": given.seed, "targets": report}, indent=2))
    found = sum(len(part["findings"]) for part in report.values())
    print(f"{sum(part['inputs'] for part in report.values()):,} inputs, seed {given.seed}: {found} findings")
    sys.exit(1 if found else 0)


def show(name: str, part: dict[str, Any]) -> dict[str, Any]:
    """Print a target's line, and its findings."""
    counts = ", ".join(f"{count:,} {what}" for what, count in sorted(part["outcomes"].items()))
    memory_text = f"peak +{part['peak_growth_mb']} MB, end +{part['growth_mb']} MB"
    print(f"{name}: {part['inputs']:,} inputs ({counts}), {memory_text}, {part['seconds']} s", flush=True)
    for finding in part["findings"][:20]:
        print(f"  input {finding['input']}: {finding['what']}", flush=True)
    return part


if __name__ == "__main__":
    main()
