"""`gigs serve` as a program: it starts, computes, ends in good order, and starts again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import httpx
import pytest

from gigs.packs import load_pack
from gigs.serve.limits import Limits
from gigs.serve.metrics import resident_bytes
from tests.helpers.command_line import gigs
from tests.serve.serving import Caller, Member, serving, waited


def test_two_compute_at_a_time_behind_one_line(small_pack):
    members = [Member(small_pack), Member(small_pack)]
    with serving(members, Limits(waiting=4, grace_seconds=0.1)) as server:
        caller = Caller(server)
        for member in members:
            member.engine.gate.clear()
        places = [caller.taken() for _ in range(4)]
        waited(lambda: server.service.jobs.running == 2)
        assert [caller.http.get(place).json()["state"] for place in places] == ["running"] * 2 + ["waiting"] * 2
        for member in members:
            member.engine.gate.set()
        assert [caller.until(place, "done")["state"] for place in places] == ["done"] * 4
        assert sum(len(member.engine.wishes) for member in members) == 4
        assert all(member.engine.wishes and member.engine.most_running == 1 for member in members)


def test_a_server_that_ends_finishes_what_runs_and_cancels_what_waits(small_pack, tmp_path):
    member = Member(small_pack)
    with serving([member], Limits(grace_seconds=20), keep=tmp_path / "kept") as server:
        caller = Caller(server)
        member.engine.gate.clear()
        running, waiting = caller.taken(), caller.taken()
        caller.until(running, "running")
        ending = threading.Thread(target=server.service.drain, args=(20.0,))
        ending.start()
        cancelled = caller.until(waiting, "cancelled")
        assert cancelled["problem"]["type"] == "/docs#cancelled"
        refused = caller.post()
        assert refused.status_code == 503 and refused.headers["retry-after"] == "60"
        ready = caller.http.get("/health/ready")
        assert (ready.status_code, ready.json()["status"]) == (503, "ending")
        member.engine.gate.set()
        assert caller.until(running, "done")["pictures"]
        ending.join(20)
    with serving([Member(small_pack)], Limits(grace_seconds=0.1), keep=tmp_path / "kept") as server:
        caller = Caller(server)
        kept = caller.http.get(running).json()
        assert kept["state"] == "done" and caller.http.get(kept["pictures"]["photo.png"]).status_code == 200
        assert caller.http.get(waiting).json()["state"] == "cancelled"


def test_one_that_is_not_finished_within_its_grace_is_cancelled(small_pack, tmp_path):
    member = Member(small_pack)
    member.engine.steps, member.engine.pause = 10_000, 0.01
    with serving([member], Limits(grace_seconds=0.1), keep=tmp_path / "kept") as server:
        running = Caller(server).taken()
        Caller(server).until(running, "running")
    with serving([Member(small_pack)], Limits(grace_seconds=0.1), keep=tmp_path / "kept") as server:
        assert Caller(server).http.get(running).json()["state"] == "cancelled"


def test_out_of_time_is_said(small_pack):
    member = Member(small_pack)
    member.engine.steps, member.engine.pause = 10_000, 0.01
    with serving([member], Limits(seconds=0.2, grace_seconds=0.1)) as server:
        caller = Caller(server)
        failed = caller.until(caller.taken(), "failed")
        assert failed["problem"]["status"] == 504 and "faster preset" in failed["problem"]["detail"]


def test_what_is_wrong_with_the_command_is_one_line(tmp_path, small_pack):
    done = gigs("serve", "--port", 70_000)
    assert done.returncode == 2 and "--port must be from 0 to 65535" in done.stderr
    (tmp_path / "keys").write_text("short\n")
    done = gigs("serve", "--keys", tmp_path / "keys")
    assert done.returncode == 2 and "at least 16 ASCII characters" in done.stderr
    done = gigs("serve", "--pack", tmp_path / "nothing")
    assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1
    (tmp_path / "file").write_text("x")
    done = gigs("serve", "--pack", small_pack, "--keep", tmp_path / "file", "--host", "0.0.0.0")
    assert done.returncode == 2 and "cannot be written to" in done.stderr
    assert "--host 0.0.0.0 without a key" in done.stderr


def test_resident_memory_is_told_where_it_can_be():
    assert resident_bytes(None) == resident_bytes(2**22 + 1) == 0
    assert sys.platform != "linux" or resident_bytes(os.getpid()) > 1 << 20


@pytest.mark.slow
@pytest.mark.weights
def test_the_bundled_pack_end_to_end_and_a_signal(tmp_path):
    command = [sys.executable, "-m", "gigs", "serve", "--port", "0", "--keep", str(tmp_path / "kept"), "--grace", "600"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    try:
        url = server.stdout.readline().split("/docs")[0]
        photo = load_pack("hm-64").examples()[0].read_bytes()
        with httpx.Client(base_url=url, timeout=60, trust_env=False) as http:
            sent = {"audience": "women", "preset": "preview", "n": "2"}
            place = http.post("/v1/redesigns", files={"photo": photo}, data=sent).headers["location"]
            waited(lambda: http.get(place).json()["state"] == "running", 60)
            server.send_signal(signal.SIGTERM)  # it runs: it may finish
            began = time.monotonic()
            status = http.get(place).json()
            while status["state"] == "running" and time.monotonic() - began < 560:
                time.sleep(0.1)
                status = http.get(place).json()
            picture = http.get(status["pictures"]["suggestion-1.png"])  # the server waits a moment for that
        assert server.wait(60) == 0
    finally:
        server.kill()
    assert status["state"] == "done" and picture.status_code == 200
    kept = tmp_path / "kept" / place.rpartition("/")[2]
    assert (kept / "result" / "suggestion-1.png").is_file() and not (kept / "photo").exists()
