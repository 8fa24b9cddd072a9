"""Colours as people write them: `navy, #7a1f2b`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from PIL import ImageColor
from skimage.color import rgb2lab

from gigs.errors import InputError


@dataclass(frozen=True)
class NamedColour:
    """A requested colour: its text, and its CIELAB `[3]`."""

    name: str
    lab: np.ndarray


def colours_in(text: str, names: Mapping[str, np.ndarray] | None = None) -> list[NamedColour]:
    """Read a list of colours.

    Args:
        text: Names and hex values, with commas in between.
        names: CIELAB `[3]` by name, used first, because a shop's navy is darker than a screen's. The names of CSS and
            of the xkcd survey follow.

    Raises:
        InputError: No colour, or one that is not known.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise InputError("no colour was named; write names or hex values, such as 'navy, #7a1f2b'")
    own = {name.casefold(): lab for name, lab in (names or {}).items()}
    return [NamedColour(word, _lab(word, own)) for word in words]


def _lab(word: str, own: Mapping[str, np.ndarray]) -> np.ndarray:
    if (found := own.get(word.casefold())) is not None:
        return np.asarray(found, dtype=np.float64)
    for written in (word, word.replace(" ", ""), _surveyed(word)):
        try:
            rgb = ImageColor.getrgb(written)[:3]
        except ValueError:
            continue
        return rgb2lab(np.array(rgb, dtype=np.uint8)[None, None])[0, 0]
    raise InputError(f"colour {word!r} is not known; write it as a hex value, such as #7a1f2b")


def _surveyed(word: str) -> str:
    """Hex value of a name in the xkcd survey; the word itself if the survey lacks it."""
    return _survey().get(word.casefold(), word)


@lru_cache(maxsize=1)
def _survey() -> dict[str, str]:
    """Hex values of the survey's 949 names."""
    names: dict[str, str] = json.loads(files("gigs.transfer").joinpath("xkcd_colours.json").read_text("utf-8"))["names"]
    return names
