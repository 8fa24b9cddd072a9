"""The driver killed outright, with all of Ray around it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytest.importorskip("ray")

from gigs.data.catalogue import Catalogue
from gigs.farm.tables import REDESIGNS
from tests.farm import shop

WAIT = 300  # seconds, for a machine that does much else

pytestmark = pytest.mark.slow


def start(*arguments: Path | int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.farm.one_run", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)


def of_session(session: int) -> list[str]:
    """Command lines of what still runs in a session."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline", "status"]):
        try:
            if os.getsid(process.pid) == session and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.info["cmdline"] or []))
        except (OSError, psutil.Error):
            continue
    return found


def test_a_run_that_was_killed_twice_is_resumed_to_the_same_tables(tiny_catalogue: Catalogue, tmp_path: Path) -> None:
    pack, catalogue = shop.make_shop(tiny_catalogue, tmp_path)
    whole, out = tmp_path / "whole", tmp_path / "out"
    assert start(pack, catalogue, whole).communicate(timeout=WAIT)[0].strip() == b"8"
    for items in (3, 6):
        process = start(pack, catalogue, out, items)
        assert process.wait(timeout=WAIT) == -signal.SIGKILL
        assert not (out / REDESIGNS).exists() and len(list((out / "parts").glob("0*.parquet"))) == items
        until = time.monotonic() + WAIT
        while (left := of_session(process.pid)) and time.monotonic() < until:
            time.sleep(0.1)
        assert not left, "Ray's processes end with the one that started them"
    process = start(pack, catalogue, out)
    assert process.communicate(timeout=WAIT)[0].strip() == b"2"
    assert shop.tables(out) == shop.tables(whole)
    assert not of_session(process.pid)
