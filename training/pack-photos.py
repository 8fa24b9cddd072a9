"""A catalogue's photos as WebP shards that a slow or small connection can carry, and a catalogue of them again.

    python training/pack-photos.py pack CATALOGUE SHARDS [--largest 58] [--quality 90]
    python training/pack-photos.py unpack SHARDS/photos-*.zip CATALOGUE

Photos go into shards in random order, so that each is a sample of the whole: unpack what has arrived, train, and unpack
again when more has come. Held-out photos stay held out. Nothing of any customer is packed.
"""

from __future__ import annotations

import argparse
import io
import json
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from gigs.data.catalogue import Catalogue
from gigs.errors import InputError
from gigs.io import storage
from gigs.vision.images import decode_photo

USERS = pd.DataFrame({"user_id": pd.Series(dtype=str)})
INTERACTIONS = pd.DataFrame(
    {"user": pd.Series(dtype=np.int64), "item": pd.Series(dtype=np.int64), "split": pd.Series(dtype=str)}
)


def pack(catalogue: Catalogue, out: Path, *, largest: int, quality: int, seed: int = 0) -> list[Path]:
    """Write `OUT/photos-00.zip` and so on, each with the item table.

    Args:
        catalogue: Any that was imported.
        out: Folder.
        largest: Bytes that no shard exceeds.
        quality: Of WebP, 1 to 100.
        seed: Of the photos' order.
    """
    size = int(catalogue.info["image_size"])
    photos = catalogue.images(size)
    rows = np.random.default_rng(seed).permutation(np.flatnonzero(catalogue.items["has_image"]))
    table = io.BytesIO()
    catalogue.items.to_parquet(table, index=False)
    head = {"items.parquet": table.getvalue(), "catalogue.json": json.dumps(_info(catalogue)).encode()}
    room = largest - sum(map(len, head.values())) - 4096
    if room < 1 << 13:
        raise InputError(f"--largest: the item table alone takes {sum(map(len, head.values())):,} bytes")
    out.mkdir(parents=True, exist_ok=True)
    shards, content, filled = [], dict(head), 0
    for row, picture in _encoded(photos, rows, quality):
        cost = len(picture) + 2 * 64 + 100  # with its two entries in the zip
        if filled + cost > room:
            shards.append(_write(out, len(shards), content))
            content, filled = dict(head), 0
        content[f"{row:07d}.webp"] = picture
        filled += cost
    return [*shards, _write(out, len(shards), content)]


def unpack(shards: list[Path], out: Path) -> Catalogue:
    """Make a catalogue of the photos in these shards, or add them to what earlier ones made.

    Raises:
        InputError: A shard is damaged, or of another catalogue.
    """
    for shard in shards:
        try:
            with zipfile.ZipFile(shard) as packed:
                _add(packed, out)
        except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise InputError(f"{shard}: damaged, or not of this catalogue ({error}); fetch it again") from error
    return Catalogue.open(out)


def _info(catalogue: Catalogue) -> dict[str, object]:
    left_out = ("users", "interactions", "image_problems")
    return {name: value for name, value in catalogue.info.items() if name not in left_out} | {"image_problems": {}}


def _encoded(photos: np.ndarray, rows: np.ndarray, quality: int) -> Iterator[tuple[int, bytes]]:
    def encode(row: int) -> tuple[int, bytes]:
        stream = io.BytesIO()
        Image.fromarray(photos[row]).save(stream, "WEBP", quality=quality, method=4)
        return row, stream.getvalue()

    with ThreadPoolExecutor(max_workers=4) as pool:  # Pillow encodes outside the interpreter lock
        for start in range(0, len(rows), 256):
            yield from pool.map(encode, map(int, rows[start : start + 256]))


def _write(out: Path, index: int, content: dict[str, bytes]) -> Path:
    def write(temporary: Path) -> None:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as shard:
            for name, bytes_ in content.items():
                shard.writestr(name, bytes_)

    return storage.write_atomic(out / f"photos-{index:02d}.zip", write)


def _add(packed: zipfile.ZipFile, out: Path) -> None:
    info = json.loads(packed.read("catalogue.json"))
    items, size = pd.read_parquet(io.BytesIO(packed.read("items.parquet"))), int(info["image_size"])
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"images-{size}.npy"
    present = np.zeros(len(items), dtype=bool)
    if (out / "catalogue.json").is_file():
        known = Catalogue.open(out)
        if known.items["item_id"].tolist() != items["item_id"].tolist():
            raise ValueError(f"{out} holds other items")
        present = known.items["has_image"].to_numpy().copy()
        target = np.lib.format.open_memmap(path, mode="r+")
    else:
        target = storage.packed_array(path, np.uint8, (len(items), size, size, 3))
    names = [name for name in packed.namelist() if name.endswith(".webp")]
    for name in names:
        row = int(name.removesuffix(".webp"))
        target[row] = np.asarray(decode_photo(packed.read(name), name).convert("RGB"))
        present[row] = True
    target.flush()
    items["has_image"] = present
    for table, rows in (("items", items), ("users", USERS), ("interactions", INTERACTIONS)):
        storage.write_atomic(out / f"{table}.parquet", lambda path, rows=rows: rows.to_parquet(path, index=False))
    storage.write_json(out / "catalogue.json", info)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="what", required=True)
    packing = commands.add_parser("pack", help="shards of a catalogue")
    packing.add_argument("catalogue", type=Path)
    packing.add_argument("out", type=Path)
    packing.add_argument("--largest", type=float, default=58, help="MB (millions of bytes) of the largest shard (58)")
    packing.add_argument("--quality", type=int, default=90, help="of WebP (90)")
    unpacking = commands.add_parser("unpack", help="a catalogue of shards")
    unpacking.add_argument("shards", type=Path, nargs="+")
    unpacking.add_argument("catalogue", type=Path)
    given = parser.parse_args()
    if given.what == "pack":
        largest = int(given.largest * 1e6)
        for path in pack(Catalogue.open(given.catalogue), given.out, largest=largest, quality=given.quality):
            print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    else:
        catalogue = unpack(given.shards, given.catalogue)
        print(f"{given.catalogue}: {int(catalogue.items['has_image'].sum()):,} of {len(catalogue.items):,} photos")


if __name__ == "__main__":
    main()
