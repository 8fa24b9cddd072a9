"""Out of memory on a device: the photo is computed on the CPU instead, with the same result within tolerance."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from gigs.errors import InputError, is_out_of_memory
from gigs.method.models import Models
from gigs.vision.compute import Compute
from gigs.vision.runtime import Runtime

T = TypeVar("T")


class Movable(Protocol):
    """Anything that holds networks and can be moved to a device, such as a panel."""

    def to(self, device: str) -> object:
        """Move it."""


def within_memory(
    run: Callable[[Models, Runtime], T], models: Models, runtime: Runtime, others: Sequence[Movable] = ()
) -> T:
    """Call `run(models, runtime)`; if a device's memory is full, once more on the CPU in fp32.

    Afterwards, the models and the others are back on their device.

    Raises:
        InputError: The CPU's memory is full too.
    """
    try:
        return run(models, runtime)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        reason = error
    device = runtime.compute.device
    if device == "cpu":
        raise InputError("out of memory; ask for fewer redesigns (`n`), or close other programs") from reason
    warnings.warn(f"{device}: out of memory; this photo is done on the CPU, slowly", stacklevel=2)
    slow = Compute()
    try:
        _move(others, slow.device)
        return within_memory(run, models.placed(slow), replace(runtime, compute=slow), others)
    finally:
        models.placed(runtime.compute)
        _move(others, device)


def _move(others: Sequence[Movable], device: str) -> None:
    for each in others:
        each.to(device)
