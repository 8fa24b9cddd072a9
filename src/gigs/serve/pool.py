"""Several that compute behind one line: whoever is free takes the next."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from pathlib import Path

from gigs.progress import OnStep
from gigs.serve.order import Computes, Order


class Pool:
    """All that compute; `Jobs` lets no more in than there are."""

    def __init__(self, members: Sequence[Computes]) -> None:
        self.members = tuple(members)
        self._idle: queue.SimpleQueue[Computes] = queue.SimpleQueue()
        for one in self.members:
            self._idle.put(one)

    def __len__(self) -> int:
        return len(self.members)

    @property
    def ready(self) -> int:
        """How many have their models in memory."""
        return sum(one.is_ready for one in self.members)

    def compute(self, order: Order, out: Path, on_step: OnStep) -> None:
        """Carry an order out; errors as `Computes.compute`."""
        one = self._idle.get()
        try:
            one.compute(order, out, on_step)
        finally:
            self._idle.put(one)

    def mend(self) -> None:
        """Let those that are idle and were lost begin anew."""
        for _ in self.members:
            try:
                one = self._idle.get_nowait()
            except queue.Empty:
                return
            try:
                one.mend()
            finally:
                self._idle.put(one)

    def close(self) -> None:
        """End all of them."""
        for one in self.members:
            one.close()
