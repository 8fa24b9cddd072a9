"""Which files in a folder gigs wrote: only these are replaced or removed.

A finished folder's manifest says it. While a folder's content changes, a list beside it does: a line for each file, on
the disk before the file is, so that what a killed process left is known for ours by the next one.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

from gigs.errors import InputError, ModelError
from gigs.io import folders, storage

LIST = ".gigs.files"
Known = dict[str, set[str]]


def known(folder: Path) -> Known:
    """SHA-256 of what gigs wrote into a folder, by name; more than one where a write was interrupted."""
    found: Known = {}
    try:
        files = folders.read_manifest(folder)["files"]
    except ModelError:
        files = {}
    entries = [(name, entry["sha256"]) for name, entry in files.items()]
    entries += [(one["name"], one["sha256"]) for one in _lines(folder) if "name" in one]
    for name, digest in entries:
        found.setdefault(name, set()).add(digest)
    return found


def request_of(folder: Path) -> str:
    """The request that a folder's manifest was of, also while the folder's content changes; empty for none."""
    try:
        return str(folders.read_manifest(folder).get("request", ""))
    except ModelError:
        return next((str(one["request"]) for one in reversed(_lines(folder)) if "request" in one), "")


def is_ours(folder: Path, name: str, hashes: Known) -> bool:
    """Whether a file is there exactly as gigs wrote it."""
    path = Path(folder) / name
    return name in hashes and path.is_file() and not path.is_symlink() and storage.sha256_of(path) in hashes[name]


def claim(folder: Path, names: Iterable[str], *, changed: bool = False) -> None:
    """Refuse a folder in which a file that is not ours has one of the names, which gigs is about to write.

    Args:
        folder: To write into.
        names: What is going to be written.
        changed: Whether one that gigs wrote may have been changed since: it was asked to write it anew.

    Raises:
        InputError: It names the file.
        ModelError: A link leads out of the folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        return
    hashes = known(folder)
    _check_manifest(folder)
    for name in names:
        path = folders.inside(folder, name)
        if path.parent.exists() and not path.parent.is_dir():
            raise InputError(f"{path.parent}: is not a folder; move it away, or choose another folder")
        there = path.exists() or path.is_symlink()
        plain = path.is_file() and not path.is_symlink()
        ours = is_ours(folder, name, hashes) or (changed and name in hashes and plain)
        if there and not ours:
            raise InputError(
                f"{path}: would be replaced, but gigs did not write it, or it was changed since; move it away, "
                "or choose another folder"
            )


def spare(folder: Path, inputs: Iterable[Path], names: Iterable[str], is_one: Callable[[str], bool]) -> None:
    """Refuse a folder in which writing would replace or remove what is read.

    Args:
        folder: To write into.
        inputs: Files that are read.
        names: What is going to be written.
        is_one: As for `clear`.

    Raises:
        InputError: It names the file.
    """
    touched = [folder / name for name in {*names, *filter(is_one, known(folder))}]
    for path in inputs:
        if path.resolve() in {one.resolve() for one in touched} or any(_same(path, one) for one in touched):
            raise InputError(f"{folder}: would overwrite or remove {path}, which is an input; choose another folder")


def begin(folder: Path, patterns: Collection[str], ours: Collection[str] = ()) -> None:
    """Open a folder for a writer of files too large to be compared: it must be ours as a whole, or free of our names.

    Args:
        folder: Held by this process.
        patterns: Names of what is going to be written.
        ours: Names of which one alone says that the folder is ours, such as a checkpoint's.

    Raises:
        InputError: There are files under our names, and neither manifest nor list nor mark of ours.
    """
    _check_manifest(folder)
    marks = (folders.MANIFEST, LIST, *ours)
    if not any((folder / name).is_file() for name in marks) and (strange := folders.names(folder, patterns)):
        raise InputError(
            f"{folder / strange[0]}: would be replaced, but gigs did not write it into this folder; move it "
            "away, or choose another folder"
        )
    forget(folder)


def forget(folder: Path) -> None:
    """Take the manifest away, as the folder's content is going to change; what it said goes into the list."""
    _check_manifest(folder)
    lines: list[dict[str, Any]] = []
    if (folder / folders.MANIFEST).is_file():
        manifest = folders.read_manifest(folder)
        lines = [{"name": name, "sha256": entry["sha256"]} for name, entry in manifest["files"].items()]
        lines.append({"request": manifest.get("request", "")})
    _note(folder, lines)
    (folder / folders.MANIFEST).unlink(missing_ok=True)


def put(folder: Path, name: str, content: bytes) -> Path:
    """Write a file atomically, once it is listed as ours."""
    _note(folder, [{"name": name, "sha256": hashlib.sha256(content).hexdigest()}])
    return storage.write_bytes(folder / name, content)


def clear(folder: Path, first: str, is_one: Callable[[str], bool]) -> None:
    """Remove what gigs wrote earlier, is there unchanged, and is of the kind that is written anew.

    Args:
        folder: Of the files.
        first: Name of the record, which goes before all else: it must never stand beside another run's files.
        is_one: Whether a name is of that kind.
    """
    hashes = known(folder)
    for name in sorted(filter(is_one, hashes), key=lambda name: name != first):
        path = folders.inside(folder, name)
        if is_ours(folder, name, hashes):
            path.unlink()


def seal(folder: Path, names: Iterable[str], request: str | None = "") -> Path:
    """Write the manifest, last of all: of these files, and of what gigs wrote earlier and is there unchanged.

    Args:
        folder: Of the files.
        names: What was written; those that are there count.
        request: Fingerprint of what was asked for; None for that of before.
    """
    hashes = known(folder)
    earlier = request_of(folder) if request is None else request
    wanted = {name for name in names if (folder / name).is_file()}
    wanted |= {name for name in set(hashes) - wanted if is_ours(folder, name, hashes)}
    path = folders.write_manifest(folder, wanted, request=earlier)
    finished(folder)
    return path


def finished(folder: Path) -> None:
    """Remove the list: a manifest says it all, or whatever else marks the folder."""
    (folder / LIST).unlink(missing_ok=True)


def _same(one: Path, other: Path) -> bool:
    """Whether both names lead to one file: some file systems do not tell A from a."""
    return one.exists() and other.exists() and one.samefile(other)


def _check_manifest(folder: Path) -> None:
    """Refuse a `manifest.json` that is somebody else's."""
    path = folder / folders.MANIFEST
    if path.exists() or path.is_symlink():
        try:
            folders.read_manifest(folder)
        except (ModelError, OSError) as error:
            raise InputError(
                f"{path}: is not from gigs, or is damaged; move it away, or choose another folder"
            ) from error


def _note(folder: Path, lines: list[dict[str, Any]]) -> None:
    """Add lines to the list, and sync it."""
    with (folder / LIST).open("ab") as handle:
        handle.write("".join(f"\n{json.dumps(line)}" for line in lines).encode())
        handle.flush()
        os.fsync(handle.fileno())


def _lines(folder: Path) -> list[dict[str, Any]]:
    """The list's lines; one that was cut off does not count."""
    path, found = Path(folder) / LIST, []
    if not path.is_file() or path.is_symlink() or path.stat().st_size > storage.MAX_JSON:
        return []
    for line in path.read_bytes().splitlines():
        try:
            one = json.loads(line)
        except (ValueError, RecursionError):
            continue
        named = isinstance(one, dict) and all(isinstance(value, str) for value in one.values())
        if named and ("request" in one or {"name", "sha256"} <= set(one)):
            found.append(one)
    return found
