"""An API server in a thread, whose computations take the steps that a test tells them to."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from gigs.progress import OnStep
from gigs.serve.keys import Keys
from gigs.serve.limits import Limits
from gigs.serve.order import Order
from gigs.serve.pool import Pool
from gigs.serve.server import ApiServer
from gigs.serve.store import Store
from gigs.service.address import Address
from tests.helpers.pictures import encoded, quadrants
from tests.studio.scripted import Scripted

PHOTO = encoded(quadrants())


class Member:
    """Computes in the server's own thread, as a test's engine does."""

    restarts, process, is_ready = 0, None, True

    def __init__(self, pack: Path) -> None:
        self.engine = Scripted(pack)

    def compute(self, order: Order, out: Path, on_step: OnStep) -> None:
        order.carry_out(self.engine, out, on_step)

    def mend(self) -> None:
        pass

    def close(self) -> None:
        self.engine.gate.set()


@contextmanager
def serving(
    members: list[Any], limits: Limits | None = None, keys: tuple[str, ...] = (), keep: Path | None = None
) -> Iterator[ApiServer]:
    """A server on a free port; a temporary folder is gone afterwards."""
    limits = limits or Limits(grace_seconds=0.1)
    store = Store(keep, limits)
    server = ApiServer(
        members[0].engine.pack, Pool(members), store, address=Address(port=0), keys=Keys(keys), limits=limits
    )
    server.service.kinds = members[0].engine.kinds
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        waited(lambda: server.is_serving)
        yield server
    finally:
        server.stop()
        thread.join(20)
    assert not thread.is_alive() and store.root.exists() == (keep is not None)


class Caller:
    """A program that calls it."""

    def __init__(self, server: ApiServer, key: str | None = None) -> None:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self.http = httpx.Client(base_url=server.url, timeout=60, trust_env=False, headers=headers)

    def post(self, kind: str = "redesigns", photo: bytes = PHOTO, **fields: Any) -> httpx.Response:
        files = {"photo": ("../../etc/passwd", photo)} | {
            name: (f"{name}.png", fields.pop(name)) for name in ("mask", "region") if name in fields
        }
        return self.http.post(f"/v1/{kind}", files=files, data={"audience": "everyone"} | fields)

    def taken(self, **fields: Any) -> str:
        """The address of a request that was taken in."""
        answer = self.post(**fields)
        assert answer.status_code == 202, answer.text
        return str(answer.headers["location"])

    def until(self, place: str, *states: str) -> dict[str, Any]:
        """The status, once it is one of these."""
        waited(lambda: self.http.get(place).json()["state"] in states)
        return dict(self.http.get(place).json())


def waited(true: Any, seconds: float = 20.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never became so"
        time.sleep(0.02)
