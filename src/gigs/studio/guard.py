"""What may reach the page's server: an allow-list of addresses, bounds on bytes and seconds, only uploads as files.

Gradio fetches a web address that a message names as a file; here no message that names one gets as far as Gradio.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse

from gigs.languages import known, preferred
from gigs.service.arrival import Message, Receive, Scope, Send, announced, bounded, check_origin, with_headers
from gigs.studio import texts
from gigs.studio.checks import uploaded
from gigs.studio.limits import Limits
from gigs.studio.room import Room

API = "/gradio_api"
UPLOAD, JOIN = f"{API}/upload", f"{API}/queue/join"
ROOM = 1 << 20  # beside the photo: a form's boundaries and names
DEPTH = 20
PREFIX = re.compile(rf"/({'|'.join(known()[1:])})(?=/)")  # of the page in a language other than English
GET = re.compile(
    r"/|/config|/theme\.css|/favicon\.ico|/robots\.txt|/manifest\.json|/(assets|static|result|svelte)/[\w./-]+"
    rf"|{API}/(info|startup-events|queue/data|upload_progress|heartbeat/\w+|file=[^:]+)"
)
FORWARDED = re.compile(rb"(x-)?forwarded|x-real-ip|x-original-|x-scheme", re.IGNORECASE)
POST = re.compile(rf"{UPLOAD}|{JOIN}|{API}/(cancel|reset)")
OWN = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
)
REPORT = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'none'"
)


class Guard:
    """ASGI middleware around everything.

    Args:
        app: Behind it.
        limits: Bytes and seconds.
        uploads: Folder that files must come from.
        allows: Whether the server may be addressed by a Host.
    """

    def __init__(self, app: Any, limits: Limits, uploads: Path, allows: Callable[[str], bool]) -> None:
        self._app, self._limits, self._uploads, self._allows = app, limits, uploads, allows
        self.room = Room(uploads, limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        receive = self._bounded(scope, receive)
        # Gradio would take a visitor's word for where the page is, and load the rest of it from there.
        scope["headers"] = [(name, value) for name, value in scope["headers"] if not FORWARDED.match(name)]
        try:
            self._check(scope)
            if within(scope["path"]) == JOIN:
                receive = await self._read(receive)
        except HTTPException as error:
            await _answer(scope, error.detail, error.status_code)(scope, receive, send)
            return
        if within(scope["path"]) == UPLOAD:
            await self._take_in(scope, receive, send)
            return
        policy = REPORT if within(scope["path"]).startswith("/result/") else OWN
        await self._app(scope, receive, with_headers(send, policy))

    async def _take_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an upload on while there is room for it."""
        announced = Headers(scope=scope).get("content-length")
        size = self._most(scope) if announced is None else int(announced)
        arrived = await asyncio.to_thread(self.room.admit, size)
        if arrived is None:
            await _answer(scope, texts.NO_ROOM, 507)(scope, receive, send)
            return
        try:
            await self._app(scope, receive, with_headers(send, OWN))
        finally:
            arrived()

    def _check(self, scope: Scope) -> None:
        """Address, host, origin and announced length."""
        headers = Headers(scope=scope)
        check_origin(headers, self._allows, texts.NOT_HERE)
        allowed = {"GET": GET, "HEAD": GET, "POST": POST}.get(scope["method"])
        if allowed is None or not allowed.fullmatch(within(scope["path"])):
            raise HTTPException(404, texts.NOT_HERE)
        if "file=" in scope["path"] and uploaded(scope["path"].partition("file=")[2], self._uploads) is None:
            raise HTTPException(404, texts.NOT_HERE)
        if announced(headers, self._most(scope)) is None:
            raise HTTPException(413, self._too_large)

    def _most(self, scope: Scope) -> int:
        return self._limits.photo_bytes + ROOM if within(scope["path"]) == UPLOAD else self._limits.message_bytes

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        """`receive` that ends a body which is too long, or too slow to come."""
        return bounded(
            receive, self._most(scope), self._limits.message_seconds, too_large=self._too_large,
            too_slow=texts.SLOW_UPLOAD,
        )  # fmt: skip

    @property
    def _too_large(self) -> str:
        return texts.TOO_LARGE.format(most=self._limits.photo_bytes >> 20)

    async def _read(self, receive: Receive) -> Receive:
        """Read a message whole, refuse it if it names a file that was not uploaded, and hand it on."""
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        try:
            content = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise HTTPException(400, texts.NOT_HERE) from error
        if not _names_uploads_only(content, self._uploads):
            raise HTTPException(400, texts.NO_ADDRESS)
        told = False

        async def again() -> Message:
            nonlocal told
            if told:
                return await receive()
            told = True
            return {"type": "http.request", "body": body, "more_body": False}

        return again


def within(path: str) -> str:
    """A path without the language that it begins with."""
    return PREFIX.sub("", path, count=1) if PREFIX.match(path) else path


def _answer(scope: Scope, text: str, code: int) -> PlainTextResponse:
    """An English sentence as an answer, in the language that the browser likes best."""
    say = preferred(Headers(scope=scope).get("accept-language", ""))
    return PlainTextResponse(say.sentence(text), code)


def _names_uploads_only(value: Any, uploads: Path, depth: int = 0) -> bool:
    """Whether every `path` in a message is that of an upload."""
    if depth > DEPTH:
        return False
    if isinstance(value, dict):
        if value.get("path") is not None and uploaded(value["path"], uploads) is None:
            return False
        return all(_names_uploads_only(one, uploads, depth + 1) for one in value.values())
    if isinstance(value, list):
        return all(_names_uploads_only(one, uploads, depth + 1) for one in value)
    return True
