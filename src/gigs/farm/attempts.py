"""Counts attempts at items: a dead worker's block passes to another, and this tells which item it died on."""

from __future__ import annotations

from typing import Any

LIMIT = 2  # an item that two workers died on is given up


class Attempts:
    """How often each item was begun but not ended. There is one per run, as an actor beside the driver.

    Args:
        kit: Ray's reference to what the workers need, in a list, as Ray would otherwise hand over what it stands for.
    """

    def __init__(self, kit: list[Any]) -> None:
        self._kit = kit
        self._open: dict[int, int] = {}

    def kit(self) -> list[Any]:
        """The reference; a worker that is started in a dead one's place asks for it too."""
        return self._kit

    def begin(self, place: int) -> bool:
        """Begin an item. False if too many workers have died on it already."""
        self._open[place] = self._open.get(place, 0) + 1
        return self._open[place] <= LIMIT

    def end(self, place: int) -> None:
        """The item is made, or has failed in an orderly way."""
        self._open.pop(place, None)
