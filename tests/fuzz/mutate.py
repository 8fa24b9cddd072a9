"""Damage valid files, the same damage for the same seed: bytes anywhere, and values inside JSON."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
# What readers of JSON may not expect: other types, huge and strange numbers, paths, depth, text of every kind.
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 10**30, -1e308, 1e308, 0.5, "", "0", "x" * 5000, "../../etc/passwd",
    "/etc/passwd", "a\0b", "\ud800", "‮abc", "cafe\u0301", "=cmd()", "http://169.254.169.254/", [], {}, [[]], [None] * 9,
    {"": {}}, {"a": [1, "b", None]}, [1e999], [-1e999],
)  # fmt: skip


def damage(content: bytes, rng: random.Random) -> bytes:
    """Change a few bytes, or many, or the length."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        if not data:
            break
        rng.choice(EDITS)(data, rng)
    return bytes(data)


def damage_json(content: bytes, rng: random.Random) -> bytes:
    """Replace, remove or double values in a JSON document; now and then damage its bytes instead."""
    if rng.random() < 0.15:
        return damage(content, rng)
    if rng.random() < 0.02:
        depth = rng.choice((100, 5000, 100_000))
        return b"[" * depth + b"]" * depth
    document = json.loads(content)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        document = _edit(document, rng)
    return json.dumps(document).encode("utf-8", errors="replace")


def damage_safetensors(content: bytes, rng: random.Random) -> bytes:
    """Damage the header as JSON, gigs' settings inside it, its length, or any bytes."""
    kind = rng.random()
    length = int.from_bytes(content[:8], "little")
    header, body = content[8 : 8 + length], content[8 + length :]
    if kind < 0.25:
        return damage(content, rng)
    if kind < 0.35:
        return rng.choice((0, 1, length - 1, length + 1, 2**31, 2**63, 2**64 - 1)).to_bytes(8, "little") + content[8:]
    if kind < 0.55:
        header = damage_json(header, rng)
    else:
        document = json.loads(header)
        settings = damage_json(document["__metadata__"]["gigs"].encode(), rng)
        document["__metadata__"]["gigs"] = settings.decode("utf-8", errors="replace")
        header = json.dumps(document).encode("utf-8", errors="replace")
    return len(header).to_bytes(8, "little") + header + body


def _edit(document: Any, rng: random.Random) -> Any:
    """One change at a random place."""
    places = list(_places(document))
    if not places:
        return copy.deepcopy(rng.choice(VALUES))
    holder, key = rng.choice(places)
    action = rng.random()
    if action < 0.15:
        del holder[key]
    elif action < 0.25 and isinstance(holder, dict):
        holder[rng.choice(("", "x", "../x", "a\0b", "__class__"))] = holder[key]
    elif action < 0.35 and isinstance(holder[key], int | float) and not isinstance(holder[key], bool):
        holder[key] = rng.choice((-holder[key], holder[key] * 1000, holder[key] + 0.5, str(holder[key])))
    else:
        holder[key] = copy.deepcopy(rng.choice(VALUES))
    return document


def _places(document: Any) -> Any:
    """Every (container, key) in a document."""
    if isinstance(document, dict | list):
        for key in list(document) if isinstance(document, dict) else range(len(document)):
            yield document, key
            yield from _places(document[key])


def _place(data: bytearray, rng: random.Random) -> int:
    """Headers are at the front: half of the edits go there."""
    return rng.randrange(min(len(data), 400) if rng.random() < 0.5 else len(data))


def _flip(data: bytearray, rng: random.Random) -> None:
    data[_place(data, rng)] ^= 1 << rng.randrange(8)


def _set(data: bytearray, rng: random.Random) -> None:
    data[_place(data, rng)] = rng.randrange(256)


def _number(data: bytearray, rng: random.Random) -> None:
    width, place = rng.choice((1, 2, 4)), _place(data, rng)
    value = rng.choice(NUMBERS) & (256**width - 1)
    data[place : place + width] = value.to_bytes(width, rng.choice(("little", "big")))


def _cut(data: bytearray, rng: random.Random) -> None:
    del data[_place(data, rng) :]


def _remove(data: bytearray, rng: random.Random) -> None:
    place = _place(data, rng)
    del data[place : place + rng.choice((1, 4, 64))]


def _insert(data: bytearray, rng: random.Random) -> None:
    place = _place(data, rng)
    data[place:place] = rng.randbytes(rng.choice((1, 4, 64)))


def _repeat(data: bytearray, rng: random.Random) -> None:
    place = _place(data, rng)
    block = data[place : place + rng.choice((8, 128, 2048))]
    data[place:place] = block * rng.choice((1, 3))


EDITS = (_flip, _flip, _set, _set, _number, _number, _cut, _remove, _insert, _repeat)
