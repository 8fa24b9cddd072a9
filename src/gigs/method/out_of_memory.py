"""Out of memory on a device: one photo is done on the processor instead, with the same result within tolerance."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from gigs.errors import InputError, is_out_of_memory
from gigs.method.pipeline import Models
from gigs.vision.compute import Compute

T = TypeVar("T")


def within_memory(function: Callable[..., T], models: Models, *inputs: Any, compute: Compute, **options: Any) -> T:
    """Call `function(models, *inputs, compute=compute, **options)`; if a device's memory is full, on the CPU in fp32.

    The models are on their device again afterwards.

    Raises:
        InputError: The CPU's memory is full too.
    """
    try:
        return function(models, *inputs, compute=compute, **options)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        reason = error
    if compute.device == "cpu":
        raise InputError("out of memory; ask for fewer redesigns (--n), or close other programs") from reason
    warnings.warn(f"{compute.device}: out of memory; this photo is done on the CPU, slowly", stacklevel=2)
    slow = Compute()
    others = [each for each in options.values() if hasattr(type(each), "to")]
    try:
        _move(others, slow.device)
        return within_memory(function, models.placed(slow), *inputs, compute=slow, **options)
    finally:
        models.placed(compute)
        _move(others, compute.device)


def _move(networks: list[Any], device: str) -> None:
    for network in networks:
        network.to(device)
