"""Room for uploads: bounded in bytes and files, however many arrive at once. Row 41."""

from __future__ import annotations

import os
import time

import pytest

from gigs.service.folder import bytes_in
from gigs.studio.limits import Limits
from gigs.studio.room import FRESH_SECONDS, Room


@pytest.fixture
def room(tmp_path):
    return Room(tmp_path, Limits(upload_bytes=1000, uploads=5))


def put(folder, name: str, size: int, age: float = 0.0):
    path = folder / name / "photo.png"
    path.parent.mkdir()
    path.write_bytes(bytes(size))
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_what_is_on_its_way_counts(room):
    arrived = room.admit(600)
    assert room.admit(600) is None and room.admit(1001) is None
    arrived()
    assert room.admit(1000) is not None and room.admit(1) is None


def test_the_oldest_give_way_and_the_fresh_stay(room, tmp_path):
    old, older, fresh = (put(tmp_path, f"{age}", 300, age) for age in (100, 200, 0))
    assert room.admit(100) is not None and older.exists()
    assert room.admit(200) is not None and not older.exists() and old.exists()
    assert room.admit(400) is not None and not old.exists()
    assert room.admit(1) is None and fresh.exists()
    assert FRESH_SECONDS < 100


def test_many_small_files_are_too_many(room, tmp_path):
    files = [put(tmp_path, f"{number}", 1, 100 + number) for number in range(8)]
    assert room.admit(1) is not None
    assert sum(path.exists() for path in files) == 4 and files[0].exists()


def test_pictures_of_the_page_itself_are_neither_counted_nor_removed(room, tmp_path):
    own = put(tmp_path, "own", 5000, 10_000)
    room.kept = frozenset([own])
    assert room.admit(900) is not None and own.exists() and bytes_in(tmp_path) == 5000
