"""What OpenAPI says of answers and errors."""

from __future__ import annotations

from typing import Any

from gigs.serve.problems import MEDIA_TYPE

RETRY = {"Retry-After": {"description": "Seconds to wait before trying again.", "schema": {"type": "integer"}}}
SCHEMA = {"$ref": "#/components/schemas/Problem"}
AMONG = {
    401: "No key, or a wrong one", 404: "Nothing there", 409: "There is no result, or not yet", 413: "Too large",
    415: "Not a form", 422: "A field, the photo or a mask cannot be used", 429: "Too many requests; try again later",
    503: "The server is shutting down", 507: "The disk is nearly full",
}  # fmt: skip


def problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI is to say of errors."""
    found: dict[int | str, dict[str, Any]] = {}
    for code in (401, *codes):
        found[code] = {"description": AMONG[code], "content": {MEDIA_TYPE: {"schema": SCHEMA}}}
        if code in (429, 503):
            found[code]["headers"] = RETRY
    return found


def taking(kind: str) -> dict[str, Any]:
    """How a request that takes an order in is described."""
    location = {"Location": {"description": "Address of the request.", "schema": {"type": "string"}}}
    taken = {
        202: {"description": f"Accepted; a GET of `Location` reports the progress of the {kind}", "headers": location}
    }
    return {
        "status_code": 202, "response_model_exclude_none": True,
        "responses": taken | problems(413, 415, 422, 429, 503, 507),
    }  # fmt: skip


def events() -> dict[int | str, dict[str, Any]]:
    """Of an event stream."""
    return {200: {"description": "Events", "content": {"text/event-stream": {"schema": {"type": "string"}}}}}


def picture() -> dict[int | str, dict[str, Any]]:
    """Of a PNG."""
    return {200: {"description": "PNG", "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}}


def plain() -> dict[int | str, dict[str, Any]]:
    """Of the metrics."""
    return {200: {"description": "Metrics", "content": {"text/plain": {"schema": {"type": "string"}}}}}
