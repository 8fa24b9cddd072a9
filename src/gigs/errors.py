"""Errors that a user can fix: each message names the thing, the reason and, if there is one, the next command."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any


class GigsError(Exception):
    """An error that the caller can fix. The command line prints it as one line and exits with `exit_code`."""

    exit_code = 2


class InputError(GigsError):
    """A photo, file, option or identifier that cannot be used as given."""


class DataError(GigsError):
    """A catalogue that is missing, incomplete or inconsistent."""


class ModelError(GigsError):
    """Weights, a checkpoint or a pack that is missing, damaged or not of the expected kind."""


class DiskError(GigsError, OSError):
    """The disk is too full for a file. The old file is unchanged. Like all failed writes, this is also an `OSError`."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out on any device. PyTorch tells by the error's name or text."""
    words = ("out of memory", "can't allocate memory", "not enough memory")
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError)
        and (type(error).__name__ == "OutOfMemoryError" or any(each in str(error) for each in words))
    )


def require_finite(settings: Any, what: str) -> None:
    """Refuse NaN and infinity in any field of a settings dataclass: comparisons let NaN through.

    Raises:
        InputError: A field is not finite. The message names it; `what` is the settings' name.
    """
    for field in fields(settings):
        value = getattr(settings, field.name)
        if isinstance(value, float) and not math.isfinite(value):
            raise InputError(f"{what} settings: {field.name} is {value}; it must be a finite number")
