"""Folders of results in which something was changed, taken away, or put in the place of something else."""

from __future__ import annotations

import base64
import json
import random
import shutil
from pathlib import Path

from gigs.errors import GigsError
from gigs.io import folders
from gigs.result import Result
from gigs.result.saved import rebuild, write_test_pack
from tests.fuzz.mutate import damage, damage_json

ACTIONS = ("damage", "damage", "remove", "empty", "folder", "link", "stranger", "name")
OF_PICTURES = ("remove", "folder", "link", "name")  # damage within pictures has targets of its own
NAMES = ("report.html", "suggestion-9.png", "change-room.png", "suggestion-box.png", "raw/suggestion-9.png", "x.txt")


def changes(content: bytes, rng: random.Random) -> bytes:
    """A few changes to the files of a folder, given as JSON by name; what comes out is JSON as well."""
    files = json.loads(content)
    found = []
    for _ in range(rng.choice((1, 1, 2, 4))):
        name = rng.choice(list(files))
        action = rng.choice(OF_PICTURES if name.endswith(".png") else ACTIONS)
        if action == "name":
            name, action = rng.choice(NAMES), "stranger"
        before = base64.b64decode(files[name]) if name in files else b"mine"
        change = damage_json if name.endswith(".json") else damage
        after = change(before, rng) if action == "damage" else b"mine"
        found.append([action, name, base64.b64encode(after).decode()])
    return json.dumps(found).encode()


def contents(folder: Path) -> bytes:
    """Every file of a folder by name, for `changes`."""
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return json.dumps({name: base64.b64encode(path.read_bytes()).decode() for name, path in files.items()}).encode()


def use_folder(whole: Path, work: Path, content: bytes) -> None:
    """Change a copy, then check it, report on it, pack it and save into it; the owner's files outlive all of it."""
    shutil.rmtree(work, ignore_errors=True)
    folder, precious = work / "out", work / "precious.png"
    shutil.copytree(whole, folder)
    precious.write_bytes(b"precious")
    asked = json.loads(content)
    if isinstance(asked, dict):  # the files themselves: nothing is changed
        asked = []
    strangers = [folder / name for action, name, text in asked if _apply(folder, precious, action, name, text)]
    result, refused = None, None
    for step in (
        lambda: folders.check_manifest(folder), lambda: rebuild(folder),
        lambda: write_test_pack(folder, folder / "test-pack.zip"), lambda: Result.read(whole).save(folder),
    ):  # fmt: skip
        try:
            result = step()
        except GigsError as error:
            refused = error
    assert precious.read_bytes() == b"precious"
    for path in strangers:
        assert path.is_symlink() or not path.is_file() or path.read_bytes() == b"mine", f"{path} was replaced"
    if refused is not None:
        raise refused
    assert result is not None


def _apply(folder: Path, precious: Path, action: str, name: str, text: str) -> bool:
    """Make one change; whether a stranger's file lies there now."""
    path = folder / name
    if path.is_dir() and not path.is_symlink():
        return False
    before = path.is_file()
    path.unlink(missing_ok=True)
    if action == "damage":
        path.write_bytes(base64.b64decode(text))
    elif action == "empty":
        path.write_bytes(b"")
    elif action == "folder":
        path.mkdir()
    elif action == "link":
        path.symlink_to(precious)
    elif action == "stranger":
        path.write_bytes(b"mine")
        return not before  # what gigs wrote and somebody changed may be written anew when that is asked for
    return False
