"""Files that can be read to their end: a pipe or a device is named, not waited for."""

from __future__ import annotations

from pathlib import Path

from gigs.errors import GigsError, InputError


def require_file(path: Path, kind: type[GigsError] = InputError) -> Path:
    """Refuse what is there and is no ordinary file; a missing one is left to whoever opens it.

    Raises:
        GigsError: Of that kind; it names the path.
    """
    if path.exists() and not path.is_file():
        what = "a folder" if path.is_dir() else "a pipe, a device or a socket"
        raise kind(f"{path}: cannot be read: it is {what}, not an ordinary file")
    return path
