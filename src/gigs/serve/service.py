"""What the API does, without HTTP: takes orders in, has them computed in turn, and keeps what came of them."""

from __future__ import annotations

import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from gigs.errors import InputError
from gigs.packs import Pack
from gigs.packs.panel import types_of
from gigs.progress import OnStep, Step
from gigs.serve import texts
from gigs.serve.limits import Limits
from gigs.serve.metrics import Metrics
from gigs.serve.order import Order
from gigs.serve.pool import Pool
from gigs.serve.problems import ProblemError, document, of_computation, sentence
from gigs.serve.store import Store, Task
from gigs.service.engine import Wish, looked_at, marked
from gigs.service.jobs import BusyError, Finished, Jobs, News

FIRST_GUESS = 20.0  # seconds of a computation, before any has ended
DECODED_AT_ONCE = 2  # photos: each may take 150 MB


class Service:
    """One pack, behind one line.

    Args:
        pack: Whose audiences and types of products may be named.
        pool: Who computes.
        store: Where it is kept.
        limits: What callers are granted.
    """

    def __init__(self, pack: Pack, pool: Pool, store: Store, limits: Limits) -> None:
        self.pack, self.pool, self.store, self.limits = pack, pool, store, limits
        self.kinds = types_of(pack)
        self.jobs = Jobs(limits, len(pool))
        self.streams, self.uploads, self.is_ending = 0, 0, False
        self.metrics = Metrics()
        self.metrics.watch(self)
        self._decoding = threading.Semaphore(DECODED_AT_ONCE)
        self._seconds = FIRST_GUESS

    @property
    def is_ready(self) -> bool:
        """Whether a photo that comes now would be computed."""
        return not self.is_ending and self.pool.ready > 0

    @property
    def patience(self) -> int:
        """Seconds after which there should be room in the line."""
        return max(1, min(600, round(self._seconds / len(self.pool))))

    def check_open(self) -> None:
        """Refuse what would find no place, before it is read.

        Raises:
            ProblemError: 503, 507 or 429.
        """
        if self.is_ending:
            raise ProblemError(503, "ending", texts.ENDING, headers={"Retry-After": "60"})
        if self.jobs.waiting >= self.limits.waiting:
            raise self._busy()
        if not self.store.has_room:
            self.metrics.turned_away("disk")
            raise ProblemError(507, "no-room", texts.NO_ROOM)

    def take(self, kind: str, wish: Wish, asked: dict[str, Any], files: dict[str, bytes], named: str = "") -> Task:
        """Take an order in: the photo is looked at, and put into the line.

        Args:
            kind: `redesigns` or `colours`.
            wish: What is asked for; its files are put in here.
            asked: The same as the caller wrote it, to be given back.
            files: `photo`, and `mask` and `region` where they were sent.
            named: Colours.

        Raises:
            ProblemError: The photo, a mask, the audience or the type cannot be used, or the line is full.
        """
        self._check_names(wish)
        task = self.store.new(kind, asked)
        try:
            placed = {name: task.folder / name for name in files}
            for name, content in files.items():
                placed[name].write_bytes(content)
            wish = replace(wish, photo=placed["photo"], mask=placed.get("mask"), region=placed.get("region"))
            self._check_photo(wish)
            order = Order(kind=kind, wish=wish, named=named)
            self.store.add(task)
            task.job = self.jobs.submit(
                lambda on_step: self._work(task, order, on_step), lambda news: self._told(task, news)
            )
        except BusyError as error:
            self.store.remove(task)
            raise self._busy() from error
        except BaseException:
            self.store.remove(task)
            shutil.rmtree(task.folder, ignore_errors=True)
            raise
        return task

    def remove(self, task: Task) -> None:
        """Stop a task, and remove everything of it."""
        if not task.is_finished and task.record.started is None:  # one that runs is counted when it ends
            self.metrics.ended(task.record.kind, str(task.record.asked.get("preset", "")), "cancelled", None)
        self.store.remove(task)

    def tend(self) -> None:
        """What is to be done from time to time: old results go, lost workers begin anew."""
        self.store.sweep()
        if not self.is_ending:
            self.pool.mend()

    def drain(self, grace: float) -> bool:
        """Take nothing more; what waits is cancelled, what runs may finish within so many seconds.

        Returns:
            Whether anything ran.
        """
        self.is_ending = True
        ran = self.jobs.running > 0
        for task in self.store:
            if task.job is not None and not task.job.started.is_set() and not task.is_finished:
                task.job.stop()
                self._end(task, "cancelled", document(503, "cancelled", texts.CANCELLED))
        self.jobs.close(grace)
        return ran

    def close(self) -> None:
        """End whatever runs, and let go of the folder."""
        self.drain(0.0)
        self.pool.close()
        self.store.close()

    def _check_names(self, wish: Wish) -> None:
        """Audience and type of product are known here.

        Raises:
            ProblemError: One is not.
        """
        wrong = []
        if wish.audience not in self.pack.audiences:
            wrong.append({"field": "audience", "message": texts.NO_AUDIENCE})
        if wish.kind is not None and wish.kind not in self.kinds:
            wrong.append({"field": "type", "message": texts.NO_TYPE.format(known=", ".join(self.kinds) or "none")})
        if wrong:
            detail = "; ".join(f"{each['field']}: {each['message']}" for each in wrong)
            raise ProblemError(422, "not-valid", detail, errors=wrong)

    def _check_photo(self, wish: Wish) -> None:
        """Photo and masks can be used.

        Raises:
            ProblemError: One cannot.
        """
        with self._decoding:
            try:
                marked(wish, looked_at(wish.photo))
            except InputError as error:
                raise ProblemError(422, "unusable-photo", sentence(str(error))) from error

    def _work(self, task: Task, order: Order, on_step: OnStep) -> Path:
        """In a thread of the line."""
        task.record.started, task.record.state = time.time(), "running"
        self.metrics.began(task.record.kind, task.record.started - task.record.created)
        self.pool.compute(order, task.out, on_step)
        return task.out

    def _told(self, task: Task, news: News) -> None:
        """In a thread of the line: what happens to a task."""
        if isinstance(news, Step):
            task.step = news
        elif isinstance(news, Finished):
            self._end(task, "done")
        else:
            self._end(task, *of_computation(news, self.limits.seconds))

    def _end(self, task: Task, state: Any, problem: dict[str, Any] | None = None) -> None:
        if not self.store.finish(task, state, problem):
            return
        record = task.record
        seconds = None if record.started is None or record.finished is None else record.finished - record.started
        if state == "done" and seconds is not None:
            self._seconds = 0.7 * self._seconds + 0.3 * seconds
        self.metrics.ended(record.kind, str(record.asked.get("preset", "")), state, seconds)

    def _busy(self) -> ProblemError:
        self.metrics.turned_away("line")
        words = texts.BUSY.format(waiting=self.limits.waiting, seconds=self.patience)
        return ProblemError(429, "busy", words, headers={"Retry-After": str(self.patience)})
