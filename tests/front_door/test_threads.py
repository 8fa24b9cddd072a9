"""Threads that wait sleep, wherever gigs starts: OpenMP itself is asked what it read when PyTorch was loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gigs.threads import ASLEEP, wait_asleep

ROOT = Path(__file__).resolve().parents[2]
STARTS = {
    "Python": ["-c", "import gigs; gigs.Session"],
    "command line": ["-c", "import gigs.cli; import torch"],
    "tests": ["-c", "import tests.conftest"],
    "benchmarks": ["-c", "import benchmarks.run"],
    "training": ["training/snapshot.py", "--help"],
}


def openmp(start: list[str], **settings: str) -> dict[str, str]:
    """What GNU's OpenMP shows of its settings in a process that starts so."""
    clean = {name: value for name, value in os.environ.items() if name not in ASLEEP}
    process = subprocess.run(
        [sys.executable, *start], cwd=ROOT, capture_output=True, text=True, check=True,
        env=clean | {"OMP_DISPLAY_ENV": "VERBOSE"} | settings,
    )  # fmt: skip
    shown = (line.partition("=") for line in process.stderr.splitlines() if "=" in line)
    return {name.split()[-1]: value.strip(" '") for name, _, value in shown}


@pytest.mark.skipif(sys.platform != "linux", reason="only GNU's OpenMP shows how it waits")
@pytest.mark.parametrize("start", STARTS)
def test_threads_sleep_wherever_gigs_starts(start: str) -> None:
    shown = openmp(STARTS[start])
    assert (shown["OMP_WAIT_POLICY"], shown["GOMP_SPINCOUNT"]) == ("PASSIVE", "10000")


@pytest.mark.skipif(sys.platform != "linux", reason="only GNU's OpenMP shows how it waits")
def test_a_users_own_setting_is_not_overruled() -> None:
    """The test below has the other one too, without a process."""
    assert openmp(STARTS["Python"], OMP_WAIT_POLICY="ACTIVE")["OMP_WAIT_POLICY"] == "ACTIVE"


def test_one_setting_of_a_users_own_leaves_all_as_they_are() -> None:
    for name in ASLEEP:
        own = {name: "1"}
        assert not wait_asleep(own) and own == {name: "1"}
    empty: dict[str, str] = {}
    assert wait_asleep(empty) and empty == ASLEEP
