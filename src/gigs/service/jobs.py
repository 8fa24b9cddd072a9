"""One computation at a time or a few, a short line behind them, and each can be stopped at its next step."""

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
from gigs.service.limits import ServiceLimits

POLL_SECONDS = 0.2
STOPPED = 16  # times as many as may wait: whoever was stopped while waiting still stands in the line


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


News = Step | Finished | BaseException


class Job:
    """One computation: `work(on_step)`, in a thread of the line's.

    What happens is told to `tell`, in that thread; without one it is kept for `follow`.
    """

    def __init__(
        self,
        work: Callable[[OnStep], Any],
        seconds: float,
        ahead: Callable[[Job], int],
        tell: Callable[[News], None] | None = None,
    ) -> None:
        self._work, self._seconds, self._ahead = work, seconds, ahead
        self._news: queue.SimpleQueue[News] = queue.SimpleQueue()
        self._tell = tell or self._news.put
        self._stop, self.started, self.done = threading.Event(), threading.Event(), threading.Event()
        self._deadline = float("inf")

    def stop(self) -> None:
        """End the computation at its next step, or before its first."""
        self._stop.set()

    @property
    def stopped(self) -> bool:
        """Whether somebody asked for it to end."""
        return self._stop.is_set()

    @property
    def ahead(self) -> int:
        """How many computations that run or wait come first."""
        return self._ahead(self)

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
                    ahead = 0 if self.started.is_set() else self.ahead
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

    def _newest(self, news: News) -> News:
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
            self._tell(Finished(self._work(self._on_step)))
        except BaseException as error:  # handed to whoever follows, and raised there
            self._tell(error)
        finally:
            self.done.set()

    def _on_step(self, step: Step) -> None:
        self._check()
        self._tell(step)

    def _check(self) -> None:
        if self._stop.is_set():
            raise StoppedError("stopped")
        if time.monotonic() > self._deadline:
            raise TooSlowError(f"took longer than {self._seconds:g} s")


class Jobs:
    """The line of computations, first come, first served; `at_once` of them run at a time."""

    def __init__(self, limits: ServiceLimits, at_once: int = 1) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._line: list[Job] = []
        self._worker = ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="computation")

    def submit(self, work: Callable[[OnStep], Any], tell: Callable[[News], None] | None = None) -> Job:
        """Put a computation into the line; `tell` as for `Job`.

        Raises:
            BusyError: The line is as long as it may get.
        """
        with self._lock:
            self._line = [job for job in self._line if not job.done.is_set()]
            waiting = self._waiting()
            if waiting >= self._limits.waiting or len(self._line) >= STOPPED * self._limits.waiting:
                raise BusyError(f"{waiting} are waiting already")
            job = Job(work, self._limits.seconds, self._ahead, tell)
            self._line.append(job)
            self._worker.submit(job.run)
            return job

    @property
    def waiting(self) -> int:
        """Computations that have not begun."""
        with self._lock:
            return self._waiting()

    @property
    def running(self) -> int:
        """Computations that have begun and not ended."""
        with self._lock:
            return sum(job.started.is_set() and not job.done.is_set() for job in self._line)

    def close(self, grace: float = 0.0) -> None:
        """Stop whatever waits, and what runs after so many seconds of grace."""
        with self._lock:
            line = list(self._line)
        for job in line:
            if not job.started.is_set():
                job.stop()
        deadline = time.monotonic() + grace
        for job in line:
            if job.started.is_set():
                job.done.wait(max(0.0, deadline - time.monotonic()))
            job.stop()
        self._worker.shutdown(wait=True, cancel_futures=True)

    def _waiting(self) -> int:
        return sum(not job.started.is_set() and not job.stopped for job in self._line)

    def _ahead(self, job: Job) -> int:
        with self._lock:
            before = self._line[: self._line.index(job)] if job in self._line else []
            return sum(not (one.done.is_set() or one.stopped) for one in before)
