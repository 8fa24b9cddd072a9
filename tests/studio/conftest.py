from __future__ import annotations

import pytest

from gigs.studio.desk import Desk
from gigs.studio.limits import Limits
from tests.studio.scripted import Scripted


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
