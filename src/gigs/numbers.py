"""Numbers that settings may hold."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

from gigs.errors import InputError


def require_finite(settings: Any, what: str) -> None:
    """Refuse NaN and infinity in any field of a settings dataclass: comparisons let NaN through.

    Raises:
        InputError: It names the field; `what` is what the settings are called.
    """
    for field in fields(settings):
        value = getattr(settings, field.name)
        if isinstance(value, float) and not math.isfinite(value):
            raise InputError(f"{what} settings: {field.name} is {value}, which is no number to compute with")
