"""The photos that presets are compared on: held-out products of a catalogue, or a pack's own examples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from torch import Tensor

from gigs.data.catalogue import Catalogue
from gigs.packs import Pack
from gigs.vision.images import fit_square, read_photo, to_tensor

KINDS = {
    "top": 'group == "Garment Upper body"',
    "trousers": 'type == "Trousers"',
    "dress": 'type == "Dress"',
    "shoes": 'group == "Shoes"',
}


def held_out(catalogue: Catalogue, side: int, count: int, seed: int) -> list[tuple[str, Tensor]]:
    """`count` held-out photos `[1,3,side,side]`, as many of each of `KINDS`; named by kind and item.

    Fewer photos are the first of more, so that a longer bench repeats none.
    """
    rows, rng, chosen = catalogue.held_out_items(), np.random.default_rng(seed), []
    items, pictures = catalogue.items.iloc[rows], catalogue.images(side)
    for number, (kind, condition) in enumerate(KINDS.items()):
        each = len(range(number, count, len(KINDS)))
        matching = rows[items.eval(condition).to_numpy(dtype=bool)]
        chosen.append([(kind, row) for row in rng.permutation(matching)[:each]])
    mixed = [group[place] for place in range(count) for group in chosen if place < len(group)]
    return [(f"{kind} {catalogue.items['item_id'].iloc[row]}", to_tensor(pictures[row][None])) for kind, row in mixed]


def examples(pack: Pack) -> list[tuple[str, Tensor]]:
    """A pack's examples; its own generator drew them, so it redraws them better than any photo."""
    return [(path.stem, _square(path, pack.generator.resolution)) for path in pack.examples()]


def _square(path: Path, side: int) -> Tensor:
    return to_tensor(fit_square(read_photo(path), side)[0])
