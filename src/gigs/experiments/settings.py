"""What an experiment is asked to do, beside its protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gigs.errors import InputError

TABLES = ("table2", "table3", "table4", "table5", "radius")
GRADIENT, SUPPORTED = "gradient", "supported"
METHODS = (GRADIENT, SUPPORTED)
COUNTS = (1, 5, 10, 50, 100, 500, 1000)
RADII = tuple(round(0.1 + 0.05 * step, 2) for step in range(11))
SEGMENTS = {
    "upper": 'group == "Garment Upper body"',
    "footwear": 'group == "Shoes"',
    "trousers": 'type == "Trousers"',
}


@dataclass(frozen=True, kw_only=True)
class ExperimentSettings:
    """How many items, which of them, and the rows of the tables.

    Attributes:
        items: Photos or users a cell.
        seed: Draws users, photos and first shifts.
        methods: How photos are redesigned: `gradient` (Algorithm 1) and `supported` (towards better-liked real items).
        where: Condition on the items whose photos are drawn; what the pack's judges know where it is empty.
        segments: Table 4's rows: name and condition on items.
        counts: Table 5's numbers of users; all users come after them. Those above what there is are left out.
        radii: epsilon of the radius table.
    """

    items: int = 50
    seed: int = 0
    methods: tuple[str, ...] = METHODS
    where: str = ""
    segments: Mapping[str, str] = field(default_factory=lambda: dict(SEGMENTS))
    counts: tuple[int, ...] = COUNTS
    radii: tuple[float, ...] = RADII

    def __post_init__(self) -> None:
        if self.items < 1:
            raise InputError(f"`items` {self.items}: an experiment needs at least 1 item")
        if self.seed < 0:
            raise InputError(f"`seed` {self.seed}: must not be negative")
        if not self.methods or not set(self.methods) <= set(METHODS):
            raise InputError(f"`methods` {', '.join(self.methods)}: choose from {', '.join(METHODS)}")
        if not self.segments or not all(self.segments.values()):
            raise InputError("table4 needs segments, each with a name and a condition on items")
        if not self.counts or min(self.counts) < 1 or not self.radii or min(self.radii) <= 0:
            raise InputError("numbers of users and radii must be above 0")

    def record(self) -> dict[str, Any]:
        """JSON-able; without what may grow from call to call."""
        return {
            "seed": self.seed,
            "where": self.where,
            "segments": dict(self.segments),
        }


def segments_of(given: list[str]) -> dict[str, str]:
    """`NAME=CONDITION` of the command line, by name; the default segments where there is none.

    Raises:
        InputError: An entry of another form.
    """
    conditions = {}
    for entry in given:
        name, sign, condition = entry.partition("=")
        if not sign or not name.strip() or not condition.strip():
            raise InputError(f"`segment` {entry!r}: write NAME=CONDITION, such as 'shoes=group == \"Shoes\"'")
        conditions[name.strip()] = condition.strip()
    return conditions or dict(SEGMENTS)
