"""The API as a server: it listens, tends what it keeps, and ends in good order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import FrameType

import uvicorn

from gigs.packs import Pack
from gigs.serve.app import build_app
from gigs.serve.guard import Guard
from gigs.serve.keys import Keys
from gigs.serve.limits import Limits
from gigs.serve.pool import Pool
from gigs.serve.service import Service
from gigs.serve.store import Store
from gigs.service.address import Address

TEND_SECONDS = 15.0
CONNECTIONS = 400
CLOSING_SECONDS = 2
FETCH_SECONDS = 5.0  # in which clients may fetch what was finished last


class ApiServer:
    """A server that answers until it is told to stop.

    The first SIGTERM or Ctrl-C lets computations that run finish, as long as the limits grant; requests about them are
    answered meanwhile. The second ends them.

    Args:
        pack: Whose audiences may be named.
        pool: Who computes.
        store: Where results are kept.
        address: Where to listen.
        keys: Without any, everybody may call.
        limits: What callers are granted.

    Raises:
        InputError: The address cannot be used.
    """

    def __init__(
        self,
        pack: Pack,
        pool: Pool,
        store: Store,
        *,
        address: Address | None = None,
        keys: Keys | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.address, self._limits = address or Address(port=8000), limits or Limits()
        self._socket = self.address.listen()
        self.service = Service(pack, pool, store, self._limits)
        guarded = Guard(build_app(self.service), self.service, keys or Keys(), self.address.allows)
        settings = uvicorn.Config(
            guarded, log_level="warning", access_log=False, limit_concurrency=CONNECTIONS, proxy_headers=False,
            server_header=False, timeout_graceful_shutdown=CLOSING_SECONDS,
        )  # fmt: skip
        self._server = _Server(settings, self._drain)

    @property
    def url(self) -> str:
        """Where it is found on this computer."""
        return self.address.url(self._socket.getsockname()[1])

    @property
    def is_serving(self) -> bool:
        """Whether requests are answered."""
        return self._server.started

    def run(self) -> None:
        """Serve until interrupted."""
        ended = threading.Event()
        threading.Thread(target=self._tend, args=(ended,), daemon=True).start()
        try:
            self._server.run(sockets=[self._socket])
        finally:
            ended.set()
            self.close()

    def stop(self) -> None:
        """End `run` in good order, from any thread."""
        self.service.drain(self._limits.grace_seconds)
        self._server.should_exit = True

    def close(self) -> None:
        """End what runs, and let go of port and folder; also of a server that never served."""
        self.service.close()
        self._socket.close()

    def _drain(self) -> None:
        if self.service.drain(self._limits.grace_seconds):
            time.sleep(FETCH_SECONDS)

    def _tend(self, ended: threading.Event) -> None:
        while not ended.wait(TEND_SECONDS):
            self.service.tend()


class _Server(uvicorn.Server):
    """Drains before it stops listening; asked twice, it does not wait."""

    def __init__(self, config: uvicorn.Config, drain: Callable[[], None]) -> None:
        super().__init__(config)
        self._drain, self._asked = drain, False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal came."""
        if self._asked:
            super().handle_exit(sig, frame)
            return
        self._asked = True

        def ending() -> None:
            self._drain()
            super(_Server, self).handle_exit(sig, frame)

        threading.Thread(target=ending, daemon=True).start()
