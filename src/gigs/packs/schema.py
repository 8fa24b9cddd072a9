"""What `pack.json` must look like before anything in it is believed."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

from gigs.errors import ModelError
from gigs.io import folders, storage

SCHEMA = 1
# What a pack may call its files: in its folder, or one below; nothing hidden, nothing that a system reads as a way.
PLAIN = re.compile(r"(\w[\w. -]{0,99}/)?\w[\w. -]{0,99}")
REQUIRED = ("generator.safetensors", "recommender.safetensors", "audiences.safetensors")


def read_description(root: Path) -> dict[str, Any]:
    """A pack's `pack.json`, checked for its form; files are not looked at yet.

    Raises:
        ModelError: It is missing, of another schema, or says something of a kind that readers do not expect.
    """
    path = root / "pack.json"
    info = storage.read_json(path)
    schema = info.get("schema") if isinstance(info, dict) else None
    if schema != SCHEMA:
        raise ModelError(f"{root}: pack schema {schema}, this gigs reads {SCHEMA}")
    try:
        _check(info)
    except (KeyError, TypeError) as error:
        raise ModelError(f"{path}: malformed ({error} is missing or wrong); build the pack again") from error
    unlisted = [name for name in REQUIRED if name not in info["files"]]
    if unlisted:
        raise ModelError(f"{path}: lists no {', '.join(unlisted)}; build the pack again")
    for name in info["files"]:
        folders.inside(root, name)
        if not PLAIN.fullmatch(name):
            raise ModelError(f"{path}: {name!r} is not the plain name of a file in the pack; build the pack again")
    return info


def _check(info: dict[str, Any]) -> None:
    """Raises KeyError or TypeError with the name of what is wrong."""
    for name, kind in (("name", str), ("files", dict), ("audiences", dict), ("card", dict)):
        _expect(isinstance(info[name], kind), name)
    _expect(bool(info["name"]) and info["name"].isprintable(), "name")
    _expect(all(isinstance(digest, str) for digest in info["files"].values()), "files")
    for name, about in info["audiences"].items():
        _expect(isinstance(about, dict), name)
        _expect(isinstance(about["label"], str), f"{name}: label")
        _expect(type(about["users"]) is int and about["users"] >= 1, f"{name}: users")
        quantiles = about.get("quantiles") or []
        _expect(isinstance(quantiles, list) and all(map(_is_number, quantiles)), f"{name}: quantiles")
        _expect(quantiles == sorted(quantiles), f"{name}: quantiles")
    _expect(isinstance(info.get("preprocessing", {}), dict), "preprocessing")
    _expect(isinstance(info.get("held_out_products", []), list), "held_out_products")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _expect(holds: bool, name: str) -> None:
    if not holds:
        raise TypeError(name)
