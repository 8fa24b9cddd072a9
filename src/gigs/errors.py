"""Errors that a user can act on: each names the thing, the reason and, where there is one, the next command."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any


class GigsError(Exception):
    """Something the caller can mend. The command line prints its one line and exits with `exit_code`."""

    exit_code = 2


class InputError(GigsError):
    """A photo, file, option or identifier that cannot be used as given."""


class DataError(GigsError):
    """A catalogue that is missing, incomplete or inconsistent."""


class ModelError(GigsError):
    """Weights, a checkpoint or a pack that is missing, damaged or of another kind than expected."""


class DiskError(GigsError, OSError):
    """A file that the disk has no room for; what was there before is untouched. Like all failed writing, `OSError`."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether there was no memory left, on whatever device; PyTorch says so by a name or in words."""
    words = ("out of memory", "can't allocate memory", "not enough memory")
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError)
        and (type(error).__name__ == "OutOfMemoryError" or any(each in str(error) for each in words))
    )


def require_finite(settings: Any, what: str) -> None:
    """Refuse NaN and infinity in any field of a settings dataclass: comparisons let NaN through.

    Raises:
        InputError: It names the field; `what` is what the settings are called.
    """
    for field in fields(settings):
        value = getattr(settings, field.name)
        if isinstance(value, float) and not math.isfinite(value):
            raise InputError(f"{what} settings: {field.name} is {value}, which is no number to compute with")
