"""Ended from outside: as with Ctrl-C, what is half done is taken back and locks go before the process does."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

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

    caught = {}
    if threading.current_thread() is threading.main_thread():
        caught = {number: old for number in SIGNALS if (old := signal.getsignal(number)) is not signal.SIG_IGN}
    for number in caught:
        signal.signal(number, on_signal)
    try:
        yield
    finally:
        for number, old in caught.items():
            signal.signal(number, old or signal.SIG_DFL)
