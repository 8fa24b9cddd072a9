"""Ended from outside: as with Ctrl-C, what is half done is taken back and locks go before the process does."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from gigs.io.signals import caught

SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


class EndedError(SystemExit):
    """The process was asked to end; its exit code is 128 and the signal's number, as shells have it."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.name = signal.Signals(number).name


@contextmanager
def orderly_ending() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into `EndedError`; a signal that is ignored stays so (`nohup`)."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        raise EndedError(number)

    with caught(SIGNALS, on_signal):
        yield
