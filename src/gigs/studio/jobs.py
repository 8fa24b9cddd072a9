"""One computation at a time, a short line behind it, and each can be stopped at its next step."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from gigs.errors import GigsError
from gigs.progress import OnStep, Step
from gigs.studio.limits import Limits

POLL_SECONDS = 0.2


class BusyError(GigsError):
    """Too many are waiting already."""


class StoppedError(GigsError):
    """Somebody stopped the computation."""


class TooSlowError(GigsError):
    """It took longer than is granted."""


@dataclass(frozen=True)
class Waiting:
    """How many computations come first."""

    ahead: int


@dataclass(frozen=True)
class Finished:
    """What the computation returned."""

    value: Any


class Job:
    """One computation: `work(on_step)`, in the thread that all of them share."""

    def __init__(self, work: Callable[[OnStep], Any], seconds: float, ahead: Callable[[Job], int]) -> None:
        self._work, self._seconds, self._ahead = work, seconds, ahead
        self._news: queue.SimpleQueue[Step | Finished | BaseException] = queue.SimpleQueue()
        self._stop, self.started, self.done = threading.Event(), threading.Event(), threading.Event()
        self._deadline = float("inf")

    def stop(self) -> None:
        """End the computation at its next step, or before its first."""
        self._stop.set()

    @property
    def stopped(self) -> bool:
        """Whether somebody asked for it to end."""
        return self._stop.is_set()

    def follow(self) -> Iterator[Waiting | Step | Finished]:
        """Yield what happens, as it happens; whoever stops listening stops the computation.

        Raises:
            StoppedError: It was stopped.
            TooSlowError: It took longer than is granted.
            Exception: Whatever the computation raised.
        """
        told, heard = None, False
        try:
            while True:
                try:
                    news = self._news.get(timeout=POLL_SECONDS)
                except queue.Empty:
                    ahead = 0 if self.started.is_set() else self._ahead(self)
                    if ahead != told and not heard:  # a computation that has begun does not go back into the line
                        told = ahead
                        yield Waiting(ahead)
                    continue
                news, heard = self._newest(news), True
                if isinstance(news, BaseException):
                    raise news
                yield news
                if isinstance(news, Finished):
                    return
        finally:
            self.stop()

    def _newest(self, news: Step | Finished | BaseException) -> Step | Finished | BaseException:
        """What came last: a listener that is slower than the computation skips steps, but not their pictures."""
        for _ in range(self._news.qsize()):
            newer = self._news.get_nowait()
            if isinstance(newer, Step) and isinstance(news, Step) and newer.images is None:
                newer = replace(newer, images=news.images)
            news = newer
        return news

    def run(self) -> None:
        """Compute; called once, by `Jobs`."""
        self.started.set()
        self._deadline = time.monotonic() + self._seconds
        try:
            self._check()
            self._news.put(Finished(self._work(self._on_step)))
        except BaseException as error:  # handed to whoever follows, and raised there
            self._news.put(error)
        finally:
            self.done.set()

    def _on_step(self, step: Step) -> None:
        self._check()
        self._news.put(step)

    def _check(self) -> None:
        if self._stop.is_set():
            raise StoppedError("stopped")
        if time.monotonic() > self._deadline:
            raise TooSlowError(f"took longer than {self._seconds:g} s")


class Jobs:
    """The line of computations, first come, first served."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._line: list[Job] = []
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="studio")

    def submit(self, work: Callable[[OnStep], Any]) -> Job:
        """Put a computation into the line.

        Raises:
            BusyError: The line is as long as it may get.
        """
        with self._lock:
            self._line = [job for job in self._line if not job.done.is_set()]
            waiting = [job for job in self._line if not job.started.is_set() and not job.stopped]
            if len(waiting) >= self._limits.waiting:
                raise BusyError(f"{len(waiting)} are waiting already")
            job = Job(work, self._limits.seconds, self._ahead)
            self._line.append(job)
            self._worker.submit(job.run)
            return job

    def close(self) -> None:
        """Stop whatever runs or waits."""
        with self._lock:
            for job in self._line:
                job.stop()
        self._worker.shutdown(wait=True, cancel_futures=True)

    def _ahead(self, job: Job) -> int:
        with self._lock:
            before = self._line[: self._line.index(job)] if job in self._line else []
            return sum(not (one.done.is_set() or one.stopped) for one in before)
