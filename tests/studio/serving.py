"""A studio that serves in a thread, and a client that speaks to it as the page in a browser does."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from gigs.service.address import Address
from gigs.studio.limits import Limits
from gigs.studio.server import Studio


@contextmanager
def serving(engine: Any, limits: Limits | None = None) -> Iterator[Studio]:
    """A studio on a free port; its folder is gone afterwards."""
    studio = Studio(engine, Address(port=0), limits or Limits())
    thread = threading.Thread(target=studio.run, daemon=True)
    thread.start()
    try:
        for _ in range(400):
            if studio.is_serving:
                break
            time.sleep(0.05)
        assert studio.is_serving
        yield studio
    finally:
        studio.stop()
        thread.join(20)
    assert not thread.is_alive() and not studio.folder.exists()


class Visitor:
    """One open page."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=60, trust_env=False)
        self.session = secrets.token_hex(6)
        self.config = self.http.get("/config").json()

    def upload(self, content: bytes, name: str = "shirt.png") -> httpx.Response:
        return self.http.post("/gradio_api/upload", files={"files": (name, content)})

    def event(self, element: str, kind: str) -> dict[str, Any]:
        """Number and target of what happens when something is done to an element of the page."""
        target = next(one["id"] for one in self.config["components"] if one["props"].get("elem_id") == element)
        number = next(one["id"] for one in self.config["dependencies"] if [target, kind] in map(list, one["targets"]))
        return {"fn_index": number, "trigger_id": target, "session_hash": self.session}

    def join(self, element: str, kind: str, data: list[Any], **more: Any) -> httpx.Response:
        """Send an event."""
        return self.http.post("/gradio_api/queue/join", json=self.event(element, kind) | {"data": data} | more)

    def screens(self) -> list[str]:
        """Everything that is sent to the page until its events are done."""
        said = []
        with self.http.stream("GET", "/gradio_api/queue/data", params={"session_hash": self.session}) as stream:
            for line in stream.iter_lines():
                if line.startswith("data:"):
                    message = json.loads(line[5:])
                    said.append(json.dumps(message, ensure_ascii=False))
                    if message["msg"] in ("close_stream", "unexpected_error"):
                        break
        return said


def file_data(path: str) -> dict[str, Any]:
    return {"path": path, "orig_name": "shirt.png", "meta": {"_type": "gradio.FileData"}}


def says(page, text: str) -> None:
    """Wait until the status of the open page says so."""
    page.locator("#gigs-status").get_by_text(text).wait_for()
