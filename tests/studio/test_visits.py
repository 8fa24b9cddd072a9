"""Invented visitors shut nobody out, and a killed studio leaves no photo. Row 57."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gigs.service import folder as folders
from gigs.service.folder import LOCK, PrivateFolder, sweep_left
from gigs.service.jobs import BusyError
from gigs.studio.limits import Limits
from gigs.studio.server import PREFIX
from gigs.studio.visits import Visits


@pytest.fixture
def visits(tmp_path):
    return Visits(tmp_path / "visits", Limits(visits=3, crowded_seconds=60))


def test_invented_sessions_lock_nobody_out(visits):
    """105 of them kept every new visitor out for two hours."""
    kept = visits.of("seller")
    kept.photo = kept.folder / "photo"
    for number in range(105):
        visits.of(f"invented {number}")
    assert visits.of("new").folder.is_dir() and len(visits) == 3
    assert visits.of("seller") is kept and kept.folder.is_dir()
    assert len(list(visits.root.iterdir())) == 3


def test_with_photos_the_one_seen_longest_ago_gives_way(visits):
    for number in range(3):
        visit = visits.of(str(number))
        visit.photo = visit.folder / "photo"
    with pytest.raises(BusyError):  # all were here a moment ago
        visits.of("new")
    visits.of("0")
    for number, ago in ((0, 100), (1, 300), (2, 200)):
        visits.known(str(number)).seen = time.monotonic() - ago
    visits.leave("2")
    visits.known("2").seen = time.monotonic() - 200
    visits.of("new")
    assert visits.known("2") is None and visits.known("1") is not None  # who left goes first
    visits.of("newer")
    assert visits.known("new") is None and visits.known("newer") is not None


def test_folders_of_killed_studios_go_and_those_of_living_ones_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(folders.tempfile, "tempdir", str(tmp_path))
    code = (
        "import os, tempfile; from gigs.service.folder import PrivateFolder; made = PrivateFolder('gigs-studio-'); "
        "(made.path / 'photo').write_bytes(b'x'); print(made.path, flush=True); input()"
    )
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    other = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )
    place = Path(other.stdout.readline().strip())
    (tmp_path / "gigs-studio-strange").mkdir()  # without a lock it is not known whose
    sweep_left(PREFIX)
    assert (place / "photo").is_file()
    other.send_signal(signal.SIGKILL)
    other.wait()
    own = PrivateFolder(PREFIX)
    assert not place.exists() and (own.path / LOCK).is_file() and (tmp_path / "gigs-studio-strange").is_dir()
    own.remove()
    assert [path.name for path in tmp_path.iterdir()] == ["gigs-studio-strange"]
