"""The palette of `gigs colours`: a fixed list of named colours in which cloth is dyed.

The 33 names of `explain.colours` come first, with the colours measured on a shop's own photos. 39 usual dyes between
them follow. All are dull enough to be dyed, and within sRGB.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from skimage.color import rgb2lab

from gigs.explain.colours import colour_names, difference, lab_named
from gigs.transfer import NamedColour

DYES = {
    "charcoal": "#36393d", "slate": "#5f6b76", "taupe": "#8b7d72", "stone": "#b8ae9f", "sand": "#d8c3a0",
    "camel": "#b98b5a", "tan": "#a9743f", "chocolate": "#442c23", "copper": "#a65a36", "terracotta": "#b85c42",
    "brick": "#8f3b30", "burgundy": "#5c1a2b", "cherry": "#a3152f", "coral": "#ee7563", "salmon": "#ef9a86",
    "peach": "#f6c2a2", "blush": "#eccdc6", "raspberry": "#a42855", "fuchsia": "#c92c83", "magenta": "#8e2467",
    "orchid": "#b673ae", "mauve": "#97778f", "plum": "#5a2a4c", "aubergine": "#382238", "violet": "#5c4391",
    "lavender": "#b5abd6", "royal blue": "#2a4b9c", "cobalt": "#1f5fb4", "denim": "#44607f", "cornflower": "#7898d4",
    "petrol": "#1d4d5c", "teal": "#13737a", "aqua": "#6cc0c1", "mint": "#b4dcc6", "sage": "#9aa88b",
    "olive": "#666535", "moss": "#4b5a34", "bottle green": "#173f30", "emerald": "#1d7a55",
}  # fmt: skip
ALSO = {"navy": "navy blue", "ivory": "off-white", "gray": "grey", "dark gray": "dark grey", "light gray": "light grey"}


@lru_cache
def palette() -> tuple[NamedColour, ...]:
    """All 72 colours."""
    shops = [NamedColour(name, lab_named(name)) for name in colour_names()]
    return (*shops, *(NamedColour(name, lab_of_hex(value)) for name, value in DYES.items()))


def names() -> dict[str, np.ndarray]:
    """CIELAB `[3]` by name: the colour of cloth of that name, which differs from a screen's colour of the same name."""
    known = {one.name: one.lab for one in palette()}
    return known | {name: known[other] for name, other in ALSO.items()}


def lab_of_hex(value: str) -> np.ndarray:
    """CIELAB `[3]` of `#rrggbb`."""
    rgb = np.frombuffer(bytes.fromhex(value.removeprefix("#")), dtype=np.uint8)
    return np.asarray(rgb2lab(rgb[None, None])[0, 0])


def nearest(lab: np.ndarray) -> str:
    """Name of the palette's colour that is nearest to one CIELAB colour `[3]`."""
    every = palette()
    return every[int(difference(np.asarray(lab)[None], np.array([one.lab for one in every])).argmin())].name
