"""Presets: named settings of the whole method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gigs.errors import InputError
from gigs.inversion.optimise import InversionSettings
from gigs.shifting.optimise import ShiftSettings


@dataclass(frozen=True)
class Preset:
    """Settings of both loops."""

    name: str
    inversion: InversionSettings
    shifting: ShiftSettings


def paper_text(n: int | None, steps: int | None) -> Preset:
    """Algorithm 1 with the text's numbers: T steps of each loop, n = 8, epsilon = 0.4, Adam 0.01, equal weights."""
    count, total = 8 if n is None else n, 1000 if steps is None else steps
    return Preset("paper-text", InversionSettings(steps=total), ShiftSettings(n=count, steps=total))


PRESETS: dict[str, Callable[[int | None, int | None], Preset]] = {"paper-text": paper_text}


def get_preset(name: str, *, n: int | None = None, steps: int | None = None) -> Preset:
    """A preset by name; `n` and `steps` (T, of each loop) replace its own where given.

    Raises:
        InputError: Unknown name, or impossible numbers.
    """
    if name not in PRESETS:
        raise InputError(f"preset {name!r} is unknown; choose one of {', '.join(PRESETS)}")
    return PRESETS[name](n, steps)
