"""Errors as problem details (RFC 9457): one form for all, whoever finds them."""

from __future__ import annotations

import logging
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from gigs.errors import DiskError
from gigs.inversion.gate import RefusedError
from gigs.method.choice import NothingToShowError
from gigs.serve import texts
from gigs.service.jobs import StoppedError, TooSlowError
from gigs.service.problems import PlainError

LOG = logging.getLogger("gigs.serve")
MEDIA_TYPE = "application/problem+json"
BY_STATUS = {
    401: "no-key", 403: "strange-origin", 404: "not-found", 405: "not-allowed", 408: "too-slow", 413: "too-large",
    415: "no-form", 421: "strange-origin", 422: "not-valid", 429: "busy", 500: "broken", 503: "ending", 507: "no-room",
}  # fmt: skip


class ProblemError(HTTPException):
    """A problem of a kind that `/docs` explains.

    Args:
        status: HTTP status.
        kind: One of `texts.PROBLEMS`.
        detail: What is wrong and what to do.
        headers: Of the answer.
        errors: Field by field: `field` and `message`.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        headers: dict[str, str] | None = None,
        errors: list[dict[str, str]] | None = None,
    ) -> None:
        super().__init__(status, detail, headers)
        self.kind, self.errors = kind, errors


def document(status: int, kind: str, detail: str, errors: list[dict[str, str]] | None = None) -> dict[str, Any]:
    """A problem document; its `type` leads to an explanation on this server's own page."""
    found = {"type": f"/docs#{kind}", "title": texts.TITLES[kind], "status": status, "detail": detail}
    return found | ({} if errors is None else {"errors": errors})


def answer(error: HTTPException) -> JSONResponse:
    """The response for an error, also for those that Starlette raises by itself."""
    if isinstance(error, ProblemError):
        content = document(error.status_code, error.kind, error.detail, error.errors)
    else:
        kind = BY_STATUS.get(error.status_code, "not-valid")
        detail = texts.NOT_FOUND if error.status_code == 404 else str(error.detail)
        content = document(error.status_code, kind, detail)
    return JSONResponse(content, error.status_code, headers=dict(error.headers or {}), media_type=MEDIA_TYPE)


def of_computation(error: BaseException, seconds: float) -> tuple[str, dict[str, Any]]:
    """How a computation that failed ended, and its problem; what is nobody's business but ours goes to the log.

    Args:
        error: What it raised.
        seconds: What it was granted.

    Returns:
        A state, and a problem document.
    """
    if isinstance(error, RefusedError):
        return "refused", document(409, "refused", texts.REFUSED.format(reason=sentence(str(error))))
    if isinstance(error, NothingToShowError):
        return "failed", document(422, "nothing-to-show", texts.NOTHING_TO_SHOW)
    if isinstance(error, PlainError):
        return "failed", document(422, "unusable-photo", sentence(str(error)))
    if isinstance(error, TooSlowError):
        return "failed", document(504, "out-of-time", texts.OUT_OF_TIME.format(seconds=seconds))
    if isinstance(error, StoppedError):
        return "cancelled", document(503, "cancelled", texts.CANCELLED)
    if isinstance(error, DiskError):
        return "failed", document(507, "no-room", texts.NO_ROOM)
    LOG.error("a computation failed", exc_info=error)
    return "failed", document(500, "broken", texts.BROKEN)


def sentence(text: str) -> str:
    """A message of gigs as a sentence."""
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."
