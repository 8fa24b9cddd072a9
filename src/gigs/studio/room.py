"""How much the studio may keep on the disk: uploads are let in as far as there is room, and the oldest give way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from gigs.studio.limits import Limits

FRESH_SECONDS = 60.0  # an upload that young is about to be used


class Room:
    """The folder of uploads, with a bound on bytes and files; what a visit has taken is linked, and is not lost.

    Args:
        folder: Where Gradio puts uploads.
        limits: Of bytes and files.
    """

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder, self._limits = folder, limits
        self._lock = threading.Lock()
        self._coming = 0
        self._counted: tuple[int, int] | None = None  # bytes and files at most, what was let in since included
        self.kept: frozenset[Path] = frozenset()  # of the page itself: never removed, never counted

    def admit(self, size: int) -> Callable[[], None] | None:
        """Let an upload of that many bytes in, if need be in the place of older ones; None where there is no room.

        Returns:
            What to call once it has arrived, or not.
        """
        with self._lock:
            if self._counted is None or not self._fits(*self._counted, size):
                self._counted = self._make_room(size)
            if not self._fits(*self._counted, size):
                return None
            self._counted = self._counted[0] + size, self._counted[1] + 1
            self._coming += size
        return lambda: self._arrived(size)

    def _fits(self, stored: int, files: int, size: int) -> bool:
        return stored + size <= self._limits.upload_bytes and files < self._limits.uploads

    def _make_room(self, size: int) -> tuple[int, int]:
        """Remove uploads, oldest first, until so many bytes fit or only fresh ones are left; bytes and files then."""
        found = sorted(self._stored())
        stored, files = self._coming + sum(each for _, each, _ in found), len(found)
        for at, each, path in found:
            if self._fits(stored, files, size) or time.time() - at < FRESH_SECONDS:
                break
            path.unlink(missing_ok=True)
            stored, files = stored - each, files - 1
        return stored, files

    def _arrived(self, size: int) -> None:
        with self._lock:
            self._coming -= size

    def _stored(self) -> list[tuple[float, int, Path]]:
        """When each upload came, its bytes, and its file."""
        found = []
        for path in self._folder.rglob("*"):
            if path in self.kept:
                continue
            try:
                about = path.lstat()
            except OSError:  # gone meanwhile
                continue
            if not path.is_dir():
                found.append((about.st_mtime, about.st_size, path))
        return found
