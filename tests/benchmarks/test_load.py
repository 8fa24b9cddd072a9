"""The load test sees what a server answers, counts what goes wrong, and says both in one table."""

from __future__ import annotations

import asyncio
import io

import pytest
from PIL import Image

pytest.importorskip("fastapi")
pytest.importorskip("prometheus_client")

from benchmarks import load
from gigs.serve.limits import Limits
from tests.serve.serving import Member, serving


def options(pack, **more):
    given = ["--clients", "2", "--minutes", "0.02", "--pack", str(pack), "--side", "64", "--n", "1"]
    return load._options([*given, *more.get("given", [])])


def test_jobs_are_timed_and_nothing_is_an_error(small_pack, monkeypatch):
    monkeypatch.setattr(load, "POLL_SECONDS", 0.02)
    asked = options(small_pack)
    with serving([Member(small_pack)], Limits(grace_seconds=0.1)) as server:
        found = asyncio.run(load.load(server.url, asked))
    about = load.summary(found, asked, 1.2)
    assert about["errors"] == [] and about["rows"]["whole job"]["n"] >= 1
    assert about["rows"]["poll"]["n"] >= about["rows"]["whole job"]["n"] and about["codes"]["202"] >= 1
    assert about["memory_mb"]["server"]["start"] > 0 or "linux" not in load.sys.platform
    text = load.table(about)
    assert "| whole job |" in text and "0 errors" in text


def test_what_goes_wrong_is_an_error(small_pack, monkeypatch):
    monkeypatch.setattr(load, "POLL_SECONDS", 0.02)
    member = Member(small_pack)
    member.engine.error = ValueError("broken")
    with serving([member], Limits(grace_seconds=0.1)) as server:
        found = asyncio.run(load.load(server.url, options(small_pack)))
    assert found.errors and "failed" in found.errors[0] and "whole job" not in found.seconds


def test_photos_are_made_from_examples_and_differ(small_pack):
    made = load.photos(str(small_pack), 3, 64)
    assert len(set(made)) == 3 and Image.open(io.BytesIO(made[0])).size == (64, 64)
