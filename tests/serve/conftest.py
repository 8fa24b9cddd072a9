from __future__ import annotations

import logging

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("prometheus_client")

from gigs.serve.limits import Limits
from tests.serve.serving import Caller, Member, serving, waited

LIMITS = Limits(waiting=2, photo_bytes=1 << 20, message_seconds=1.0, streams=2, uploads=3, grace_seconds=0.1)


@pytest.fixture(scope="module")
def member(small_pack):
    return Member(small_pack)


@pytest.fixture(scope="module")
def server(member):
    with serving([member], LIMITS) as server:
        yield server


@pytest.fixture
def caller(server, member):
    """Before it the line is empty and everything that was held goes on."""
    waited(lambda: server.service.jobs.running == server.service.jobs.waiting == 0)
    yield Caller(server)
    member.engine.gate.set()
    member.engine.error = None


@pytest.fixture(autouse=True)
def quiet(caplog):
    caplog.set_level(logging.CRITICAL, logger="gigs.serve")
