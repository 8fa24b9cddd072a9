"""An engine in a process of its own: what ends it ends one computation, and the server goes on.

A computation that is stopped, or has had its time, is asked to end at its next step. Where no step comes, its process
is ended, and another one reads the models.
"""

from __future__ import annotations

import logging
import multiprocessing
import signal
import threading
import time
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from gigs.errors import DiskError, GigsError
from gigs.inversion.gate import RefusedError
from gigs.method.choice import NothingToShowError
from gigs.progress import OnStep, Step
from gigs.serve.order import Order
from gigs.service.engine import Engine
from gigs.service.jobs import StoppedError, TooSlowError
from gigs.service.problems import PlainError

LOG = logging.getLogger("gigs.serve")
POLL_SECONDS = 0.2
STOP_SECONDS = 10.0  # a step takes less
TELL_SECONDS = 0.1  # between two steps of the same stage that are told
READING = Step("reading the models", 0, 1)
KNOWN: dict[str, type[GigsError]] = {
    one.__name__: one for one in (RefusedError, NothingToShowError, PlainError, DiskError, StoppedError)
}


class LostError(GigsError):
    """The process of a computation ended, or broke, before the computation did."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a process makes its engine: as for `Engine`; `threads` for PyTorch, None for its own choice."""

    pack: str
    device: str = "cpu"
    recalibration: Path | None = None
    threads: int | None = None


class Worker:
    """One process with an engine; it starts at once, and again whenever it was lost."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self.restarts = settings, -1
        self._context = multiprocessing.get_context("spawn")  # PyTorch's threads do not survive a fork
        self._start()

    @property
    def is_ready(self) -> bool:
        """Whether its models are in memory."""
        return self._heard.is_set() and self._process.is_alive()

    @property
    def process(self) -> int | None:
        """Its number."""
        return self._process.pid

    def compute(self, order: Order, out: Path, on_step: OnStep) -> None:
        """Carry an order out there, and wait for it.

        Args:
            order: Its files are read by the process.
            out: Folder of the result.
            on_step: Called with every step that is told, and while none is; it may raise, which ends the computation.

        Raises:
            LostError: The process ended or broke.
            GigsError: What the engine raised.
        """
        if not self._process.is_alive():
            self._start()
        while not self._heard.wait(POLL_SECONDS):
            on_step(READING)
            if not self._process.is_alive():
                raise LostError("the process ended while it read its models")
        self._stop.clear()
        try:
            self._connection.send((order, out))
            self._follow(on_step)
        except (EOFError, OSError) as error:
            self._start()
            raise LostError("the process of the computation ended") from error
        except (StoppedError, TooSlowError):
            self._end_computation()
            raise

    def mend(self) -> None:
        """Begin anew where the process was lost."""
        if not self._process.is_alive():
            LOG.warning("a process was lost; another one reads the models")
            self._start()

    def close(self) -> None:
        """End the process."""
        self._stop.set()
        self._connection.close()
        self._process.join(STOP_SECONDS if self._heard.is_set() else 0.1)
        self._kill()

    def _follow(self, on_step: OnStep) -> None:
        last = READING
        while True:
            if not self._connection.poll(POLL_SECONDS):
                on_step(last)
                continue
            news, value = self._connection.recv()
            if news == "done":
                return
            if news == "step":
                last = value
                on_step(value)
            elif news in KNOWN:
                raise KNOWN[news](value)
            else:
                raise LostError(value)

    def _end_computation(self) -> None:
        """Ask for an end, and make one where nothing is heard."""
        self._stop.set()
        deadline = time.monotonic() + STOP_SECONDS
        try:
            while (left := deadline - time.monotonic()) > 0:
                if self._connection.poll(left) and self._connection.recv()[0] != "step":
                    return
        except (EOFError, OSError):
            LOG.warning("a process ended while it was asked to")
        self._kill()
        self._start()

    def _start(self) -> None:
        self.restarts += 1
        self._stop: Event = self._context.Event()
        self._connection, theirs = self._context.Pipe()
        self._heard = threading.Event()
        self._process = self._context.Process(target=work, args=(theirs, self._stop, self._settings), daemon=True)
        self._process.start()
        theirs.close()  # so that its end is noticed here
        threading.Thread(target=_listen, args=(self._connection, self._heard), daemon=True).start()

    def _kill(self) -> None:
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _listen(connection: Connection, heard: threading.Event) -> None:
    """Wait for the first word of a process, which is that it is ready."""
    try:
        if connection.recv()[0] == "ready":
            heard.set()
    except (EOFError, OSError):
        LOG.error("a process ended before it was ready; the next computation starts another")


def work(connection: Connection, stop: Event, settings: Settings) -> None:
    """What the process does: one order after another, until the server closes the connection or is gone."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # the server says when to end
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if settings.threads is not None:
        import torch

        torch.set_num_threads(settings.threads)
    engine = Engine(settings.pack, device=settings.device, recalibration=settings.recalibration)
    engine.warm()
    try:
        connection.send(("ready", None))
        while True:
            order, out = connection.recv()
            connection.send(_outcome(engine, order, out, _Teller(connection, stop)))
    except (EOFError, OSError):  # the server has ended
        return


def _outcome(engine: Engine, order: Order, out: Path, tell: OnStep) -> tuple[str, Any]:
    try:
        order.carry_out(engine, out, tell)
    except EOFError:
        raise
    except Exception as error:
        if isinstance(error, BrokenPipeError):
            raise
        name = next((name for name, kind in KNOWN.items() if isinstance(error, kind)), None)
        return (name, str(error)) if name else ("broken", traceback.format_exc())
    return "done", None


class _Teller:
    """`on_step` of the process: tells the server, seldom enough, without pictures; raises where it is to end."""

    def __init__(self, connection: Connection, stop: Event) -> None:
        self._connection, self._stop = connection, stop
        self._told, self._stage = 0.0, ""

    def __call__(self, step: Step) -> None:
        """Tell a step."""
        if self._stop.is_set():
            raise StoppedError("stopped")
        now = time.monotonic()
        if step.stage != self._stage or now - self._told >= TELL_SECONDS:
            self._told, self._stage = now, step.stage
            self._connection.send(("step", Step(step.stage, step.done, step.total)))
