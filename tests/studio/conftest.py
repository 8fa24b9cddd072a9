from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from scripted import Scripted

from gigs.studio.desk import Desk
from gigs.studio.limits import Limits


@pytest.fixture
def engine(small_pack):
    return Scripted(small_pack)


@pytest.fixture
def desk(engine, tmp_path):
    (tmp_path / "uploads").mkdir()
    desk = Desk(engine, tmp_path / "visits", tmp_path / "uploads", Limits(waiting=2, seconds=20, history=2))
    yield desk
    engine.gate.set()
    desk.close()
    assert not (tmp_path / "visits").exists()
