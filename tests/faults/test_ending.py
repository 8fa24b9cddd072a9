"""SIGTERM and SIGHUP end as Ctrl-C does: one line, no lock, nothing half written. Row 34."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from gigs.io import folders

# A command that holds a folder, writes, and waits to be ended.
COMMAND = """
import sys, time
from pathlib import Path
import gigs.cli.app as app
from gigs.io import folders, storage

@app.app.command("hold")
def hold(out: Path) -> None:
    with folders.owned(out):
        storage.write_atomic(out / "half.json", wait)

def wait(path):
    path.write_bytes(b"half")
    print("ready", flush=True)
    time.sleep(60)

app.main()
"""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs signals")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_a_signal_leaves_one_line_and_no_lock(number, code, tmp_path):
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "hold", str(out)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    assert (out / folders.LOCK).is_file()
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == code and told.count("\n") == 1 and "finished work is kept" in told
    assert not out.exists()


def test_a_signal_that_is_ignored_stays_so(tmp_path):
    """As under nohup."""
    code = f"import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n{COMMAND}"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "hold", str(tmp_path / "out")], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.readline()
    process.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 143
