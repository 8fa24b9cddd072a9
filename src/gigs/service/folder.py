"""A server's temporary folder, which holds people's photos: it goes with the server, however that ends.

While a server lives it holds a lock in its folder. A folder whose lock is free was left by one that was killed, and the
next server of its kind removes it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from filelock import FileLock, Timeout

LOCK = ".lock"


class PrivateFolder:
    """A new temporary folder, held until `remove`; folders that killed servers left are removed first.

    Args:
        prefix: Of its name, such as `gigs-studio-`: which kind of server it belongs to.
    """

    def __init__(self, prefix: str) -> None:
        sweep_left(prefix)
        self.path = Path(tempfile.mkdtemp(prefix=prefix)).resolve()
        self._lock = FileLock(self.path / LOCK, thread_local=False)  # whoever ends the server lets go of it
        self._lock.acquire(timeout=0)

    def remove(self) -> None:
        """Remove it and everything in it."""
        self._lock.release()
        shutil.rmtree(self.path, ignore_errors=True)


def sweep_left(prefix: str) -> None:
    """Remove this user's folders of such names that no living server holds."""
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
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


def bytes_in(folder: Path) -> int:
    """Bytes of all files in a folder and below it."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += 0 if path.is_dir() else path.lstat().st_size
        except OSError:  # gone meanwhile
            continue
    return total


def _is_own(folder: Path) -> bool:
    return not hasattr(os, "getuid") or folder.lstat().st_uid == os.getuid()
