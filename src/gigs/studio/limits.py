"""What the studio grants a visitor, enforced on the server whatever the page in the browser says."""

from __future__ import annotations

from dataclasses import dataclass

from gigs.errors import InputError

REDESIGNS = (1, 8)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Bounds of one studio.

    Attributes:
        photo_bytes: Size of an upload; its pixels are bounded by `gigs.vision.images`.
        upload_bytes: Room for uploads of all visitors together; the oldest give way.
        uploads: The same in files.
        visit_bytes: Room for the results of one visitor; the oldest give way.
        result_bytes: Room for the results of all visitors; the oldest give way, of those who left first.
        message_bytes: Size of any other request.
        message_seconds: Time in which a request must have arrived.
        waiting: Computations that may wait behind the one that runs.
        seconds: Time one computation may take.
        history: Results kept for each visitor; the oldest goes.
        visits: Visitors at a time.
        idle_seconds: Time after which what an absent visitor left is removed.
        crowded_seconds: The same for who was seen longest ago, when there are as many visitors as may be.
    """

    photo_bytes: int = 20 << 20
    upload_bytes: int = 1 << 30
    uploads: int = 1000
    visit_bytes: int = 500 << 20
    result_bytes: int = 4 << 30
    message_bytes: int = 64 << 10
    message_seconds: float = 60.0
    waiting: int = 8
    seconds: float = 300.0
    history: int = 12
    visits: int = 100
    idle_seconds: float = 1800.0
    crowded_seconds: float = 300.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value > 0:
                raise InputError(f"the studio's limit {name} must be above 0, not {value}")
