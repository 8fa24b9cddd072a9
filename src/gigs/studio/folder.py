"""The studio's temporary folder, which holds visitors' photos: it goes with the studio, however that ends.

While a studio lives it holds a lock in its folder. A folder whose lock is free was left by one that was killed, and the
next studio removes it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from filelock import FileLock, Timeout

PREFIX, LOCK = "gigs-studio-", ".lock"


class StudioFolder:
    """A new temporary folder, held until `remove`; folders that killed studios left are removed first."""

    def __init__(self) -> None:
        sweep_studios()
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
        self._lock = FileLock(self.path / LOCK)
        self._lock.acquire(timeout=0)

    def remove(self) -> None:
        """Remove it and everything in it."""
        self._lock.release()
        shutil.rmtree(self.path, ignore_errors=True)


def sweep_studios() -> None:
    """Remove this user's studio folders that no living studio holds."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.is_symlink() or not (folder / LOCK).is_file() or not _is_own(folder):
                continue
            lock = FileLock(folder / LOCK)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            lock.release()
            shutil.rmtree(folder, ignore_errors=True)


def _is_own(folder: Path) -> bool:
    return not hasattr(os, "getuid") or folder.lstat().st_uid == os.getuid()
