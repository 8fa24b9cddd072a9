"""A shop's export that nobody tidied: 60 items, 80 users, photos in all sorts of places, and errors of every kind."""

from __future__ import annotations

import csv
import unicodedata
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from tests.helpers.tiny import KINDS, draw_garment, item_colour

UNICODE = ("Größe-é", "مرحبا-1", "👗-7", "ñandú 3")
ITEM_HEADER = ("SKU", "Title", "Category", "Gender", "Color", "Style ID", "Photo", "Price", "class")
EVENT_HEADER = ("Customer ID", "sku", "action", "Created at")
START = datetime(2024, 3, 1, 9, 0, 0)


def item_ids(count: int = 60) -> list[str]:
    """Leading zeros, and four ids that are not ASCII."""
    return [*UNICODE, *(f"{number:05d}" for number in range(4, count))]


def write_messy(folder: Path, items: int = 60, users: int = 80, seed: int = 0) -> Path:
    """Write `items.csv`, `events.csv`, `users.csv` and `photos/`; same arguments, same content.

    Even users like even items (red), odd users odd ones (blue): each buys 6 and views 6 of them, on days of their own.
    """
    rng = np.random.default_rng(seed)
    ids = item_ids(items)
    photos = _write_photos(folder / "photos", ids, rng)
    _write_items(folder / "items.csv", ids, photos)
    _write_events(folder / "events.csv", ids, users, rng)
    rows = [(f"c{user:03d}", "" if user == 5 else 18 + user, "Köln" if user % 3 else "") for user in range(users - 10)]
    _write(folder / "users.csv", ("customer id", "Age", "City"), [*rows, rows[0], ("", "40", "")])
    return folder


def _write_photos(folder: Path, ids: list[str], rng: np.random.Generator) -> list[str]:
    """Photos in five manners; returns what the item's row says of them."""
    cells = []
    for number, identifier in enumerate(ids):
        picture = draw_garment(KINDS[number // 2 % 3], item_colour(number, rng), rng)
        manner = number % 5
        name = {
            0: f"{identifier}.jpg",  # by the id
            1: f"{identifier}-front.JPG",  # by the start of the name
            2: f"{identifier}/1.png",  # in the item's folder
            3: f"season/look {number}.jpeg",  # by the path in the row
            4: f"cdn_{number}.webp",  # by the last part of a URL in the row
        }[manner]
        path = folder / unicodedata.normalize("NFD", name)  # as macOS writes names
        path.parent.mkdir(parents=True, exist_ok=True)
        picture.save(path, quality=92)
        cells.append(
            {3: f"season\\look {number}.jpeg", 4: f"https://cdn.example/p/cdn_{number}.webp?w=200"}.get(manner, "")
        )
    draw_garment("Dress", (9, 99, 199), rng).save(folder / "00005-back.jpg")
    draw_garment("Dress", (9, 99, 199), rng).save(folder / "nobody.jpg")
    (folder / "00010.jpg").write_bytes(b"")  # broken, and the only one
    (folder / "00011-front.JPG").write_bytes(b"no picture")  # broken, but there is a second
    draw_garment("Dress", (9, 99, 199), rng).save(folder / "00011-side.jpg")
    (folder / unicodedata.normalize("NFD", "00015.jpg")).unlink()  # missing
    return cells


def _write_items(path: Path, ids: list[str], photos: list[str]) -> None:
    rows: list[tuple] = [
        (
            identifier, '=HYPERLINK("http://x")' if number == 6 else f"Thing {number}", KINDS[number // 2 % 3],
            "Women" if number % 6 < 3 else "Men", "Red" if number % 2 == 0 else "Blue", f"style{number // 2}",
            photos[number], f"{10 + number},50" if number == 7 else 10 + number, "x",
        )
        for number, identifier in enumerate(ids)
    ]  # fmt: skip
    rows.insert(20, ())  # a blank line
    rows += [rows[0], ("00004", "Another thing", *rows[4][2:])]  # twice; twice with another title
    rows += [("", "No id", "", "", "", "", "", "", ""), (*rows[8], "one cell too many"), ("x" * 300, *rows[9][1:])]
    _write(path, ITEM_HEADER, rows, encoding="utf-8-sig")


def _write_events(path: Path, ids: list[str], users: int, rng: np.random.Generator) -> None:
    rows = []
    for user in range(users):
        liked = rng.choice(np.arange(user % 2, len(ids), 2), size=12, replace=False)
        for place, item in enumerate(liked):
            when = START + timedelta(days=int(place), minutes=user)
            action = "purchase" if place % 2 else "view"
            rows.append((f"c{user:03d}", unicodedata.normalize("NFD", ids[item]), action, f"{when:%Y-%m-%dT%H:%M:%S}Z"))
    rows += [
        rows[0],  # the same event again
        (rows[1][0], rows[1][1], "return", "2024-05-01T10:00:00Z"),
        ("c001", "99999", "purchase", "2024-04-01T10:00:00Z"),  # an unknown item
        ("c001", "00005", "purchase", "sometime"),
        ("", "00005", "purchase", "2024-04-01T10:00:00Z"),
        ("c001", "", "purchase", "2024-04-01T10:00:00Z"),
        ("c001", "00005", "wishlist", "2024-04-01T10:00:00Z"),
        ("@lonely", "00004", "purchase", "2024-04-01T10:00:00Z"),
    ]
    _write(path, EVENT_HEADER, rows)


def _write(path: Path, header: tuple, rows: list[tuple], encoding: str = "utf-8") -> None:
    with path.open("w", newline="", encoding=encoding) as handle:
        writer = csv.writer(handle)
        writer.writerow(header)
        writer.writerows(rows)
