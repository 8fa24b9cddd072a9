"""`import gigs` is quick, and offers what the README says."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest

import gigs

HEAVY = ("torch", "numpy", "PIL", "pandas", "jinja2", "typer")


def test_the_names_are_there_and_no_others() -> None:
    names = ["Colourways", "Preset", "Result", "Session", "__version__", "colours", "load_pack", "suggest"]
    assert dir(gigs) == names
    assert all(getattr(gigs, name) is not None for name in dir(gigs))
    assert gigs.__version__ == version("gigs")
    with pytest.raises(AttributeError, match="no attribute 'sugest'"):
        gigs.sugest


def test_nothing_heavy_is_imported_before_it_is_used() -> None:
    code = f"import sys, gigs; print([name for name in {HEAVY} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_importing_takes_less_than_a_third_of_a_second() -> None:
    """Measured beside an empty interpreter, and the quickest of a few: a busy computer is no slow import."""
    code = "import time; t = time.perf_counter(); import gigs; print(time.perf_counter() - t)"
    seconds = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout) for _ in range(3)
    ]
    assert min(seconds) < 0.3
