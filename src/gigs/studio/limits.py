"""What the studio grants a visitor, enforced on the server whatever the page in the browser says."""

from __future__ import annotations

from dataclasses import dataclass

from gigs.service.limits import ServiceLimits


@dataclass(frozen=True, kw_only=True)
class Limits(ServiceLimits):
    """Bounds of one studio, beside those of every server; of results, those of visitors who left first give way.

    Attributes:
        upload_bytes: Room for uploads of all visitors together; the oldest give way.
        uploads: The same in files.
        visit_bytes: Room for the results of one visitor; the oldest give way.
        history: Results kept for each visitor; the oldest goes.
        visits: Visitors at a time.
        idle_seconds: Time after which what an absent visitor left is removed.
        crowded_seconds: The same for who was seen longest ago, when there are as many visitors as may be.
    """

    upload_bytes: int = 1 << 30
    uploads: int = 1000
    visit_bytes: int = 500 << 20
    history: int = 12
    visits: int = 100
    idle_seconds: float = 1800.0
    crowded_seconds: float = 300.0
