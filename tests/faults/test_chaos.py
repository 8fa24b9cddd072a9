"""Killed at random moments and gone on with, everything long comes out as if it had not been. Rows 21, 23 and 34.

`make chaos` does the same for longer; `chaos.py` says how.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and signals")


@pytest.mark.slow
def test_a_killed_run_comes_out_as_an_uninterrupted_one(tmp_path):
    figures = tmp_path / "chaos.json"
    tasks = ["import", "generator", "encoder", "suggest"]  # `make chaos` kills the recommender's training too
    options = ["--rounds", "1", "--seed", "5", "--json", str(figures)]
    command = [sys.executable, "-m", "tests.faults.chaos", *tasks, *options]
    one = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, env=one, cwd=ROOT, check=False)
    assert figures.is_file(), done.stderr
    for name, part in json.loads(figures.read_text())["tasks"].items():
        assert part["kills"] >= 1 and part["deeds"] > 10, name
        assert part["different"] == [], name
    assert done.returncode == 0
