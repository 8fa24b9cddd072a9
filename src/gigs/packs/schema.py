"""Checks the form of `pack.json` before anything in it is used."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from gigs.errors import ModelError
from gigs.io import documents, folders, storage
from gigs.packs.pack_file import SCHEMA as SCHEMA
from gigs.packs.pack_file import PackFile

ADVICE = "build the pack again"
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
        raise ModelError(f"{root}: has pack schema {schema}, but this version of gigs reads {SCHEMA}")
    documents.checked(info, PackFile, path, ADVICE)
    unlisted = [name for name in REQUIRED if name not in info["files"]]
    if unlisted:
        raise ModelError(f"{path}: lists no {', '.join(unlisted)}; {ADVICE}")
    for name in info["files"]:
        folders.inside(root, name)
        if not PLAIN.fullmatch(name):
            raise ModelError(f"{path}: {name!r} is not the plain name of a file in the pack; build the pack again")
    return info
