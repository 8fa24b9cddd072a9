"""A typeface for captions on pictures that has the letters of every language.

Pillow's own font has little more than ASCII. It is used where that is enough, so that a sheet has the same bytes on
every machine. Otherwise matplotlib's DejaVu or a font of the system is taken; without one, accents are left out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from PIL import ImageFont

SYSTEM = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "Arial.ttf", "arial.ttf")
QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "…": "...", "\xa0": " ", "\u202f": " "})


def typeface(texts: Iterable[str]) -> tuple[Callable[[int], Any], Callable[[str], str]]:
    """A font by its size in pixels, and what makes a text one that it can draw.

    Args:
        texts: Everything that is to be written.
    """
    if "".join(texts).translate(QUOTES).isascii():
        return ImageFont.load_default, lambda text: text.translate(QUOTES)
    found = _path()
    if found is None:
        return ImageFont.load_default, without_accents
    return lambda size: ImageFont.truetype(found, size), str


def without_accents(text: str) -> str:
    """A text in ASCII: letters without their accents, and a question mark for any other."""
    plain = unicodedata.normalize("NFKD", text.translate(QUOTES).replace("ß", "ss"))
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).encode("ascii", "replace").decode()


@lru_cache
def _path() -> str | None:
    """File of a font with the letters of European languages; None where there is none."""
    package = find_spec("matplotlib")  # not imported: that takes a while
    if package is not None and package.origin is not None:
        bundled = Path(package.origin).parent / "mpl-data/fonts/ttf/DejaVuSans.ttf"
        if bundled.is_file():
            return str(bundled)
    for name in SYSTEM:
        try:
            return str(ImageFont.truetype(name).path)
        except OSError:
            continue
    return None
