"""`make bench BENCH="--busy"`: one suggestion on an idle computer, and beside programs that keep every core busy.

Each run is a process of its own, as a user starts it, since OpenMP reads its settings once. Threads wait as gigs lets
them, and as PyTorch has them where nobody sets anything; further settings can be compared with `--wait NAME=VALUE,...`.
Settings take turns, so that what else the computer does hits all alike. CPU seconds tell spinning apart from waiting.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gigs.io import storage
from gigs.threads import ASLEEP

SPINNING = {"GOMP_SPINCOUNT": "300000", "KMP_BLOCKTIME": "200"}  # what the libraries do where nothing is set
SUGGEST = ("suggest", "--example", "1", "--audience", "everyone", "--seed", "0", "--out", "{out}")
NEIGHBOUR = "while True: pass"


def main(options: argparse.Namespace) -> None:
    """Run, print a table, write `busy.json` and `busy.md`."""
    ways = {"asleep (gigs)": {}, "spinning (PyTorch)": SPINNING} | {text: pairs(text) for text in options.wait}
    rows: list[dict[str, Any]] = []
    more = ("--preset", "preview") if options.quick else ()
    for _ in range(options.repeats):
        for count in (0, options.neighbours):
            for name, settings in ways.items():
                rows.append({"way": name, "neighbours": count} | measured(settings, count, more))
                print(rows[-1], file=sys.stderr, flush=True)
    storage.write_json(options.out / "busy.json", rows)
    text = table(rows)
    storage.write_text(options.out / "busy.md", text)
    print(text)


def pairs(text: str) -> dict[str, str]:
    """`A=1,B=2` as a dict."""
    return dict(part.split("=", 1) for part in text.split(","))


def measured(settings: dict[str, str], neighbours: int, more: Sequence[str] = ()) -> dict[str, float]:
    """Seconds on the clock and of the processor that one suggestion takes beside so many busy programs.

    Args:
        settings: Environment variables of the run.
        neighbours: How many programs.
        more: Options of the command.
    """
    environment = {name: value for name, value in os.environ.items() if name not in ASLEEP} | settings
    with tempfile.TemporaryDirectory() as folder, busy(neighbours):
        started = time.perf_counter()
        asked = [part.format(out=Path(folder) / "out") for part in SUGGEST]
        command = [sys.executable, "-m", "gigs", *asked, *more]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"gigs suggest ended with {process.returncode}")
    return {"seconds": seconds, "cpu": used.ru_utime + used.ru_stime}


@contextmanager
def busy(count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Programs beside, each of which keeps one core busy."""
    running = [subprocess.Popen([sys.executable, "-c", NEIGHBOUR]) for _ in range(count)]
    try:
        yield running
    finally:
        for each in running:
            each.kill()
            each.wait()


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown: medians (and the range) for each way of waiting and number of neighbours, and how they compare."""
    lines = ["| threads wait | busy programs beside | runs | seconds | CPU seconds | times idle, asleep |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    groups: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["way"], row["neighbours"]), []).append(row)
    reference = _median(next(iter(groups.values())), "seconds")
    for (way, count), runs in groups.items():
        ratio = _median(runs, "seconds") / reference
        lines.append(
            f"| {way} | {count} | {len(runs)} | {_spread(runs, 'seconds')} | {_spread(runs, 'cpu')} | {ratio:.2f} |"
        )
    return "\n".join(lines) + "\n"


def _median(runs: list[dict[str, Any]], figure: str) -> float:
    return statistics.median(run[figure] for run in runs)


def _spread(runs: list[dict[str, Any]], figure: str) -> str:
    values = [run[figure] for run in runs]
    return f"{statistics.median(values):.1f} ({min(values):.1f} - {max(values):.1f})"
