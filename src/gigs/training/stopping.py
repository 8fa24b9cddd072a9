"""Training that can be stopped between two steps: Ctrl-C or SIGTERM saves where it is, and a resumed run goes on."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

from gigs.io.signals import caught
from gigs.progress import OnStep, Step
from gigs.training.processes import here

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Run(Protocol):
    """A training run that counts the images it was shown."""

    shown: int
    recent: dict[str, float]

    def step(self) -> None:
        """One batch."""

    def finite(self) -> bool:
        """Whether every weight is a finite number."""

    def checkpoint(self) -> None:
        """Save everything that a resumed run needs."""


def train_until(run: Run, images: int, stage: str, on_step: OnStep) -> None:
    """Train until the run was shown so many images.

    Args:
        run: At the start, or resumed.
        images: Shown in all, including those before it was resumed.
        stage: What to call it in the progress.
        on_step: Progress, with the last batch's losses.

    Raises:
        KeyboardInterrupt: Asked to stop by Ctrl-C or SIGTERM; the checkpoint is of the last whole step. The second time
            it stops at once, and the checkpoint is an earlier one. Of several processes, one that is asked stops all,
            at the same step.
    """
    with stop_requests() as asked:
        while run.shown < images:
            run.step()
            on_step(Step(stage, run.shown, images, run.recent))
            if here().any(asked()):
                if run.finite():
                    run.checkpoint()
                here().wait()  # whoever ends first is no reason to end the one that saves
                raise KeyboardInterrupt


@contextmanager
def stop_requests() -> Iterator[Callable[[], bool]]:
    """Hold back the first Ctrl-C or SIGTERM; gives a function that says whether one came. The second acts at once.

    Among several processes, a second SIGTERM is held back too: cluster managers send one to a launcher and its
    processes alike, and the launcher passes its own on. Whether a signal can be caught at all, `io.signals.caught`
    says.
    """
    came = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        if came.is_set() and (here().count == 1 or number == signal.SIGINT):
            raise KeyboardInterrupt
        came.set()

    with caught(SIGNALS, on_signal):
        yield came.is_set
