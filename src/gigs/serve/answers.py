"""From a task to what the API says of it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from datetime import datetime, timezone
from typing import Any

from gigs.errors import GigsError
from gigs.serve.models import Links, Problem, Progress, Status
from gigs.serve.service import Service
from gigs.serve.store import Task

LOOK_SECONDS = 0.2
SILENCE_SECONDS = 15.0  # after which a comment keeps proxies from closing a stream


def address(task: Task) -> str:
    """Where a task is found."""
    return f"/v1/{task.record.kind}/{task.id}"


def status_of(task: Task, service: Service, *, whole: bool = True) -> Status:
    """What is to be said of a task.

    Args:
        task: Any.
        service: Its server.
        whole: With the result, where there is one.
    """
    record, here = task.record, address(task)
    state = record.state  # read once: another thread may change it
    is_done = state == "done"
    ahead = task.job.ahead if state == "waiting" and task.job is not None else None
    step = task.step if state == "running" else None
    return Status(
        id=task.id,
        state=state,
        ahead=ahead,
        progress=None if step is None else Progress(stage=step.stage, done=step.done, total=step.total),
        asked=record.asked,
        created=_moment(record.created),
        started=None if record.started is None else _moment(record.started),
        finished=None if record.finished is None else _moment(record.finished),
        expires=None if record.finished is None else _moment(record.finished + service.limits.keep_seconds),
        problem=None if record.problem is None else Problem.model_validate(record.problem),
        result=_result(task) if is_done and whole else None,
        pictures={name: f"{here}/pictures/{name}" for name in pictures_of(task)} if is_done else None,
        links=Links(self=here, events=f"{here}/events", report=f"{here}/report" if is_done else None),
    )


def pictures_of(task: Task) -> list[str]:
    """Names of its pictures."""
    return [name for name in task.record.files if name.endswith(".png")]


async def events(task: Task, service: Service) -> AsyncIterator[bytes]:
    """Server-sent events: the status whenever it changes, named by its state, until it is finished."""
    service.streams += 1
    try:
        told, spoke = None, time.monotonic()
        while True:
            is_over = task.is_finished or task.removed  # before the status, which then is the last
            status = status_of(task, service, whole=False)
            if status != told:
                told, spoke = status, time.monotonic()
                content = json.dumps(status.model_dump(mode="json", exclude_none=True), separators=(",", ":"))
                yield f"event: {status.state}\ndata: {content}\n\n".encode()
            elif time.monotonic() - spoke > SILENCE_SECONDS:
                spoke = time.monotonic()
                yield b": still here\n\n"
            if is_over:
                return
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        service.streams -= 1


def _result(task: Task) -> dict[str, Any] | None:
    try:
        return task.result()
    except GigsError:  # removed a moment ago
        return None


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc)
