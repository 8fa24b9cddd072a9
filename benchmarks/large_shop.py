"""A shop of any size, made by code: what a user likes shows in the photos, so a recommender has something to learn.

Every item is of one of `STYLES` styles, which its photo shows as a colour, a shape and a pattern. Every user likes two
styles: seven purchases of ten are of these, the others of any, and popular items sell more often. Purchases are written
a day at a time, as a shop's orders come in, so memory does not grow with their number.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image
from pyarrow import csv, parquet

STYLES, PER_USER, LIKED = 24, 2, 0.7
LOOKS = 100  # different photos of a style: items of a large shop share them
SIDE = 64  # pixels of a photo
DAYS = 730
START = np.datetime64("2023-01-01T00:00:00", "s")
TYPES = ("Dress", "T-shirt", "Trousers", "Skirt", "Jacket", "Shirt")
SECTIONS = ("Ladieswear", "Menswear", "Children", "Sport")


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large the shop is; `purchases` counts rows, so somebody may buy a thing twice."""

    users: int
    items: int
    purchases: int
    seed: int = 0


def make(folder: Path, size: Size, *, text: bool = False) -> None:
    """Write `items.csv`, `users.csv`, `photos.zip` and `purchases.parquet` (or `.csv`) into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(size.seed)
    style = rng.integers(0, STYLES, size.items)
    csv.write_csv(_items(style, rng), folder / "items.csv")
    csv.write_csv(_users(size.users, rng), folder / "users.csv")
    _photos(folder / "photos.zip", style, size.seed)
    _write(folder / ("purchases.csv" if text else "purchases.parquet"), _purchases(size, style, rng), text)


def _items(style: np.ndarray, rng: np.random.Generator) -> pa.Table:
    count = len(style)
    return pa.table(
        {
            "article_id": _ids("A", np.arange(count)),
            "type": np.array(TYPES)[style % len(TYPES)],
            "section": np.array(SECTIONS)[rng.integers(0, len(SECTIONS), count)],
            "price": rng.integers(5, 200, count),
        }
    )


def _users(count: int, rng: np.random.Generator) -> pa.Table:
    member = np.array(["active", "none", "left"])[rng.integers(0, 3, count)]
    return pa.table({"customer_id": _ids("C", np.arange(count)), "age": rng.integers(16, 80, count), "member": member})


def _purchases(size: Size, style: np.ndarray, rng: np.random.Generator) -> Iterator[pa.Table]:
    """Purchases of one day after another, in the order of their time."""
    activity = np.cumsum(rng.lognormal(0, 0.7, size.users))
    likes = rng.integers(0, STYLES, (size.users, PER_USER))
    order = np.argsort(style, kind="stable")  # items of a style beside one another
    ends = np.cumsum(np.bincount(style, minlength=STYLES))
    starts = ends - np.bincount(style, minlength=STYLES)
    popularity = rng.permutation(size.items)  # item at each place of popularity, most popular first
    rank_in_style = np.argsort(popularity)[order]
    order = order[np.lexsort((rank_in_style, style[order]))]  # in a style, popular items first
    buyers, articles = pa.array(_ids("C", np.arange(size.users))), pa.array(_ids("A", np.arange(size.items)))
    for part in np.array_split(np.arange(size.purchases), DAYS):
        count, day = len(part), int(part[0] * DAYS // size.purchases) if len(part) else 0
        if not count:
            continue
        users = np.searchsorted(activity, rng.random(count) * activity[-1])
        own = likes[users, rng.integers(0, PER_USER, count)]
        skew = rng.random(count) ** 3  # towards the popular
        liked = starts[own] + (skew * (ends[own] - starts[own])).astype(np.int64)
        wanted = (rng.random(count) < LIKED) & (ends[own] > starts[own])
        items = np.where(wanted, order[np.minimum(liked, size.items - 1)], popularity[(skew * size.items).astype(int)])
        seconds = np.sort(rng.integers(0, 86_400, count))
        yield pa.table(
            {
                "customer_id": buyers.take(pa.array(users)),
                "article_id": articles.take(pa.array(items)),
                "quantity": rng.integers(1, 3, count),
                "time": pa.array((START + np.timedelta64(day, "D") + seconds).astype("datetime64[s]")),
            }
        )


def _write(path: Path, pieces: Iterator[pa.Table], text: bool) -> None:
    first = next(pieces)
    writer = csv.CSVWriter(path, first.schema) if text else parquet.ParquetWriter(path, first.schema)
    with writer:
        writer.write_table(first)
        for piece in pieces:
            writer.write_table(piece)


def _ids(letter: str, numbers: np.ndarray) -> np.ndarray:
    return np.strings.add(letter, np.strings.zfill(numbers.astype("U8"), 8))


def _photos(path: Path, style: np.ndarray, seed: int) -> None:
    """A small JPEG an item, one of `LOOKS` of its style."""
    rng = np.random.default_rng([seed, 1])
    look = np.random.default_rng(1)  # of the styles, the same in every shop
    colours, width = look.integers(20, 220, (STYLES, 3)), look.integers(3, 14, STYLES)
    pictures = [[_photo(kind, colours[kind], width[kind], rng) for _ in range(LOOKS)] for kind in range(STYLES)]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for item, kind in enumerate(style):
            archive.writestr(f"A{item:08d}.jpg", pictures[kind][int(rng.integers(LOOKS))])


def _photo(kind: int, colour: np.ndarray, width: int, rng: np.random.Generator) -> bytes:
    """A style's colour, shape and stripes, with a shade and size of its own."""
    down, across = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    half = rng.uniform(16, 28)
    shape = (np.abs(down) < half) & (np.abs(across) < half * 0.7) if kind % 2 else down**2 + across**2 < half**2
    stripes = ((down if kind % 3 else across) + 99) // width % 2 == 0
    shade = np.clip(colour + rng.integers(-30, 31, 3), 0, 255)
    picture = np.full((SIDE, SIDE, 3), 255, dtype=np.uint8)
    picture[shape] = shade
    picture[shape & stripes] = shade // 2
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "JPEG", quality=85)
    return content.getvalue()
