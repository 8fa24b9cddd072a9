"""What every server asks of a request before anybody reads it: who it is for, where it comes from, how long it is.

Starlette's `HTTPException` carries the refusal; each server answers it in its own form.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def check_origin(headers: Headers, allows: Callable[[str], bool], words: str) -> None:
    """Refuse a request by a name that is not ours (421), and one from another site's page (403).

    Args:
        headers: Of the request.
        allows: Whether the server may be addressed by a Host.
        words: What the refusal says.

    Raises:
        HTTPException: It is refused.
    """
    host = headers.get("host", "")
    if not allows(host):
        raise HTTPException(421, words)
    if not all(origin in (f"http://{host}", f"https://{host}") for origin in headers.getlist("origin")):
        raise HTTPException(403, words)


def announced(headers: Headers, most: int) -> int | None:
    """The length that a request announces in bytes; None where it announces none, or one that is refused.

    A request that names no length is bounded while it arrives (`bounded`).
    """
    length = headers.get("content-length", "0")
    return int(length) if length.isdecimal() and len(length) < 20 and int(length) <= most else None


def bounded(receive: Receive, most: int, seconds: float, *, too_large: str, too_slow: str) -> Receive:
    """`receive` that ends a body which is too long (413), or too slow to come (408).

    Args:
        receive: Of the server.
        most: Bytes of the body.
        seconds: From when somebody listens until the body is there.
        too_large: Words for the one.
        too_slow: Words for the other.
    """
    deadline, seen, complete = 0.0, 0, False  # the time counts from when somebody listens

    async def receiving() -> Message:
        nonlocal deadline, seen, complete
        if complete:  # what follows is the end of the connection, which may take its time
            return await receive()
        deadline = deadline or time.monotonic() + seconds
        try:
            message = await asyncio.wait_for(receive(), max(0.0, deadline - time.monotonic()))
        except (asyncio.TimeoutError, TimeoutError) as error:
            raise HTTPException(408, too_slow) from error
        seen += len(message.get("body", b""))
        complete = not message.get("more_body", False)
        if seen > most:
            raise HTTPException(413, too_large)
        return message

    return receiving


def with_headers(send: Send, policy: str) -> Send:
    """`send` that tells the browser to load nothing from elsewhere, and to tell nobody where it came from."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Content-Security-Policy"] = policy
            headers["X-Content-Type-Options"] = "nosniff"
            headers["Referrer-Policy"] = "no-referrer"
        await send(message)

    return sending
