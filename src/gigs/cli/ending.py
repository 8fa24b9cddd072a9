"""Signals that end the process: as with Ctrl-C, half-done work is removed and locks are released first."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from gigs.io.signals import caught

SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


class EndedError(SystemExit):
    """The process was asked to end. Its exit code is 128 plus the signal's number, as in shells."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.name = signal.Signals(number).name


@contextmanager
def orderly_ending() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into `EndedError`. A signal that is ignored stays ignored (`nohup`)."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        raise EndedError(number)

    with caught(SIGNALS, on_signal):
        yield
