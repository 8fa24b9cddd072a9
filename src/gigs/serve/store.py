"""What became of every request, on the disk: one folder each, with what was asked, the photo and the result.

A server that starts again on the same folder knows what the one before it finished. What that one had begun or taken in
has ended with it, and says so.
"""

from __future__ import annotations

import logging
import re
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec
from filelock import FileLock, Timeout

from gigs.errors import GigsError, InputError
from gigs.io import storage
from gigs.progress import Step
from gigs.result.colourways import FILE as COLOURS_FILE
from gigs.result.reading import FILE as RESULT_FILE
from gigs.serve import texts
from gigs.serve.limits import Limits
from gigs.serve.order import COLOURS, REDESIGNS
from gigs.serve.problems import document
from gigs.service.folder import PrivateFolder, bytes_in
from gigs.service.jobs import Job

LOG = logging.getLogger("gigs.serve")
PREFIX, LOCK, ABOUT, RESULT = "gigs-serve-", ".gigs-serve.lock", "task.json", "result"
ID = re.compile(r"[0-9a-f]{32}")
RESULTS = {REDESIGNS: RESULT_FILE, COLOURS: COLOURS_FILE}
State = Literal["waiting", "running", "done", "refused", "failed", "cancelled"]


@dataclass(kw_only=True)
class Record:
    """What is kept of a request; times are Unix seconds.

    Attributes:
        id: 128 random bits.
        kind: `redesigns` or `colours`.
        asked: The fields of the form, without the files.
        problem: Why there is no result, as a problem document.
        files: Of the result, relative to its folder.
        size: Of these in bytes.
    """

    id: str
    kind: Literal["redesigns", "colours"]
    asked: dict[str, Any]
    created: float
    state: State = "waiting"
    started: float | None = None
    finished: float | None = None
    problem: dict[str, Any] | None = None
    files: tuple[str, ...] = ()
    size: int = 0


