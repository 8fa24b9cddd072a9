"""Output folders: one writer at a time, removal of a killed writer's files, and a manifest of complete results."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from gigs.errors import GigsError, InputError, ModelError
from gigs.io import storage

LOCK = ".gigs.lock"
MANIFEST = "manifest.json"
SCHEMA = 1
WAIT = 0.2  # seconds: another process may look whether a lock is held, and holds it for that moment
BUSY = "{folder}: another gigs process is writing into it; wait until it is done, or choose another folder"
_HELD: set[tuple[int, Path]] = set()  # by process, as a forked child holds none of its parent's


@contextmanager
def owned(folder: Path) -> Iterator[None]:
    """Hold a folder for writing, as the only process; made if need be, and removed again if nothing was put into it.

    Who holds a folder holds what is in it: while one process does, another can hold neither it nor a folder below.
    Whoever writes into a folder below holds that too, so that nobody who held it before is disturbed. The lock is the
    operating system's, so it ends with its owner, however that dies. Unfinished files of such an owner are removed.

    Raises:
        InputError: Another process holds it, or it cannot be written to.
    """
    folder = Path(folder)
    lock = FileLock(folder / LOCK)
    try:
        if folder.exists() and not folder.is_dir():
            raise InputError(f"{folder}: is not a folder that can be written to; choose another")
        made = [each for each in (folder, *folder.parents) if not each.exists()]
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=WAIT, poll_interval=WAIT / 10)
    except Timeout as error:
        raise InputError(BUSY.format(folder=folder)) from error
    except (OSError, ValueError) as error:  # the latter of a NUL in the name
        raise InputError(f"{folder}: cannot be written to ({getattr(error, 'strerror', None) or error})") from error
    place = (os.getpid(), folder.resolve())
    try:
        _check_above(folder)  # with our own lock held: of two who meet, at least one sees the other
        _HELD.add(place)
        sweep(folder)
        yield
    finally:
        _HELD.discard(place)
        with contextlib.suppress(OSError):  # before the release: whoever waits on this file looks for it anew
            (folder / LOCK).unlink()
        lock.release()
        with contextlib.suppress(OSError):  # only an empty folder can be removed
            for each in made:
                each.rmdir()


@contextmanager
def owned_below(held: Path, folder: Path) -> Iterator[None]:
    """Hold a folder within one that this process holds, or that one itself; see `owned`."""
    with nullcontext() if folder.resolve() == held.resolve() else owned(folder):
        yield


def _check_above(folder: Path) -> None:
    """Refuse a folder in one that another process holds.

    Raises:
        InputError: It names the folder that is held.
    """
    for above in folder.resolve().parents:
        if (os.getpid(), above) in _HELD or not (above / LOCK).is_file():
            continue
        lock = FileLock(above / LOCK)
        try:
            lock.acquire(timeout=WAIT, poll_interval=WAIT / 10)
        except Timeout as error:
            raise InputError(BUSY.format(folder=above)) from error
        except OSError:  # another user's: whoever holds it cannot be asked
            continue
        lock.release()


def sweep(folder: Path) -> None:
    """Remove files that a killed process did not finish, in the folder and two levels below; living ones' stay."""
    for above in ("", "*/", "*/*/"):
        pattern = f"{above}.*{storage.UNFINISHED}*"
        for path in Path(folder).glob(pattern):
            with contextlib.suppress(OSError):
                if storage.is_left_over(path):
                    path.unlink()


def names(folder: Path, patterns: Iterable[str]) -> list[str]:
    """Files of a folder that match any of the patterns, relative to it; hidden ones are not listed."""
    paths = {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}
    return sorted(path.relative_to(folder).as_posix() for path in paths if not path.name.startswith("."))


def write_manifest(folder: Path, names: Iterable[str], *, request: str = "") -> Path:
    """Write `manifest.json`, last of all: every file of a result with its SHA-256 and size in bytes.

    Args:
        folder: The result's folder.
        names: Its files, relative to it.
        request: Fingerprint of what was asked for, so that the same can be told from another.
    """
    files = {name: _entry(folder / name) for name in sorted(names)}
    return storage.write_json(folder / MANIFEST, {"schema": SCHEMA, "request": request, "files": files})


def refresh_manifest(folder: Path, names: Iterable[str]) -> None:
    """Take the present state of some files for theirs in a manifest, if there is one; all others keep their hashes."""
    if (folder / MANIFEST).is_file():
        manifest = read_manifest(folder)
        manifest["files"] |= {name: _entry(folder / name) for name in names}
        storage.write_json(folder / MANIFEST, manifest)


def read_manifest(folder: Path) -> dict[str, Any]:
    """A folder's manifest, checked for its form.

    Raises:
        ModelError: There is none, or it is malformed.
    """
    path = Path(folder) / MANIFEST
    manifest = storage.read_json(path)
    files = manifest.get("files") if isinstance(manifest, dict) and manifest.get("schema") == SCHEMA else None
    if not isinstance(files, dict) or not all(map(_is_entry, files.values())):
        raise ModelError(f"{path}: not a manifest that this version of gigs reads; make the result again")
    return manifest


def check_manifest(folder: Path) -> dict[str, Any]:
    """Compare every file with the manifest, which is returned.

    Raises:
        ModelError: No manifest, a file that is missing, changed or outside the folder; the message names it.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    for name, entry in manifest["files"].items():
        path = inside(folder, name)
        if not path.is_file():
            raise ModelError(f"{path}: missing; make the result again")
        if path.stat().st_size != entry["size"] or storage.sha256_of(path) != entry["sha256"]:
            raise ModelError(f"{path}: differs from {MANIFEST}; make the result again")
    return manifest


def is_complete(folder: Path, request: str) -> bool:
    """Whether a folder holds the whole and unchanged result of this very request."""
    try:
        return check_manifest(folder).get("request") == request
    except (GigsError, OSError):
        return False


def inside(folder: Path, name: str) -> Path:
    """The path of a file named in a description, which must not lead out of the folder.

    Raises:
        ModelError: It does: absolute, with `..`, control codes or a drive, or through a symbolic link.
    """
    relative = Path(name) if isinstance(name, str) and name.isprintable() and "\\" not in name else None
    if relative is None or relative.is_absolute() or relative.drive or ".." in relative.parts or not relative.parts:
        raise ModelError(f"{folder}: {name!r} names a file outside the folder")
    path = folder / relative
    homes = {folder.resolve()}
    if folder.resolve().parent.name == "snapshots":  # the Hub's cache keeps files in `blobs`, and links to them
        homes.add(folder.resolve().parent.parent / "blobs")
    if not homes & set(path.resolve().parents):
        raise ModelError(f"{folder}: {name!r} names a file outside the folder")
    return path


def _entry(path: Path) -> dict[str, Any]:
    return {"sha256": storage.sha256_of(path), "size": path.stat().st_size}


def _is_entry(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("sha256"), str) and type(entry.get("size")) is int
