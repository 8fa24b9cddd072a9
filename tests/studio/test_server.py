"""The studio as a server: what reaches it, what does not, and many visitors at once."""

from __future__ import annotations

import logging
import os
import re
import socket
import threading
import time
import zipfile
from io import BytesIO

import pytest

from tests.helpers.command_line import gigs
from tests.helpers.pictures import encoded, quadrants

pytest.importorskip("gradio")

from gigs.errors import InputError
from gigs.languages import language
from gigs.service.address import Address
from gigs.service.folder import bytes_in
from gigs.studio import texts
from gigs.studio.limits import Limits
from gigs.studio.server import Studio, sweep_uploads
from tests.studio.scripted import Scripted
from tests.studio.serving import Visitor, file_data, serving

WISHES = ["everyone", 50, "", [], 2, False, False, None, None]
PHOTO = encoded(quadrants())


@pytest.fixture(scope="module")
def studio(small_pack):
    with serving(Scripted(small_pack), Limits(waiting=3, photo_bytes=1 << 20, message_seconds=1.0)) as studio:
        yield studio


@pytest.fixture
def visitor(studio):
    return Visitor(studio.url)


def uploaded(visitor: Visitor) -> dict:
    return file_data(visitor.upload(PHOTO).json()[0])


def test_from_an_upload_to_the_report(studio, visitor):
    photo = uploaded(visitor)
    assert str(studio.uploads) in photo["path"]
    assert visitor.join("gigs-upload", "upload", [photo, *WISHES]).status_code == 200
    assert "draft for all buyers" in visitor.screens()[-2]
    assert visitor.join("gigs-go", "click", WISHES).status_code == 200
    said = "".join(visitor.screens())
    key = re.search(r"result/(\w{32})/report\.html", said)[1]
    report = visitor.http.get(f"/result/{key}/report.html")
    assert report.text == "<p>everyone</p>" and "default-src 'none'" in report.headers["content-security-policy"]
    packed = zipfile.ZipFile(BytesIO(visitor.http.get(f"/result/{key}/gigs-redesigns.zip").content))
    assert "gigs-redesigns/suggestion-1.png" in packed.namelist()
    assert visitor.http.get(f"/result/{key}/result.json").status_code == 404


