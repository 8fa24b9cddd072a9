"""Writes the folder of a catalogue: first pictures, packed one by one, then tables, then `catalogue.json`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gigs.data.catalogue import SCHEMA, Catalogue
from gigs.errors import DataError, ModelError
from gigs.io import folders, storage, written
from gigs.progress import OnStep, Step, silent

MAX_SIDE = 1024
OWN = ("catalogue.json", "items.parquet", "users.parquet", "interactions.parquet", "images-*.npy", "dropped.csv")
# For an item's row: its square, what is wrong with its photo in one line, or None where it has none.
Decode = Callable[[int], "np.ndarray | str | None"]


@dataclass(frozen=True, kw_only=True)
class CatalogueContent:
    """The content of a catalogue.

    Attributes:
        tables: `items` (with `held_out`), `users` and `interactions`. `has_image` is filled in when the catalogue is
            written.
        picture: Returns an item's square picture, uint8 `[image_size,image_size,3]`. Called from several threads.
        info: Called after the photos are read; returns the content of `catalogue.json`. `image_problems` (item id to
            reason) is added.
        more_files: More files by name, each with the function that writes it. Called after the photos are read.
    """

    tables: dict[str, pd.DataFrame]
    picture: Decode
    info: Callable[[], dict[str, Any]]
    more_files: Mapping[str, Callable[[Path], Any]] = field(default_factory=dict)


def write_catalogue(
    out: str | Path, content: CatalogueContent, *, image_size: int, on_step: OnStep = silent
) -> Catalogue:
    """Write a catalogue, and replace a finished one in the folder.

    `catalogue.json` is removed first and written last, so an interrupted import never leaves a folder that looks
    finished.

    Args:
        out: Folder of the catalogue. It is made if it does not exist.
        content: Tables, pictures and description.
        image_size: Side in pixels of the packed squares.
        on_step: Progress over photos.

    Raises:
        DataError: The size is not a valid picture size.
        InputError: Another process writes into the folder, or it holds other files with the names of a catalogue's
            files.
    """
    out, items = Path(out), content.tables["items"]
    check_size(image_size)
    with folders.owned(out):
        written.begin(out, OWN, ours=_marks(out))
        (out / "catalogue.json").unlink(missing_ok=True)
        for stale in out.glob("images-*.npy"):
            stale.unlink()
        items["has_image"], problems = _pack(content.picture, items["item_id"], out, image_size, on_step)
        for name, table in content.tables.items():
            storage.write_atomic(out / f"{name}.parquet", partial(_write_parquet, table))
        about = content.info()
        (out / "dropped.csv").unlink(missing_ok=True)
        for name, write in content.more_files.items():
            storage.write_atomic(out / name, write)
        about = {"schema": SCHEMA, "image_size": image_size} | about | {"image_problems": problems}
        storage.write_json(out / "catalogue.json", about)
        written.finished(out)
        return Catalogue.open(out)


def _write_parquet(table: pd.DataFrame, path: Path) -> None:
    with path.open("wb") as handle:  # PyArrow itself opens no path but of UTF-8
        table.to_parquet(handle, index=False)


def _marks(out: Path) -> tuple[str, ...]:
    """Read the marks of a catalogue that gigs wrote, and which may therefore be replaced."""
    try:
        about = storage.read_json(out / "catalogue.json")
    except ModelError:
        return ()
    ours = isinstance(about, dict) and {"schema", "image_size"} <= set(about)
    return ("catalogue.json",) if ours else ()


def check_size(image_size: int) -> None:
    """Refuse an impossible picture size before anything is read.

    Raises:
        DataError: The size is not a valid picture size.
    """
    if not 1 <= image_size <= MAX_SIDE:
        raise DataError(f"{image_size} px is not a valid picture size; choose 1 to {MAX_SIDE}")


def _pack(
    decode: Decode, item_ids: pd.Series, out: Path, size: int, on_step: OnStep
) -> tuple[np.ndarray, dict[str, str]]:
    """Decode every photo into one array. Returns which items have one, and what was wrong with broken ones."""
    present = np.zeros(len(item_ids), dtype=bool)
    problems: dict[str, str] = {}

    def decoded(pool: ThreadPoolExecutor) -> Iterator[np.ndarray | str | None]:
        for start in range(0, len(item_ids), 256):  # in pieces: map() alone would queue every result in memory
            yield from pool.map(decode, range(start, min(start + 256, len(item_ids))))

    def write(temporary: Path) -> None:
        packed = storage.packed_array(temporary, np.uint8, (len(item_ids), size, size, 3))
        with ThreadPoolExecutor(max_workers=4) as pool:  # Pillow decodes outside the interpreter lock
            for row, result in enumerate(decoded(pool)):
                if isinstance(result, np.ndarray):
                    packed[row] = result
                    present[row] = True
                elif result is not None:
                    problems[item_ids.iloc[row]] = result
                on_step(Step("reading photos", row + 1, len(item_ids)))
        packed.flush()

    storage.write_atomic(out / f"images-{size}.npy", write)
    return present, problems
