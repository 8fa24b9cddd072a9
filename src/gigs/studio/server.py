"""The studio's web server: this computer only unless told otherwise, nothing loaded from anywhere, nothing kept."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, PlainTextResponse, Response

from gigs.languages import SOURCE, known, language, preferred
from gigs.service.address import Address
from gigs.service.engine import Engine
from gigs.service.folder import PrivateFolder
from gigs.studio import texts
from gigs.studio.desk import Desk
from gigs.studio.doors import Doors
from gigs.studio.guard import Guard
from gigs.studio.limits import Limits
from gigs.studio.spoken import Spoken
from gigs.studio.visits import ARCHIVE

PREFIX = "gigs-studio-"
SWEEP_SECONDS = 60.0
CONNECTIONS = 400


@dataclass
class Studio:
    """A studio that serves until it is told to stop; its temporary folder ends with it."""

    engine: Engine
    address: Address = field(default_factory=Address)
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        self._socket, self._folder = self.address.listen(), PrivateFolder(PREFIX)
        self.folder = self._folder.path
        self.uploads = self.folder / "uploads"
        self.uploads.mkdir()
        self.desk = Desk(self.engine, self.folder / "visits", self.uploads, self.limits)
        app = build_app(self.desk, self.uploads)
        self._examples = frozenset(self.uploads.rglob("*"))  # Gradio copies them there
        guarded = Guard(Doors(Spoken(app)), self.limits, self.uploads, self.address.allows)
        guarded.room.kept = self._examples
        settings = uvicorn.Config(
            guarded, log_level="error", limit_concurrency=CONNECTIONS, timeout_graceful_shutdown=2, proxy_headers=False
        )
        self._server = uvicorn.Server(settings)

    @property
    def url(self) -> str:
        """Where to open it in a browser on this computer."""
        return self.address.url(self._socket.getsockname()[1])

    def run(self) -> None:
        """Serve until interrupted."""
        ended = threading.Event()
        sweeper = threading.Thread(target=self._sweep, args=(ended,), daemon=True)
        sweeper.start()
        try:
            self._server.run(sockets=[self._socket])
        finally:
            ended.set()
            self.close()

    def close(self) -> None:
        """Remove every file; also of a studio that never served."""
        self.desk.close()
        self._socket.close()
        self._folder.remove()

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

    def result(request: Request, key: str, name: str) -> Response:
        path = desk.visits.file(key, name)
        if path is None or not path.is_file():
            return PlainTextResponse(preferred(request.headers.get("accept-language", ""))(texts.GONE), 404)
        save = name if name == ARCHIVE else None
        return FileResponse(path, filename=save, headers={"Cache-Control": "private, no-store"})

    for code in reversed(known()):  # English last: it is at the root, and would answer for all
        say, path = language(code), "/" if code == SOURCE else f"/{code}"
        app.add_api_route(f"{path.rstrip('/')}/result/{{key}}/{{name}}", result, methods=["GET"])
        app = gr.mount_gradio_app(
            app, build_page(desk, say), path, max_file_size=desk.limits.photo_bytes, show_error=False, footer_links=[],
            run_history=False, ssr_mode=False, pwa=False, mcp_server=False, enable_monitoring=False, theme=theme(),
            css=style(say), allowed_paths=[], blocked_paths=[],
        )  # fmt: skip
    return app


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