def test_two_people_at_a_time_do_not_get_each_others_results(studio):
    people = [Visitor(studio.url), Visitor(studio.url)]
    said: list[str] = ["", ""]

    def visit(number: int, audience: str) -> None:
        wishes = [audience, *WISHES[1:]]
        people[number].join("gigs-upload", "upload", [uploaded(people[number]), *wishes])
        people[number].screens()
        people[number].join("gigs-go", "click", wishes)
        said[number] = "".join(people[number].screens())

    threads = [threading.Thread(target=visit, args=each) for each in ((0, "everyone"), (1, "few"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    keys = [set(re.findall(r"result/(\w{32})/", each)) for each in said]
    assert len(keys[0]) == len(keys[1]) == 1 and keys[0] != keys[1]
    assert "redesigns for all buyers" in said[0] and "a few" not in said[0]
    assert "redesigns for a few" in said[1] and "all buyers" not in said[1]
    assert people[0].http.get(f"/result/{keys[1].copy().pop()}/report.html").text == "<p>few</p>"
    assert studio.engine.most_running == 1


def test_fifty_uploads_at_once_are_answered_in_plain_words(studio):
    studio.engine.gate.clear()
    before = {thread.name for thread in threading.enumerate()}
    said: list[str] = []
    people = [Visitor(studio.url) for _ in range(50)]

    def visit(person: Visitor) -> None:
        photo = uploaded(person)
        assert person.join("gigs-upload", "upload", [photo, *WISHES]).status_code == 200
        said.append("".join(person.screens()))

    threads = [threading.Thread(target=visit, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    waited = time.monotonic()
    while len(said) < 46 and time.monotonic() - waited < 60:
        time.sleep(0.1)
    assert len(said) == 46 and all(
        texts.BUSY in each for each in said
    )  # one computes and three wait, as the limits say
    studio.engine.gate.set()
    for thread in threads:
        thread.join(60)
    assert sum("draft for all buyers" in each for each in said) == 4
    assert len({thread.name for thread in threading.enumerate()} - before) < 60
    visits = [path for path in (studio.folder / "visits").iterdir() if path.is_dir()]
    assert sum(path.stat().st_size for visit in visits for path in visit.rglob("*")) < 60 * (1 << 20)


@pytest.mark.parametrize(
    "address",
    ["http://169.254.169.254/latest/meta-data", "https://example.invalid/a.png", "file:///etc/passwd", "/etc/passwd",
     "http://127.0.0.1:1/a.png", "//example.invalid/a.png", "ftp://example.invalid/a"],
)  # fmt: skip
def test_an_address_as_a_photo_is_refused_and_no_socket_is_opened(visitor, monkeypatch, address):
    visitor.http.get("/config")  # the connection is open before anything is counted
    opened = []

    def counted(self, *arguments):
        opened.append(arguments)
        raise OSError("no socket in this test")

    monkeypatch.setattr(socket.socket, "connect", counted)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *given, **more: opened.append(given) or [])
    for data in ([file_data(address), *WISHES], [{"a": [file_data(address)]}, *WISHES]):
        answer = visitor.join("gigs-upload", "upload", data)
        assert (answer.status_code, answer.text) == (400, texts.NO_ADDRESS)
    answer = visitor.join("gigs-go", "click", [file_data(address), *WISHES[1:]])
    assert answer.status_code == 400 and opened == []


@pytest.mark.parametrize(
    "path",
    ["/gradio_api/proxy=http://example.invalid/x", "/gradio_api/file=http://example.invalid/x", "/docs", "/login",
     "/gradio_api/file=/etc/passwd", "/monitoring", "/gradio_api/call/pressed", "/gradio_api/run/pressed",
     "/openapi.json", "/gradio_api/vibe-code", "/result/../../etc/passwd", f"/result/{'0' * 32}/report.html",
     "/gradio_api/dev/reload"],
)  # fmt: skip
def test_addresses_that_no_page_needs_are_not_there(visitor, path):
    assert visitor.http.get(path).status_code == 404
    assert visitor.http.post(path, json={}).status_code == 404


def test_strangers_pages_and_names_are_refused(studio, visitor):
    assert visitor.http.get("/", headers={"Host": "evil.invalid"}).status_code == 421
    answer = visitor.http.post("/gradio_api/queue/join", json={}, headers={"Origin": "http://evil.invalid"})
    assert answer.status_code == 403
    assert visitor.http.post("/gradio_api/queue/join", content=b"[" * 5000).status_code == 400


@pytest.mark.parametrize("header", ["X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "Forwarded"])
def test_no_header_of_a_visitors_says_where_the_page_is(studio, visitor, header):
    """Gradio took it for the root that the page loads everything else from."""
    for path in ("/", "/config"):
        answer = visitor.http.get(path, headers={header: "evil.invalid"})
        assert answer.status_code == 200 and "evil" not in answer.text and studio.url in answer.text


def test_an_origin_is_compared_whole(studio, visitor):
    """Row 41: `null` is any page in a frame without rights, and a name without a scheme is none."""
    host = studio.url.removeprefix("http://")
    for origin in ("null", "", host, f"//{host}", f"ftp://{host}", f"http://{host}.evil.invalid", f"http://{host}/",
                   "http://evil.invalid", f"http://evil.invalid, http://{host}"):  # fmt: skip
        answer = visitor.http.post("/gradio_api/upload", files={"files": ("a.png", PHOTO)}, headers={"Origin": origin})
        assert answer.status_code == 403, origin
    twice = [("Origin", f"http://{host}"), ("Origin", "null")]
    assert visitor.http.get("/config", headers=twice).status_code == 403
    for origin in (f"http://{host}", f"https://{host}"):  # the latter behind a proxy that encrypts
        assert visitor.http.get("/config", headers={"Origin": origin}).status_code == 200


def test_uploads_are_bounded_together(small_pack):
    """Row 41: whoever sends them, with and without a page; the visitor's own photo is not lost."""
    limits = Limits(photo_bytes=1 << 20, upload_bytes=5 << 20, uploads=1000)
    with serving(Scripted(small_pack), limits) as studio:
        visitor = Visitor(studio.url)
        before = bytes_in(studio.folder)
        photo = uploaded(visitor)
        assert visitor.join("gigs-upload", "upload", [photo, *WISHES]).status_code == 200
        visitor.screens()
        codes = [visitor.upload(PHOTO + bytes([number]) * (900 << 10)).status_code for number in range(12)]
        assert codes[0] == 200 and codes[-1] == 507 and set(codes) == {200, 507}
        assert visitor.upload(PHOTO).status_code == 507 or bytes_in(studio.uploads) < 5 << 20
        assert bytes_in(studio.folder) - before < 6 << 20
        assert visitor.upload(PHOTO + b"x" * (900 << 10)).text == texts.NO_ROOM
        for path in studio.uploads.rglob("*.png"):
            os.utime(path, (0, 0))
        assert visitor.upload(PHOTO + b"y" * (900 << 10)).status_code == 200
        assert visitor.join("gigs-go", "click", WISHES).status_code == 200
        assert "report.html" in "".join(visitor.screens())


def test_what_is_too_large_is_refused_before_it_is_read(studio, visitor):
    large = visitor.upload(bytes(3 << 20))
    assert large.status_code == 413 and large.text == texts.TOO_LARGE.format(most=1)
    start = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
    chunks = iter([start, *[bytes(1 << 20)] * 4])  # no length announced
    head = {"Content-Type": "multipart/form-data; boundary=x"}
    assert visitor.http.post("/gradio_api/upload", content=chunks, headers=head).status_code == 413
    assert visitor.http.post("/gradio_api/queue/join", content=b"x" * (1 << 20)).status_code == 413


def test_a_slow_client_is_let_go_and_holds_nobody_up(studio, visitor):
    host, port = studio.url.removeprefix("http://").split(":")
    slow = []
    for path in ("/gradio_api/upload", "/gradio_api/queue/join"):
        client = socket.create_connection((host, int(port)), timeout=20)
        head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        client.sendall(f"{head}Content-Length: 1000\r\n\r\n--x".encode())
        slow.append(client)
    assert visitor.http.get("/config").status_code == 200
    for client in slow:
        assert b" 408 " in client.recv(4000)
        client.close()


def test_nothing_of_the_page_comes_from_elsewhere(visitor):
    page = visitor.http.get("/")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=[\"']https?:", page.text)
    assert not re.search(r"(url\(|@import)\s*[\"']?(https?:)?//", visitor.http.get("/theme.css").text)
    assert visitor.config["analytics_enabled"] is False and visitor.config.get("share_url") is None


def test_uploads_are_swept_and_examples_stay(tmp_path):
    (tmp_path / "a").mkdir()
    kept, old = tmp_path / "kept.png", tmp_path / "a" / "old.png"
    for path in (kept, old):
        path.write_bytes(b"x")
    sweep_uploads(tmp_path, 1000, frozenset([kept]))
    assert old.exists()
    sweep_uploads(tmp_path, -1, frozenset([kept]))
    assert kept.exists() and not old.exists()
    sweep_uploads(tmp_path, -1, frozenset([kept]))
    assert list(tmp_path.iterdir()) == [kept]


def test_a_port_that_is_taken_is_named_in_one_line(studio, small_pack):
    port = int(studio.url.rpartition(":")[2])
    with pytest.raises(InputError, match=f"127.0.0.1:{port} cannot be used"):
        Studio(studio.engine, Address(port=port))
    done = gigs("studio", "--port", 70_000)
    assert done.returncode == 2 and "--port must be from 0 to 65535" in done.stderr
    done = gigs("studio", "--port", port, "--pack", small_pack)
    assert done.returncode == 2 and "choose another --port" in done.stderr


def test_another_host_is_warned_of(studio, small_pack):
    port = int(studio.url.rpartition(":")[2])
    done = gigs("studio", "--host", "0.0.0.0", "--port", port, "--pack", small_pack)
    assert "there is no password" in done.stderr


@pytest.fixture(autouse=True)
def quiet(caplog):
    caplog.set_level(logging.CRITICAL, logger="gigs.studio")


@pytest.mark.parametrize(("accepted", "query", "found"), [
    ("de-DE,de;q=0.9,en;q=0.8", "", "/de/"), ("es", "", "/es/"), ("en-GB", "", None), ("fr", "", None),
    ("de", "?language=en", None),
])  # fmt: skip
def test_a_visitor_gets_the_browsers_language_unless_another_was_chosen(visitor, accepted, query, found):
    answer = visitor.http.get(f"/{query}", headers={"Accept-Language": accepted})
    if found is None:
        assert answer.status_code == 200
    else:
        assert answer.status_code == 307 and answer.headers["vary"] == "Accept-Language"
        assert str(answer.url.join(answer.headers["location"])).endswith(found)


@pytest.mark.parametrize(("code", "label"), [("de", "1. Ihr Produktfoto"), ("es", "1. La foto de tu producto")])
def test_a_page_in_another_language_is_the_whole_studio(studio, code, label):
    """Labels, events and results, at addresses below its own, and as guarded as the English page."""
    visitor = Visitor(f"{studio.url}/{code}")
    assert visitor.http.get("/").text.count(f'lang="{code}"') == 1
    assert label in str(visitor.config["components"])
    assert visitor.join("gigs-upload", "upload", [uploaded(visitor), *WISHES]).status_code == 200
    assert {"de": "Vorschau für alle Käufer", "es": "borrador rápido para todos los compradores"}[
        code
    ] in visitor.screens()[-2]
    assert visitor.join("gigs-go", "click", WISHES).status_code == 200
    key = re.search(r"result/(\w{32})/report\.html", "".join(visitor.screens()))[1]
    assert visitor.http.get(f"/result/{key}/report.html").text == "<p>everyone</p>"
    gone = visitor.http.get("/result/none/report.html", headers={"Accept-Language": code})
    assert gone.status_code == 404 and gone.text == language(code)(texts.GONE)
    assert visitor.http.get("/docs").status_code == 404
    odd = {"data": [{"path": "http://example.invalid/a.png"}]}
    assert visitor.http.post("/gradio_api/queue/join", json=odd).status_code == 400
