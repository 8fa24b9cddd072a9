"""The studio's web server: this computer only unless told otherwise, nothing loaded from anywhere, nothing kept."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.responses import FileResponse, PlainTextResponse, Response

from gigs.errors import InputError
from gigs.studio import texts
from gigs.studio.desk import Desk
from gigs.studio.engine import Engine
from gigs.studio.guard import Guard
from gigs.studio.limits import Limits
from gigs.studio.visits import ARCHIVE

LOOPBACK = ("127.0.0.1", "localhost", "::1")
SWEEP_SECONDS = 60.0
CONNECTIONS = 400


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where the studio listens; port 0 takes any that is free."""

    host: str = LOOPBACK[0]
    port: int = 7860

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise InputError(f"--port must be from 0 to 65535, not {self.port}")

    @property
    def is_private(self) -> bool:
        """Whether only this computer can reach it."""
        return self.host in LOOPBACK


@dataclass
class Studio:
    """A studio that serves until it is told to stop; its temporary folder ends with it."""

    engine: Engine
    address: Address = field(default_factory=Address)
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        self._socket = _listen(self.address)
        self.folder = Path(tempfile.mkdtemp(prefix="gigs-studio-")).resolve()
        self.uploads = self.folder / "uploads"
        self.uploads.mkdir()
        self.desk = Desk(self.engine, self.folder / "visits", self.uploads, self.limits)
        hosts = frozenset(("127.0.0.1", "localhost", "[::1]")) if self.address.is_private else frozenset[str]()
        app = build_app(self.desk, self.uploads)
        self._examples = frozenset(self.uploads.rglob("*"))  # Gradio copies them there
        guarded = Guard(app, self.limits, self.uploads, hosts)
        guarded.room.kept = self._examples
        settings = uvicorn.Config(
            guarded, log_level="error", limit_concurrency=CONNECTIONS, timeout_graceful_shutdown=2
        )
        self._server = uvicorn.Server(settings)

    @property
    def url(self) -> str:
        """Where to open it in a browser on this computer."""
        port = self._socket.getsockname()[1]
        return f"http://{self.address.host if self.address.is_private else '127.0.0.1'}:{port}"

    def run(self) -> None:
        """Serve until interrupted."""
        ended = threading.Event()
        sweeper = threading.Thread(target=self._sweep, args=(ended,), daemon=True)
        sweeper.start()
        try:
            self._server.run(sockets=[self._socket])
        finally:
            ended.set()
            self.desk.close()
            self._socket.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def stop(self) -> None:
        """End `run`, from any thread."""
        self._server.should_exit = True

    @property
    def is_serving(self) -> bool:
        """Whether requests are answered."""
        return self._server.started

    def _sweep(self, ended: threading.Event) -> None:
        while not ended.wait(SWEEP_SECONDS):
            self.desk.visits.sweep()
            sweep_uploads(self.uploads, self.limits.idle_seconds, self._examples)


def build_app(desk: Desk, uploads: Path) -> Any:
    """The page and the results' files, without the guard."""
    os.environ["GRADIO_TEMP_DIR"] = str(uploads)  # read when components are made
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    import gradio as gr  # reads the above

    from gigs.studio.page import build_page, style, theme

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/result/{key}/{name}")
    def result(key: str, name: str) -> Response:
        path = desk.visits.file(key, name)
        if path is None or not path.is_file():
            return PlainTextResponse(texts.GONE, 404)
        save = name if name == ARCHIVE else None
        return FileResponse(path, filename=save, headers={"Cache-Control": "private, no-store"})

    return gr.mount_gradio_app(
        app, build_page(desk), "/", max_file_size=desk.limits.photo_bytes, show_error=False, footer_links=[],
        run_history=False, ssr_mode=False, pwa=False, mcp_server=False, enable_monitoring=False, theme=theme(),
        css=style(), allowed_paths=[], blocked_paths=[],
    )  # fmt: skip


def sweep_uploads(uploads: Path, seconds: float, keep: frozenset[Path] = frozenset()) -> None:
    """Remove uploads older than that, but for those to keep, and folders that are empty then."""
    for path in sorted(set(uploads.rglob("*")) - keep, reverse=True):
        try:
            if path.is_dir():
                path.rmdir()
            elif time.time() - path.stat().st_mtime > seconds:
                path.unlink()
        except OSError:  # a folder that is not empty, or a file that is gone
            continue


def _listen(address: Address) -> socket.socket:
    """A listening socket.

    Raises:
        InputError: The port is taken, or the address is not this computer's.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((address.host, address.port))
    except OSError as error:
        listening.close()
        raise InputError(
            f"{address.host}:{address.port} cannot be used ({error.strerror or error}); choose another --port"
        ) from error
    return listening
