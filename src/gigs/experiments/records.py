"""Finished results: one JSON line and a strip of pictures each. An interrupted table continues from them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gigs.errors import InputError, ModelError
from gigs.io import folders, storage
from gigs.vision.images import save_png, to_tensor
from gigs.vision.opening import read_own_picture

Key = tuple[str, str, int]  # cell, method, item
FILE, HEADER = "records.jsonl", "request.json"


class Records:
    """Results of one table in one folder; open it with `opened`."""

    def __init__(self, folder: Path, known: dict[Key, dict[str, Any]]) -> None:
        self.folder, self.known = folder, known

    def __contains__(self, key: Key) -> bool:
        return key in self.known

    def add(self, record: dict[str, Any], base: Tensor | None, images: Tensor) -> None:
        """Keep one result: its pictures first, so that a line never names pictures that are not there.

        Args:
            record: JSON-able, with `cell`, `method` and `item`.
            base: What was redesigned, `[1,3,R,R]`; None where there was nothing.
            images: The suggestions, `[n,3,R,R]` in `[0,1]`.
        """
        key = key_of(record)
        tiles = images if base is None else torch.cat([base.to(images.device), images])
        save_png(torch.cat(list(tiles), dim=-1), self.picture(key))
        with (self.folder / FILE).open("a", encoding="utf-8") as handle:
            handle.write(json.dumps(record | {"tiles": len(tiles), "base": base is not None}, allow_nan=False) + "\n")
        self.known[key] = record | {"tiles": len(tiles), "base": base is not None}

    def picture(self, key: Key) -> Path:
        """File of a result's strip."""
        cell, method, item = key
        return self.folder / "pictures" / f"{cell}-{method}-{item:04d}.png"

    def pictures(self, record: dict[str, Any]) -> tuple[Tensor | None, Tensor]:
        """Base and suggestions of a result, `[1,3,R,R]` and `[n,3,R,R]`, rounded to 8 bit."""
        strip = to_tensor(np.asarray(_strip(self.picture(key_of(record)))))
        tiles = torch.cat(list(strip.chunk(record["tiles"], dim=-1)))
        return (tiles[:1], tiles[1:]) if record["base"] else (None, tiles)


def _strip(path: Path) -> Image.Image:
    try:
        return read_own_picture(path).rgb()
    except ModelError as error:
        raise ModelError(f"{error}: delete the table's folder and run it again") from error


def key_of(record: dict[str, Any]) -> Key:
    """What tells results apart."""
    return record["cell"], record["method"], int(record["item"])


@contextmanager
def opened(folder: Path, request: dict[str, Any]) -> Iterator[Records]:
    """Records of one table, for writing, as the only process.

    Args:
        folder: Of the table.
        request: What the results follow from; a folder with results of another request is refused.

    Raises:
        InputError: Another process is writing, or the folder holds another experiment.
    """
    with folders.owned(folder):
        _claim(folder, request)
        known = read(folder)
        lines = [json.dumps(record) + "\n" for record in known.values()]
        storage.write_text(folder / FILE, "".join(lines))  # without a line that was cut off
        yield Records(folder, known)


def read(folder: Path) -> dict[Key, dict[str, Any]]:
    """Results in a folder, in the order in which they were made; a line that was cut off does not count."""
    records = {}
    path = folder / FILE
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            record = json.loads(line)
            records[key_of(record)] = record
        except (json.JSONDecodeError, KeyError, TypeError):
            continue
    return records


def _claim(folder: Path, request: dict[str, Any]) -> None:
    path = folder / HEADER
    if not path.is_file():
        storage.write_json(path, request)
        return
    known = storage.read_json(path)
    if known != json.loads(json.dumps(request)):
        changed = [name for name in request if known.get(name) != json.loads(json.dumps(request[name]))]
        raise InputError(
            f"{folder}: holds results of another experiment (other {', '.join(changed) or 'settings'}); choose "
            "another `out`, or delete that folder"
        )
