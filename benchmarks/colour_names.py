"""Measure what colour a shop's colour names have on its photos, and how often the nearest name is then right.

    python -m benchmarks.colour_names --catalogue data/hm --out src/gigs/explain/colour_names.json

Medians over plain garments and shoes of the training photos; the check is on held-out photos of the same kind.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from skimage.color import rgb2lab

from gigs.data.catalogue import Catalogue
from gigs.data.select import select
from gigs.explain.colours import difference
from gigs.explain.foreground import foreground
from gigs.explain.palette import palette
from gigs.io import storage

# The shop's colour groups in plain words, and the basic colour term of each. Groups of other kinds of colour (metals,
# "Other") are left out, and those with a handful of photos.
NAMES = {
    "Black": ("black", "black"), "White": ("white", "white"), "Off White": ("off-white", "white"),
    "Dark Grey": ("dark grey", "grey"), "Grey": ("grey", "grey"), "Light Grey": ("light grey", "grey"),
    "Dark Blue": ("navy blue", "blue"), "Blue": ("blue", "blue"), "Light Blue": ("light blue", "blue"),
    "Dark Turquoise": ("dark turquoise", "turquoise"), "Turquoise": ("turquoise", "turquoise"),
    "Light Turquoise": ("light turquoise", "turquoise"),
    "Dark Green": ("dark green", "green"), "Greenish Khaki": ("khaki", "green"), "Green": ("green", "green"),
    "Light Green": ("light green", "green"),
    "Light Beige": ("cream", "beige"), "Beige": ("beige", "beige"), "Dark Beige": ("dark beige", "beige"),
    "Yellowish Brown": ("brown", "brown"),
    "Dark Yellow": ("mustard", "yellow"), "Yellow": ("yellow", "yellow"), "Light Yellow": ("light yellow", "yellow"),
    "Dark Orange": ("rust", "orange"), "Orange": ("orange", "orange"), "Light Orange": ("apricot", "orange"),
    "Dark Red": ("dark red", "red"), "Red": ("red", "red"),
    "Dark Pink": ("deep pink", "pink"), "Pink": ("pink", "pink"), "Light Pink": ("light pink", "pink"),
    "Purple": ("purple", "purple"), "Light Purple": ("lilac", "purple"),
}  # fmt: skip
WHERE = 'appearance == "Solid" and group in ["Garment Upper body", "Garment Lower body", "Garment Full body", "Shoes"]'
MOST = 150  # photos of a name


def main() -> None:
    """Parse options, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catalogue", type=Path, required=True)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    catalogue = Catalogue.open(given.catalogue)
    found = measure(catalogue, given.side)
    for entry in found["names"]:
        print(entry)
    print(found["held_out"])
    if given.out:
        storage.write_json(given.out, found)


def measure(catalogue: Catalogue, side: int) -> dict[str, Any]:
    """Names with their colours and numbers of photos, and how often the nearest one is right on held-out photos."""
    groups = catalogue.items["colour"].to_numpy()
    train = select(catalogue, catalogue.train_items(), WHERE)
    names = []
    for group, (name, basic) in NAMES.items():
        rows = np.random.default_rng(0).permutation(train[groups[train] == group])[:MOST]
        colours = [colour for row in rows if (colour := main_colour(catalogue, row, side)) is not None]
        lab = np.median(colours, axis=0).round(1).tolist()
        names.append({"name": name, "basic": basic, "lab": lab, "photos": len(colours)})
    return {"source": f"{catalogue.info.get('source', 'catalogue')}, {side} px", "names": names} | {
        "held_out": _check(catalogue, names, groups, side)
    }


def main_colour(catalogue: Catalogue, row: int, side: int) -> np.ndarray | None:
    """CIELAB `[3]` of the largest share of a product; None where the product was not told from its backdrop."""
    pixels = np.asarray(catalogue.images(side)[row])
    mask = foreground(pixels)
    return None if mask.mean() > 0.9 else palette(rgb2lab(pixels), mask)[0].lab


def _check(catalogue: Catalogue, names: list[dict[str, Any]], groups: np.ndarray, side: int) -> dict[str, Any]:
    colours = np.array([entry["lab"] for entry in names])
    exact, basic = [], []
    for row in select(catalogue, catalogue.held_out_items(), WHERE):
        if groups[row] in NAMES and (own := main_colour(catalogue, row, side)) is not None:
            said = names[int(difference(own[None], colours).argmin())]
            exact.append(said["name"] == NAMES[groups[row]][0])
            basic.append(said["basic"] == NAMES[groups[row]][1])
    return {"photos": len(exact), "name": round(np.mean(exact), 3), "basic_term": round(np.mean(basic), 3)}


if __name__ == "__main__":
    main()
