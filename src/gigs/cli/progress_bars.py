"""Progress bars that listen to `on_step`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from gigs.cli.console import said_later
from gigs.progress import OnStep, Step


@contextmanager
def progress_bars(console: Console) -> Iterator[OnStep]:
    """Show one bar per stage, with the step's values behind it. A stage that comes again starts its bar over."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[values]}", markup=False),
    )
    tasks: dict[str, TaskID] = {}
    waiting = said_later("reading models and data")
    with Progress(*columns, console=console, transient=not console.is_terminal) as progress:

        def on_step(step: Step) -> None:
            waiting.cancel()
            values = "  ".join(f"{name} {value:.3g}" for name, value in step.values.items())
            if step.stage not in tasks:
                tasks[step.stage] = progress.add_task(step.stage, total=step.total, values=values)
            progress.update(tasks[step.stage], completed=step.done, total=step.total, values=values)

        try:
            yield on_step
        finally:
            waiting.cancel()
