"""Progress goes through one callback, `on_step(step)`; bars, previews and logs are its listeners."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Step:
    """One step of something long: what it is, how far it is, and the numbers worth showing."""

    stage: str
    done: int
    total: int
    values: dict[str, float] = field(default_factory=dict)


OnStep = Callable[[Step], None]


def silent(step: Step) -> None:
    """Listen to nothing."""
