"""Starts the processes of one training on this machine with PyTorch's elastic launcher, and reports their errors."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import tempfile
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gigs.errors import GigsError
from gigs.training import LAUNCHED
from gigs.training.processes import LostError

GRACE = 60  # seconds in which a process that is asked to end may save
SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP")
ENDED = {128 + signal.SIGINT, 128 + signal.SIGTERM, -signal.SIGINT, -signal.SIGTERM}  # exit codes of those asked to end


def launch(arguments: Sequence[str], count: int) -> None:
    """Run `python ARGUMENTS` in `count` processes that can `processes.join` one another, and wait for all of them.

    Ctrl-C and SIGTERM are passed on. Where one process fails, the others are ended.

    Args:
        arguments: For Python, such as `-m gigs train ...`.
        count: How many.

    Raises:
        GigsError: What the first process that failed had to say.
        KeyboardInterrupt: They were asked to end, and have.
    """
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)  # the errors are shown as gigs's own
    with tempfile.TemporaryDirectory(prefix="gigs-") as folder, _environment(count), _handlers_kept() as signals:
        config = LaunchConfig(
            min_nodes=1,
            max_nodes=1,
            nproc_per_node=count,
            rdzv_backend="c10d",
            rdzv_endpoint="localhost:0",
            run_id=uuid.uuid4().hex,
            max_restarts=0,
            logs_specs=DefaultLogsSpecs(log_dir=folder),
            signals_to_handle=",".join(signals),
        )
        try:
            elastic_launch(config, sys.executable)(*(argument.replace("$", "$$") for argument in arguments))
        except SignalException as end:
            raise KeyboardInterrupt from end
        except ChildFailedError as error:
            raise cause(Path(folder), error.failures, count) from error


def cause(folder: Path, failures: Mapping[int, Any], count: int) -> BaseException:
    """The original error among those of several processes: some only report that they lost another process.

    Args:
        folder: Of the error files that processes wrote (`told`), at any depth.
        failures: PyTorch's `ProcessFailure` by the process's number.
        count: How many processes there were.
    """
    said = sorted(filter(None, map(_read, folder.rglob("error.json"))))
    for _, name, text in said:
        if name != LostError.__name__:
            return GigsError(text)
    killed = {rank: each.exitcode for rank, each in failures.items() if each.exitcode not in ENDED}
    for rank, code in sorted(killed.items(), key=lambda each: each[1]):  # by a signal, before by an exit
        if code < 0:
            return GigsError(
                f"process {rank + 1} of {count} was killed by {signal.Signals(-code).name}, perhaps for lack of "
                "memory; saved work is kept, and `resume` continues from it"
            )
    if said:
        return LostError(said[0][2])
    if killed:
        rank, code = next(iter(killed.items()))
        return GigsError(f"process {rank + 1} of {count} ended with exit code {code}; its message stands above")
    return KeyboardInterrupt()


def told(error: BaseException) -> bool:
    """Leave an error for whoever launched this process; returns whether it will be shown there."""
    if "TORCHELASTIC_ERROR_FILE" in os.environ:  # torchrun's, too: its summary names it
        from torch.distributed.elastic.multiprocessing.errors import get_error_handler

        get_error_handler().record_exception(error)
    return LAUNCHED in os.environ


def _read(path: Path) -> tuple[int, str, str] | None:
    """When an error came, its type and its text; None of a file that is not whole."""
    try:
        message = json.loads(path.read_text(encoding="utf-8"))["message"]
        name, _, text = message["message"].partition(": ")
        return int(message["extraInfo"]["timestamp"]), name, text
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextmanager
def _environment(count: int) -> Iterator[None]:
    """What the processes shall find in their environment; ours is as before, afterwards."""
    before = dict(os.environ)
    os.environ[LAUNCHED] = "1"
    os.environ.setdefault("TORCH_ELASTIC_SHUTDOWN_TIMEOUT", str(GRACE))
    # All of them with a thread for every core would be in one another's way.
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // count)))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _handlers_kept() -> Iterator[list[str]]:
    """The launcher takes signals for itself and keeps them: put ours back. Gives the names of those not ignored."""
    numbers = {name: getattr(signal, name) for name in SIGNALS if hasattr(signal, name)}
    if threading.current_thread() is not threading.main_thread():  # then it cannot take them
        numbers = {}
    before = {name: signal.getsignal(number) for name, number in numbers.items()}
    try:
        yield [name for name, handler in before.items() if handler is not signal.SIG_IGN]
    finally:
        for name, handler in before.items():
            signal.signal(numbers[name], handler or signal.SIG_DFL)
