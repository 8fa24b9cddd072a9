"""Run a table: every result that is not there yet, in order; what is finished stays finished."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gigs.experiments import records
from gigs.experiments.setup import Bench
from gigs.experiments.task_pictures import make
from gigs.experiments.tasks import Task, tasks_of
from gigs.progress import OnStep, Step, silent

Tell = Callable[[str], None]


def quiet(line: str) -> None:
    """Say nothing."""


def run_table(table: str, bench: Bench, *, tell: Tell = quiet, on_step: OnStep = silent) -> list[dict[str, Any]]:
    """Make what is missing of one table.

    Args:
        table: Its name.
        bench: What to work with; results go to a folder of its `work`.
        tell: Is told how long the rest will take, once the first item is done.
        on_step: Progress.

    Returns:
        The table's records, in the order of its tasks.

    Raises:
        InputError: The folder holds another experiment, or another process is writing into it.
    """
    tasks = tasks_of(table, bench, on_step=on_step)
    with records.opened(folder_of(bench.work, table, bench.protocol.name), request_of(table, bench)) as store:
        missing = [task for task in tasks if _key(task) not in store]
        watch = _Watch(table, missing, tell)
        for number, task in enumerate(missing):
            done = make(bench, task)
            store.add(done.record, done.base, done.images)
            watch.done(number)
            on_step(Step(table, len(tasks) - len(missing) + number + 1, len(tasks)))
        return [store.known[_key(task)] for task in tasks]


def folder_of(work: Path, table: str, protocol: str) -> Path:
    """Where a table's results lie."""
    return work / f"{table}-{protocol}"


def request_of(table: str, bench: Bench) -> dict[str, Any]:
    """What a table's results follow from; more items or radii may be added to it."""
    kept = ("protocol", "preset", "settings", "compute", "models", "catalogue")
    request = {name: bench.about[name] for name in kept} | {"table": table}
    if table != "table4":
        request["settings"] = {key: value for key, value in request["settings"].items() if key != "segments"}
    if table != "table2":
        request["models"] = {key: value for key, value in request["models"].items() if key != "baseline"}
    return request


def _key(task: Task) -> records.Key:
    return task.cell, task.method, task.item


class _Watch:
    """Says after the first item how long the others will take."""

    def __init__(self, table: str, missing: list[Task], tell: Tell) -> None:
        self.table, self.missing, self.tell = table, missing, tell
        self.started = time.perf_counter()
        first = missing[0].item if missing else 0
        self.sample = sum(task.item == first for task in missing)

    def done(self, number: int) -> None:
        if number + 1 != self.sample:
            return
        seconds = (time.perf_counter() - self.started) / self.sample
        left = seconds * (len(self.missing) - self.sample)
        to_go = len(self.missing) - self.sample
        self.tell(f"{self.table}: {seconds:.1f} s a result, {to_go} to go: about {left / 60:.0f} min")
