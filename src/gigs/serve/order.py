"""What one computation is asked for: redesigns or other colours, of which files, for whom."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gigs.progress import OnStep
from gigs.service.engine import Engine, Wish

REDESIGNS, COLOURS = "redesigns", "colours"
KINDS = (REDESIGNS, COLOURS)


@dataclass(frozen=True, kw_only=True)
class Order:
    """A wish, and what for: `kind` is one of `KINDS`, `named` the colours that the seller has in mind."""

    kind: str
    wish: Wish
    named: str = ""

    def carry_out(self, engine: Engine, out: Path, on_step: OnStep) -> None:
        """Compute, and leave the result in `out`.

        Raises:
            GigsError: As `Engine.redesign` and `Engine.colours`.
        """
        if self.kind == COLOURS:
            engine.colours(self.wish, self.named, out, on_step)
        else:
            engine.redesign(self.wish, out, on_step)


class Computes(Protocol):
    """Carries out one order at a time."""

    @property
    def is_ready(self) -> bool:
        """Whether its models are in memory."""

    @property
    def restarts(self) -> int:
        """How often it had to begin anew."""

    @property
    def process(self) -> int | None:
        """Number of its process, if it has one of its own."""

    def compute(self, order: Order, out: Path, on_step: OnStep) -> None:
        """Carry an order out; `on_step` may raise, which ends it."""

    def mend(self) -> None:
        """Begin anew where it was lost."""

    def close(self) -> None:
        """End."""