@dataclass(eq=False)
class Task:
    """A request as the server works on it: its record, its folder, and its computation while there is one."""

    record: Record
    folder: Path
    job: Job | None = None
    step: Step | None = None
    removed: bool = field(default=False)

    @property
    def id(self) -> str:
        """Its name in addresses, which cannot be guessed."""
        return self.record.id

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will become of it."""
        return self.record.finished is not None

    @property
    def out(self) -> Path:
        """Folder of the result."""
        return self.folder / RESULT

    def result(self) -> dict[str, Any]:
        """What `result.json` or `colours.json` says.

        Raises:
            ModelError: It is gone or damaged.
        """
        return dict(storage.read_json(self.out / RESULTS[self.record.kind]))


class Store:
    """All requests by id; finished ones are kept as long and as many as the limits say.

    Args:
        root: Folder that survives the server; None takes a temporary one, which goes with it.
        limits: Age, number and bytes.

    Raises:
        InputError: The folder cannot be used, or another server uses it.
    """

    def __init__(self, root: Path | None, limits: Limits) -> None:
        self._limits, self._lock = limits, threading.RLock()
        self._tasks: dict[str, Task] = {}
        self._private = PrivateFolder(PREFIX) if root is None else None
        self.root = self._private.path if self._private is not None else Path(root or ".")
        self._held = None if root is None else _held(self.root)
        for folder in sorted(self.root.iterdir()):
            if ID.fullmatch(folder.name) and (folder / ABOUT).is_file():
                self._take_over(folder)

    def __iter__(self) -> Iterator[Task]:
        with self._lock:
            return iter(list(self._tasks.values()))

    @property
    def size(self) -> int:
        """Bytes of all results."""
        return sum(task.record.size for task in self)

    @property
    def has_room(self) -> bool:
        """Whether the disk has room for another photo and its result."""
        return shutil.disk_usage(self.root).free > self._limits.free_bytes

    def get(self, task_id: str, kind: str) -> Task | None:
        """A request of that kind; None where there is none."""
        task = self._tasks.get(task_id)
        return task if task is not None and task.record.kind == kind else None

    def new(self, kind: str, asked: dict[str, Any]) -> Task:
        """A folder for a request that is being taken in; `add` makes it known."""
        record = msgspec.convert(
            {"id": secrets.token_hex(16), "kind": kind, "asked": asked, "created": time.time()}, Record
        )
        task = Task(record, self.root / record.id)
        task.folder.mkdir(mode=0o700)
        return task

    def add(self, task: Task) -> None:
        """Make a request known, and write down that it was taken in."""
        self._write(task)
        with self._lock:
            self._tasks[task.id] = task

    def finish(self, task: Task, state: State, problem: dict[str, Any] | None = None) -> bool:
        """Write down what became of a request; the photo goes, and so does all else where there is no result.

        Returns:
            Whether it was not finished before.
        """
        with self._lock:
            if task.is_finished:
                return False
            for path in task.folder.iterdir():
                if path.is_file() and path.name != ABOUT:
                    path.unlink(missing_ok=True)
            if state != "done":
                shutil.rmtree(task.out, ignore_errors=True)
            task.record.files = tuple(_files(task.out)) if state == "done" else ()
            task.record.size = bytes_in(task.out)
            task.record.problem, task.record.state = problem, state
            task.record.finished = time.time()  # last: who sees it may read all else
            if task.removed:
                shutil.rmtree(task.folder, ignore_errors=True)
            else:
                self._write(task)
        self.sweep()
        return True

    def remove(self, task: Task) -> None:
        """Forget a request and remove its files; those of a computation that runs go when it ends."""
        with self._lock:
            self._tasks.pop(task.id, None)
            task.removed = True
            runs = task.job is not None and task.job.started.is_set() and not task.is_finished
            if task.job is not None:
                task.job.stop()
            if not runs:
                task.record.finished = task.record.finished or time.time()
                shutil.rmtree(task.folder, ignore_errors=True)

    def sweep(self) -> None:
        """Remove finished requests that are too old, too many or too large together, oldest first."""
        with self._lock:
            done = sorted((task for task in self._tasks.values() if task.is_finished), key=_age)
            size, number = sum(task.record.size for task in done), len(done)
            for task in done:
                old = time.time() - _age(task) > self._limits.keep_seconds
                if not old and number <= self._limits.results and size <= self._limits.result_bytes:
                    break
                size, number = size - task.record.size, number - 1
                self.remove(task)

    def close(self) -> None:
        """Let go of the folder; a temporary one is removed."""
        if self._private is not None:
            self._private.remove()
        if self._held is not None:
            self._held.release()

    def _write(self, task: Task) -> None:
        storage.write_json(task.folder / ABOUT, asdict(task.record))

    def _take_over(self, folder: Path) -> None:
        """A request of an earlier server on this folder; one that it did not finish never will be."""
        try:
            record = msgspec.convert(storage.read_json(folder / ABOUT), Record)
        except (GigsError, msgspec.ValidationError) as error:
            LOG.warning("%s: cannot be read and is left alone (%s)", folder / ABOUT, error)
            return
        task = Task(record, folder)
        if record.id != folder.name:
            LOG.warning("%s: is that of another folder, and is left alone", folder / ABOUT)
            return
        self._tasks[task.id] = task
        if not task.is_finished:
            self.finish(task, "failed", document(503, "interrupted", texts.INTERRUPTED))


def _held(root: Path) -> FileLock:
    """The lock of a folder that survives its server.

    Raises:
        InputError: Another server holds it, or it cannot be written to.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(root / LOCK, thread_local=False)  # the server's thread lets go of it
        lock.acquire(timeout=0)
    except Timeout as error:
        raise InputError(f"{root}: another gigs serve keeps its results there; choose another folder") from error
    except OSError as error:
        raise InputError(f"{root}: cannot be written to ({error.strerror or error})") from error
    return lock


def _files(out: Path) -> Iterator[str]:
    """Names of a result's files, hidden ones and the manifest left out."""
    for path in sorted(out.rglob("*")):
        if path.is_file() and not path.name.startswith(".") and path.name != "manifest.json":
            yield path.relative_to(out).as_posix()


def _age(task: Task) -> float:
    return task.record.finished or 0.0
