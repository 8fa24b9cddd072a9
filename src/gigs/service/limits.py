"""Bounds that every server of redesigns keeps, whoever asks."""

from __future__ import annotations

from dataclasses import dataclass

from gigs.errors import InputError

REDESIGNS = (1, 8)  # that may be asked for
NAMED = 200  # letters of colours that may be written


@dataclass(frozen=True, kw_only=True)
class ServiceLimits:
    """Bounds of one server.

    Attributes:
        photo_bytes: Size of an upload; its pixels are bounded by `gigs.vision.images`.
        message_bytes: Size of any other request.
        message_seconds: Time in which a request must have arrived.
        waiting: Computations that may wait behind those that run.
        seconds: Time one computation may take.
        result_bytes: Room for all results; the oldest give way.
    """

    photo_bytes: int = 20 << 20
    message_bytes: int = 64 << 10
    message_seconds: float = 60.0
    waiting: int = 8
    seconds: float = 300.0
    result_bytes: int = 4 << 30

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value > 0:
                raise InputError(f"the limit {name} must be above 0, not {value}")
