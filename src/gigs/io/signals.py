"""Signals that are caught for a while, and then go where they went before."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType


@contextmanager
def caught(numbers: Sequence[int], on_signal: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Send signals to a handler while the block runs.

    A signal that is ignored stays so (`nohup`). Outside the main thread no signal can be caught, and none is.
    """
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: old for number in numbers if (old := signal.getsignal(number)) is not signal.SIG_IGN}
    for number in before:
        signal.signal(number, on_signal)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old or signal.SIG_DFL)
