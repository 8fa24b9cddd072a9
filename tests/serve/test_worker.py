"""A process that computes: what ends it ends one computation, and the next one is computed by another."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from gigs.progress import Step
from gigs.serve import worker as workers
from gigs.serve.order import Order
from gigs.serve.worker import LostError, Settings, Worker
from gigs.service.engine import Wish
from gigs.service.jobs import StoppedError, TooSlowError
from gigs.service.problems import PlainError

pytestmark = pytest.mark.slow  # every process imports PyTorch


class Scripted:
    """An engine whose audience says what it does."""

    def __init__(self, pack: str, **more) -> None:
        self.pack = pack

    def warm(self) -> None:
        if self.pack == "broken":
            raise SystemExit(3)

    def redesign(self, wish: Wish, out, on_step) -> None:
        on_step(Step("redesigning", 1, 2))
        if wish.audience == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        if wish.audience == "errs":
            raise ValueError("a secret")
        if wish.audience == "plain":
            raise PlainError("your photo: is odd")
        for number in range(2000 if wish.audience == "steps" else 0):
            on_step(Step("redesigning", number, 2000))
            time.sleep(0.01)
        if wish.audience == "hangs":
            time.sleep(60)
        out.mkdir()


def work(connection, stop, settings) -> None:
    """The process's own part, with that engine."""
    workers.Engine = Scripted
    ORIGINAL(connection, stop, settings)


ORIGINAL = workers.work


@pytest.fixture(scope="module")
def worker():
    patch = pytest.MonkeyPatch()
    patch.setattr(workers, "work", work)
    patch.setattr(workers, "STOP_SECONDS", 1.0)
    made = Worker(Settings(pack="small", threads=1))
    yield made
    made.close()
    patch.undo()
    assert not made._process.is_alive()


def order(audience: str, tmp_path) -> Order:
    return Order(kind="redesigns", wish=Wish(photo=tmp_path / "photo", audience=audience))


def test_it_computes_and_tells_its_steps(worker, tmp_path):
    told = []
    worker.compute(order("everyone", tmp_path), tmp_path / "out", told.append)
    assert (tmp_path / "out").is_dir() and told[-1].stage == "redesigning" and told[-1].images is None
    assert worker.is_ready and worker.process != os.getpid()


def test_errors_for_callers_come_through_and_others_lose_nothing_but_the_computation(worker, tmp_path):
    with pytest.raises(PlainError, match="your photo: is odd"):
        worker.compute(order("plain", tmp_path), tmp_path / "out", lambda step: None)
    with pytest.raises(LostError, match="a secret"):
        worker.compute(order("errs", tmp_path), tmp_path / "out", lambda step: None)
    assert worker.restarts == 0


def stopping(after: int, error: Exception):
    steps = []

    def on_step(step: Step) -> None:
        steps.append(step)
        if len(steps) > after and step.stage == "redesigning":
            raise error

    return on_step


def test_it_is_stopped_at_its_next_step(worker, tmp_path):
    process = worker.process
    with pytest.raises(StoppedError):
        worker.compute(order("steps", tmp_path), tmp_path / "out", stopping(2, StoppedError("stopped")))
    assert worker.process == process
    worker.compute(order("everyone", tmp_path), tmp_path / "out", lambda step: None)


def test_one_that_takes_no_step_is_ended_and_one_that_dies_is_replaced(worker, tmp_path):
    with pytest.raises(TooSlowError):
        worker.compute(order("hangs", tmp_path), tmp_path / "out", stopping(3, TooSlowError("too slow")))
    with pytest.raises(LostError, match="ended"):
        worker.compute(order("dies", tmp_path), tmp_path / "out", lambda step: None)
    worker.compute(order("everyone", tmp_path), tmp_path / "out", lambda step: None)
    assert worker.restarts == 2
    os.kill(worker.process, signal.SIGKILL)
    worker._process.join()
    worker.mend()
    assert worker.restarts == 3


def test_one_that_cannot_read_its_models_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(workers, "work", work)
    broken = Worker(Settings(pack="broken"))
    try:
        with pytest.raises(LostError, match="while it read its models"):
            broken.compute(order("everyone", tmp_path), tmp_path / "out", lambda step: None)
        assert not broken.is_ready
    finally:
        broken.close()
    assert threading.active_count() < 50
