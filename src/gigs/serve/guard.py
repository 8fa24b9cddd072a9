"""What reaches the API at all: known names, a key, room in the line, bounds on bytes and seconds.

All but the last is settled before a body is read. Every answer is counted here, too.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from gigs.serve import texts
from gigs.serve.keys import Keys
from gigs.serve.order import KINDS
from gigs.serve.problems import ProblemError, answer
from gigs.serve.service import Service
from gigs.service.arrival import Message, Receive, Scope, Send, announced, bounded, check_origin, with_headers

ROOM = 64 << 10  # beside the files: a form's boundaries and fields
FILES = 3  # photo, mask, region
OPEN = ("/", "/docs", "/openapi.json", "/health/live", "/health/ready")  # without a key
TAKING = tuple(f"/v1/{kind}" for kind in KINDS)
FORM = re.compile(r"multipart/form-data\s*;", re.IGNORECASE)
ANSWERS = "default-src 'none'; frame-ancestors 'none'"
PAGES = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src 'self' data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
PAGE = re.compile(r"/docs|/v1/\w+/\w+/report(/.*)?")


class Guard:
    """ASGI middleware around everything.

    Args:
        app: Behind it.
        service: What it guards.
        keys: Without any, everybody may call.
        allows: Whether the server may be addressed by a Host.
    """

    def __init__(self, app: Any, service: Service, keys: Keys, allows: Callable[[str], bool]) -> None:
        self._app, self._service, self._keys, self._allows = app, service, keys, allows
        self._limits = service.limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        send = self._counted(scope, with_headers(send, PAGES if PAGE.fullmatch(scope["path"]) else ANSWERS))
        takes = scope["method"] == "POST" and scope["path"] in TAKING
        try:
            self._check(scope, takes)
        except HTTPException as error:
            await answer(error)(scope, receive, send)
            return
        receive = bounded(
            receive, self._most(takes), self._limits.message_seconds, too_large=self._too_large,
            too_slow=texts.TOO_SLOW.format(seconds=self._limits.message_seconds),
        )  # fmt: skip
        self._service.uploads += takes
        try:
            await self._app(scope, receive, send)
        finally:
            self._service.uploads -= takes

    def _check(self, scope: Scope, takes: bool) -> None:
        headers = Headers(scope=scope)
        check_origin(headers, self._allows, texts.STRANGE)
        if scope["path"] not in OPEN and not self._keys.allows(headers.get("authorization", "")):
            raise ProblemError(401, "no-key", texts.NO_KEY, headers={"WWW-Authenticate": "Bearer"})
        if takes:
            if not FORM.match(headers.get("content-type", "")):
                raise ProblemError(415, "no-form", texts.NO_FORM)
            self._service.check_open()
            if self._service.uploads >= self._limits.uploads:
                self._service.metrics.turned_away("uploads")
                seconds = self._service.patience
                words = texts.UPLOADING.format(seconds=seconds)
                raise ProblemError(429, "busy", words, headers={"Retry-After": str(seconds)})
        if announced(headers, self._most(takes)) is None:
            raise ProblemError(413, "too-large", self._too_large)

    @property
    def _too_large(self) -> str:
        return texts.TOO_LARGE.format(most=self._limits.photo_bytes >> 20)

    def _most(self, takes: bool) -> int:
        return FILES * self._limits.photo_bytes + ROOM if takes else self._limits.message_bytes

    def _counted(self, scope: Scope, send: Send) -> Send:
        """`send` that counts the answer, by the pattern of its address and not by the address."""
        began = time.perf_counter()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "none")
                method = scope["method"] if scope["method"] in ("GET", "HEAD", "POST", "DELETE") else "other"
                self._service.metrics.request(method, route, message["status"], time.perf_counter() - began)
            await send(message)

        return sending
