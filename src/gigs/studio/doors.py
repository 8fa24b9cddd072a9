"""Which language a visitor gets: the browser's, unless the visitor has chosen another with the switch."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import Headers, QueryParams
from starlette.responses import RedirectResponse

from gigs.languages import SOURCE, preferred

CHOSEN = "language"  # in the address of the English page: whoever comes by the switch stays


class Doors:
    """ASGI middleware: whoever opens the English page with a browser of another known language is sent to its page."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on, or send it elsewhere."""
        if scope["type"] == "http" and scope["path"] == "/" and scope["method"] in ("GET", "HEAD"):
            say = preferred(Headers(scope=scope).get("accept-language", ""))
            if say.code != SOURCE and CHOSEN not in QueryParams(scope["query_string"]):
                headers = {"Vary": "Accept-Language", "Cache-Control": "no-store"}
                await RedirectResponse(f"{say.code}/", 307, headers)(scope, receive, send)
                return
        await self._app(scope, receive, send)
