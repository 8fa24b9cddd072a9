"""The page's document says which language it is in before any of Gradio's scripts runs.

Those ask the browser which language to speak, and the browser's is not the page's once a visitor has used the switch.
"""

from __future__ import annotations

from typing import Any

from starlette.datastructures import Headers, MutableHeaders

from gigs.languages import SOURCE, Language, known, language

PAGES = {"/" if code == SOURCE else f"/{code}/": code for code in known()}


class Spoken:
    """ASGI middleware: writes its language into the document of each page."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on; the answer is changed where it is a page's document."""
        if scope["type"] != "http" or scope["path"] not in PAGES or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        plain = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        answer = _Answer(send, language(PAGES[scope["path"]]))
        await self._app({**scope, "headers": plain}, receive, answer.sending)


class _Answer:
    """An answer that is held back until it is complete, and then sent in a language."""

    def __init__(self, send: Any, say: Language) -> None:
        self._send, self._say, self._body = send, say, b""
        self._start: dict[str, Any] = {}

    async def sending(self, message: Any) -> None:
        """Take a message of the app behind."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        if Headers(raw=self._start["headers"]).get("content-type", "").startswith("text/html"):
            self._body = spoken(self._body, self._say)
            MutableHeaders(raw=self._start["headers"])["Content-Length"] = str(len(self._body))
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": self._body})


def spoken(document: bytes, say: Language) -> bytes:
    """The document with its language, for screen readers and for Gradio's own words."""
    script = (
        f"<script>Object.defineProperty(navigator, 'language', {{get: () => '{say.code}'}});"
        f"Object.defineProperty(navigator, 'languages', {{get: () => ['{say.code}']}});</script>"
    )
    document = document.replace(b'lang="en"', f'lang="{say.code}"'.encode(), 1)
    return document.replace(b"<head>", b"<head>" + script.encode(), 1)
