"""What a command costs before it computes: seconds of processor for starting, importing, and a whole draft.

    python -m benchmarks.start
    python -m benchmarks.start --against ../gigs-before/src    # another checkout's code, run in turn with this one's

Seconds of processor (user and system) of a child process, the least of a few runs: what else the computer does counts
for little then. The files were read before. `--cold` adds one draft with an empty folder of weights, which downloads
them.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parents[1] / "src"
COMMANDS = {
    "an empty Python": ["-c", "pass"],
    "gigs --version": ["-m", "gigs", "--version"],
    "gigs suggest --help": ["-m", "gigs", "suggest", "--help"],
    "imports of a suggestion": ["-c", "import gigs.batch"],
    "gigs suggest --example 1 --preset preview": ["-m", "gigs", "suggest", "--example", "1", "--preset", "preview"],
}


def seconds(arguments: list[str], source: Path, cache: Path | None = None) -> float:
    """Seconds of processor that a child process takes.

    Raises:
        SystemExit: It failed; its last lines are the message.
    """
    environment = {**os.environ, "PYTHONPATH": str(source)}
    if cache is not None:
        environment["GIGS_CACHE"] = str(cache)
    with tempfile.TemporaryDirectory() as folder:
        full = [*arguments, *(["--out", f"{folder}/out"] if "--example" in arguments else [])]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([sys.executable, *full], env=environment, capture_output=True, text=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{' '.join(full)}: {done.stderr[-500:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def table(sources: dict[str, Path], repeats: int, names: list[str]) -> str:
    """A Markdown table: a row a command, the least and the median seconds of processor of each source, run in turn."""
    head = " | ".join(f"{name}: least (median)" for name in sources)
    rows = [f"| command | {head} |", "|---|" + "---|" * len(sources)]
    for name in names:
        taken: dict[str, list[float]] = {source: [] for source in sources}
        for _ in range(repeats):
            for source, path in sources.items():
                taken[source].append(seconds(COMMANDS[name], path))
        cells = (f"{min(each):.2f} ({statistics.median(each):.2f})" for each in taken.values())
        rows.append(f"| `{name}` | {' | '.join(cells)} |")
        print(rows[-1], file=sys.stderr, flush=True)
    return "\n".join(rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--against", type=Path, help="Folder `src` of another checkout.")
    parser.add_argument("--only", choices=[*COMMANDS], action="append", help="Only this command; any number of times.")
    parser.add_argument("--cold", action="store_true", help="Also one draft with no weights in the cache.")
    options = parser.parse_args()
    sources = ({"before": options.against.resolve()} if options.against else {}) | {"this checkout": HERE}
    print(table(sources, options.repeats, options.only or [*COMMANDS]))
    if options.cold:
        with tempfile.TemporaryDirectory() as cache:
            taken = seconds(COMMANDS["gigs suggest --example 1 --preset preview"], HERE, Path(cache))
        print(f"\ncold, weights downloaded on the way: {taken:.1f} s of processor")


if __name__ == "__main__":
    main()
