"""What strangers may send: sizes, bombs, names, ids, floods, headers."""

from __future__ import annotations

import socket
import struct
import threading
import time
import zlib

import pytest

from gigs.serve.limits import Limits
from gigs.service.folder import bytes_in
from tests.serve.serving import PHOTO, Caller, Member, serving

KEY = "k" * 32


def bomb() -> bytes:
    """A PNG of a few kilobytes that says it has 900 megapixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(1 << 20)))
        + chunk(b"IEND", b"")
    )


def raw(caller: Caller, head: str) -> bytes:
    """What is answered to a head as it is: clients tidy up what they send."""
    host, port = caller.http.base_url.host, caller.http.base_url.port
    with socket.create_connection((host, port), timeout=20) as connection:
        connection.sendall(f"{head}\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        said = b""
        while part := connection.recv(65536):
            said += part
    return said


def test_a_decompression_bomb_is_refused_at_once(caller):
    began = time.monotonic()
    answer = caller.post(photo=bomb())
    assert answer.status_code == 422 and "megapixels" in answer.json()["detail"] and time.monotonic() - began < 5


def test_what_is_too_large_is_refused_before_it_is_read(caller):
    for answer in (caller.post(photo=PHOTO + bytes(4 << 20)), caller.post(photo=PHOTO + bytes(1 << 20))):
        assert answer.status_code == 413 and "1 MB at most" in answer.json()["detail"]
    start = b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a.png"\r\n\r\n'
    chunks = iter([start, *[bytes(1 << 20)] * 5])  # no length announced
    head = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = caller.http.post("/v1/redesigns", content=chunks, headers=head)
    assert answer.status_code == 413 and answer.headers["content-type"] == "application/problem+json"
    for length in ("-1", "x", "9" * 30):
        head = (
            f"POST /v1/redesigns HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: {length}"
        )
        assert raw(caller, head).split()[1] in (b"400", b"413"), length


def test_a_form_of_endless_fields_is_refused(caller):
    many = {f"field-{number}": "x" for number in range(1500)}
    answer = caller.http.post("/v1/redesigns", files={"photo": PHOTO}, data=many)
    assert answer.status_code in (400, 413, 422) and answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "body", [b"", b"--x", b"--x--\r\n", b"--x\r\n\r\n\r\n--x--", b"\x00" * 100, b"--x\r\nA: b\r\n\r\n--x--"]
)
def test_a_broken_form_is_a_problem_and_no_error_of_ours(caller, body):
    head = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = caller.http.post("/v1/redesigns", content=body, headers=head)
    assert 400 <= answer.status_code < 500 and answer.json()["title"]


def test_a_slow_client_is_let_go_and_holds_nobody_up(server, caller):
    host, port = server.url.removeprefix("http://").split(":")
    slow = socket.create_connection((host, int(port)), timeout=20)
    head = f"POST /v1/redesigns HTTP/1.1\r\nHost: {host}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    slow.sendall(f"{head}Content-Length: 1000\r\n\r\n--x".encode())
    assert caller.http.get("/health/live").status_code == 200
    assert b" 408 " in slow.recv(4000)
    slow.close()


@pytest.mark.parametrize(
    "name",
    ["../task.json", "..%2ftask.json", "%2e%2e/task.json", "/etc/passwd", "raw/../../task.json", "result.json", ".",
     "photo.png%00", "manifest.json", "photo.png/", "%2Fetc%2Fpasswd", "..\\task.json", "report.html"],
)  # fmt: skip
def test_no_name_leads_to_a_file_that_is_no_picture(caller, name):
    place = caller.taken()
    caller.until(place, "done")
    said = raw(caller, f"GET {place}/pictures/{name} HTTP/1.1")
    assert said.split()[1] in (b"400", b"404")
    assert b"asked" not in said and b"root:" not in said


def test_ids_cannot_be_guessed_or_bent(caller):
    first, second = caller.taken(), caller.taken()
    ids = [place.rpartition("/")[2] for place in (first, second)]
    assert len(set(ids)) == 2 and all(len(each) == 32 and int(each, 16) >> 96 for each in ids)
    for odd in ("0" * 32, ids[0][:31], ids[0].upper() + "0", "..", "%00", "x" * 5000, "'; drop", "*"):
        assert caller.http.get(f"/v1/redesigns/{odd}").status_code in (404, 405), odd
    caller.until(second, "done")


def test_a_client_s_words_get_into_no_header(caller):
    """Header injection: a name or field with line ends stays where it is, or is refused."""
    files = {"photo": ("a\r\nX-Evil: 1.png", PHOTO)}
    for data in ({"audience": "everyone\r\nX-Evil: 1"}, {"audience": "everyone"}):
        answer = caller.http.post("/v1/redesigns", files=files, data=data)
        assert answer.status_code in (202, 400, 422) and "x-evil" not in answer.headers
    answer = caller.http.get("/v1/redesigns/a%0d%0aX-Evil:%201")
    assert answer.status_code == 404 and "x-evil" not in answer.headers and "Evil" not in answer.text
    assert caller.post(kind="colours", colours="navy\r\nX-Evil: 1").status_code == 422


def test_strangers_names_and_pages_are_refused(server, caller):
    assert caller.http.get("/v1/audiences", headers={"Host": "evil.invalid"}).status_code == 421
    for origin in ("http://evil.invalid", "null", server.url + "/"):
        answer = caller.http.get("/v1/audiences", headers={"Origin": origin})
        assert answer.status_code == 403 and answer.json()["type"] == "/docs#strange-origin"
    answer = caller.http.get("/", headers={"X-Forwarded-Host": "evil.invalid", "X-Forwarded-Prefix": "//evil.invalid"})
    assert answer.headers["location"] == "/docs"
    answer = caller.http.get("/v1/audiences")
    assert answer.headers["x-content-type-options"] == "nosniff" and "server" not in answer.headers


def test_a_flood_is_turned_away_and_fills_neither_line_nor_disk(caller, server, member):
    member.engine.gate.clear()
    before = bytes_in(server.service.store.root)
    codes: list[int] = []

    def flood() -> None:
        one = Caller(server)
        codes.extend(one.post().status_code for _ in range(5))

    threads = [threading.Thread(target=flood) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(codes) == 40 and set(codes) == {202, 429} and codes.count(202) == 3
    assert bytes_in(server.service.store.root) - before < 4 * (len(PHOTO) + 2000)
    assert caller.http.get("/health/live").status_code == 200
    member.engine.gate.set()


def test_no_more_listen_than_may(caller, member):
    member.engine.gate.clear()
    place = caller.taken()
    with caller.http.stream("GET", f"{place}/events"), caller.http.stream("GET", f"{place}/events"):
        assert caller.http.get(f"{place}/events").status_code == 429
    member.engine.gate.set()
    caller.until(place, "done")


def test_a_key_is_asked_for_before_anything_is_read(small_pack, tmp_path):
    limits = Limits(grace_seconds=0.1)
    with serving([Member(small_pack)], limits, keys=("a" * 20, KEY)) as server:
        for given in (None, "x" * 32, KEY[:-1], KEY + "k", "é"):
            stranger = Caller(server, None if given in (None, "é") else given)
            answer = stranger.post()
            assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
            assert stranger.http.get("/metrics").status_code == stranger.http.get("/v1/audiences").status_code == 401
            assert stranger.http.get("/health/ready").status_code == stranger.http.get("/docs").status_code == 200
        basic = server.url and Caller(server).http.get("/metrics", headers={"Authorization": f"Basic {KEY}"})
        assert basic.status_code == 401
        for key in ("a" * 20, KEY):
            friend = Caller(server, key)
            assert friend.until(friend.taken(), "done")["state"] == "done"


def test_a_disk_that_is_nearly_full_takes_nothing(small_pack):
    with serving([Member(small_pack)], Limits(free_bytes=1 << 60, grace_seconds=0.1)) as server:
        answer = Caller(server).post()
        assert answer.status_code == 507 and answer.json()["type"] == "/docs#no-room"
