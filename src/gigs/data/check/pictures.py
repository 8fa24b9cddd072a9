"""The check of a catalogue's photos: missing, broken, of a single colour, or the same for several items."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pandas as pd

from gigs.data.catalogue import Catalogue
from gigs.data.check.findings import IMPORT_AGAIN, Finding, finding, finding_of_rows, named
from gigs.errors import DataError
from gigs.progress import OnStep, Step

PLAIN_RANGE = 8  # grey levels: a single colour as JPEG stores it


def missing_pictures(catalogue: Catalogue) -> Iterator[Finding]:
    """Find items without a photo, and photos that could not be read."""
    items, broken = catalogue.items, dict(catalogue.info.get("image_problems", {}))
    without = ~items["has_image"].to_numpy(dtype=bool)
    known = items["item_id"].isin(broken).to_numpy()
    missing, fix = np.flatnonzero(without & ~known), "add the photos and import again, or leave these items without"
    yield finding_of_rows("warning", "items without a photo", items, "items", missing, fix)
    bad = np.flatnonzero(without & known)
    ids = items["item_id"].to_numpy()
    texts = [f"{name}: {broken[ids[row]]}" for name, row in zip(named(items, "items", bad), bad, strict=True)]
    yield finding("warning", "items whose photo cannot be read", texts, "replace these photos and import again")
    yield finding("error", "no item has a picture", (), "check the source's photos", int(without.all()))


def faulty_pictures(catalogue: Catalogue, on_step: OnStep) -> Iterator[Finding]:
    """Read all pictures once, and find missing ones, identical ones and those of a single colour."""
    try:
        packed = catalogue.images(int(catalogue.info["image_size"]))
    except (DataError, KeyError) as error:
        yield finding("error", "pictures cannot be read", [error], IMPORT_AGAIN)
        return
    rows = np.flatnonzero(catalogue.items["has_image"].to_numpy(dtype=bool))
    alike: dict[bytes, list[int]] = defaultdict(list)
    plain: list[int] = []
    for done, row in enumerate(rows, start=1):
        picture = np.asarray(packed[row])
        alike[hashlib.blake2b(picture.tobytes(), digest_size=16).digest()].append(int(row))
        # A sparse grid settles it for almost all; only the few that look plain are read in full.
        if _is_plain(picture[::8, ::8]) and _is_plain(picture):
            plain.append(int(row))
        on_step(Step("checking pictures", done, len(rows)))
    fix = "replace these photos and import again"
    yield finding_of_rows("warning", "pictures of a single colour", catalogue.items, "items", plain, fix)
    yield from _identical([group for group in alike.values() if len(group) > 1], catalogue.items)


def _is_plain(picture: np.ndarray) -> bool:
    pixels = picture.reshape(-1, picture.shape[-1])
    return bool((pixels.max(axis=0).astype(int) - pixels.min(axis=0) <= PLAIN_RANGE).all())


def _identical(groups: list[list[int]], items: pd.DataFrame) -> Iterator[Finding]:
    """Find pictures that several items share: a leak if one of the items is held out, otherwise harmless."""
    held_out = items["held_out"].to_numpy(dtype=bool)
    leaks = [group for group in groups if len(set(held_out[group])) > 1]
    kept = [group for group in groups if len(set(held_out[group])) == 1]
    names = [" = ".join(named(items, "items", group[:3])) for group in kept]
    yield finding("note", "pictures shared by several items", names, "none needed, if these are one product")
    names = [" = ".join(named(items, "items", group[:3])) for group in leaks]
    yield finding(
        "warning", "pictures of held-out items that training sees", names, "give these items one product code"
    )
