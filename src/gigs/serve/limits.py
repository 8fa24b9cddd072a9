"""What `gigs serve` grants those who call it, beside the bounds of every server."""

from __future__ import annotations

from dataclasses import dataclass

from gigs.service.limits import ServiceLimits


@dataclass(frozen=True, kw_only=True)
class Limits(ServiceLimits):
    """Bounds of one API server.

    Attributes:
        uploads: Requests that may send photos at a time.
        streams: Event streams at a time.
        results: Finished redesigns and colours that are kept; the oldest give way.
        keep_seconds: Time after which a finished one is removed.
        free_bytes: Room that must be left on the disk for a new photo to be taken.
        grace_seconds: Time that computations get to finish when the server is asked to end.
    """

    uploads: int = 16
    streams: int = 64
    results: int = 500
    keep_seconds: float = 86_400.0
    free_bytes: int = 500 << 20
    grace_seconds: float = 60.0
