"""Colours in CIELAB, and what a shop calls them.

A name's colour is the median colour of real, plain products that a shop filed under it. `colour_names.json` holds 33 of
them with their numbers of photos, measured on H&M's training photos by `benchmarks.colour_names`. Lists for screens
(CSS, the xkcd survey) use purer colours than cloth has, and call most cloth grey. Each name belongs to a basic colour
term, which separates names of different colours from names of nearly the same colour.
"""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files

import numpy as np
from skimage.color import deltaE_ciede2000, lab2rgb, rgb2lab
from torch import Tensor

from gigs.vision.images import to_uint8


def lab_of(images: Tensor) -> np.ndarray:
    """Pictures `[N,3,H,W]` in `[0,1]`, sRGB, as CIELAB (D65) float64 `[N,H,W,3]`, of their 8-bit values."""
    return rgb2lab(to_uint8(images))


def difference(one: np.ndarray, other: np.ndarray, *, textile: bool = False) -> np.ndarray:
    """CIEDE2000 between CIELAB colours `[...,3]`; 1 is about the least difference visible side by side.

    Args:
        one: Colours.
        other: Colours, broadcast against them.
        textile: Count a difference in lightness half, as is usual for cloth, because folds shade one colour (l:c of
            2:1, ISO 105-J03).
    """
    return deltaE_ciede2000(one, other, kL=2.0 if textile else 1.0)


def name_of(lab: np.ndarray) -> str:
    """The name whose colour is nearest to one CIELAB colour `[3]`."""
    names, _, colours = _named()
    return names[int(difference(np.asarray(lab)[None], colours).argmin())]


def basic_of(name: str) -> str:
    """The basic colour term that a name belongs to, such as blue for navy blue."""
    names, basics, _ = _named()
    return basics[names.index(name)]


def lab_named(name: str) -> np.ndarray:
    """CIELAB `[3]` of a name."""
    names, _, colours = _named()
    return colours[names.index(name)]


def colour_names() -> tuple[str, ...]:
    """All names."""
    return _named()[0]


def hex_of(lab: np.ndarray) -> str:
    """`#rrggbb` of one CIELAB colour `[3]`; colours outside sRGB are clipped."""
    red, green, blue = np.rint(lab2rgb(np.asarray(lab, dtype=float)).clip(0, 1) * 255).astype(int)
    return f"#{red:02x}{green:02x}{blue:02x}"


@lru_cache
def _named() -> tuple[tuple[str, ...], tuple[str, ...], np.ndarray]:
    """Names, their basic terms, and their colours `[names,3]`."""
    entries = json.loads(files("gigs.explain").joinpath("colour_names.json").read_text(encoding="utf-8"))["names"]
    return (
        tuple(entry["name"] for entry in entries),
        tuple(entry["basic"] for entry in entries),
        np.array([entry["lab"] for entry in entries]),
    )
