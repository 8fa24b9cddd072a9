"""Progress is reported through one callback, `on_step(step)`. Bars, previews and logs listen to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # bars listen in commands that need no torch, which takes seconds to import
    from torch import Tensor


@dataclass(frozen=True)
class Step:
    """One step of a long task: its name, how far it is, and numbers to show.

    `images` are the pictures found so far, `[M,3,R,R]` in `[0,1]` without gradient, if there are any.
    """

    stage: str
    done: int
    total: int
    values: dict[str, float] = field(default_factory=dict)
    images: Tensor | None = field(default=None, compare=False, repr=False)


OnStep = Callable[[Step], None]


def silent(step: Step) -> None:
    """Ignore all steps."""
