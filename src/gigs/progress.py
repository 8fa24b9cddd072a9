"""Progress goes through one callback, `on_step(step)`; bars, previews and logs are its listeners."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # bars listen in commands that need no torch, which takes seconds to import
    from torch import Tensor


@dataclass(frozen=True)
class Step:
    """One step of something long: what it is, how far it is, and the numbers worth showing.

    `images`: pictures found so far, `[M,3,R,R]` in `[0,1]` without gradient, where there are any to look at.
    """

    stage: str
    done: int
    total: int
    values: dict[str, float] = field(default_factory=dict)
    images: Tensor | None = field(default=None, compare=False, repr=False)


OnStep = Callable[[Step], None]


def silent(step: Step) -> None:
    """Listen to nothing."""
