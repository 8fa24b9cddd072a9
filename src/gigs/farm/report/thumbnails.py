"""Small pictures for the page, each a file of its own, so that a browser reads only those that are looked at."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

from PIL import Image

from gigs.vision.opening import own_picture

SIDE = 128  # pixels
QUALITY = 80
FOLDER = "thumbnails"
SHARDS = 100  # folders: file managers and some stores are slow with very many files in one


def name_of(item: int, audience: int | None) -> str:
    """File of a product's photo, or of its best redesign for an audience; both by number."""
    kind = "photo" if audience is None else str(audience)
    return f"{FOLDER}/{item % SHARDS:02d}/{item}-{kind}.webp"


def thumbnail(content: bytes) -> bytes:
    """A picture as a small WebP file."""
    picture = own_picture(content, "a picture of the farm").rgb()
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    picture.save(buffer, format="WEBP", quality=QUALITY)
    return buffer.getvalue()


def wanted(pictures: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """Of a run's pictures, photos and best redesigns."""
    return (one for one in pictures if one["rank"] <= 1)
