"""The place of a run's files: a local folder, or any store that fsspec knows. Files are complete or absent."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gigs.errors import InputError, ModelError
from gigs.io import folders, storage

# These publish an object when all of it has arrived. Elsewhere a file is written under another name, then renamed.
WHOLE = {"memory", "s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oss", "oci", "r2"}


@dataclass(frozen=True)
class Store:
    """A folder; `files` is its file system (fsspec), `root` its path there, `url` what the user wrote."""

    files: Any
    root: str
    url: str

    @classmethod
    def open(cls, url: str) -> Store:
        """The store of a path or URL; nothing is made yet.

        Raises:
            InputError: No such kind of URL, or what it needs is not installed.
        """
        import fsspec

        try:
            files, root = fsspec.core.url_to_fs(url)
        except Exception as error:  # each kind of store raises its own
            raise InputError(f"{url}: cannot be opened ({error})") from error
        return cls(files, root.rstrip("/"), url)

    @property
    def local(self) -> Path | None:
        """The folder, where it is one of this machine's."""
        return Path(self.root) if "file" in _protocols(self.files) else None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold a local folder as its only writer; other stores have no lock.

        Raises:
            InputError: Another process holds it.
        """
        with nullcontext() if self.local is None else folders.owned(self.local):
            yield

    def names(self, folder: str = "") -> list[str]:
        """Names of the files in a folder of the store, sorted; hidden and unfinished ones are left out."""
        path = f"{self.root}/{folder}".rstrip("/")
        self.files.invalidate_cache()
        if not self.files.isdir(path):
            return []
        found = (one["name"].rsplit("/", 1)[-1] for one in self.files.ls(path, detail=True) if one["type"] == "file")
        return sorted(name for name in found if not name.startswith("."))

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return bool(self.files.isfile(f"{self.root}/{name}"))

    def read(self, name: str) -> bytes:
        """A file's content.

        Raises:
            ModelError: There is none.
        """
        try:
            return bytes(self.files.cat_file(f"{self.root}/{name}"))
        except FileNotFoundError as error:
            raise ModelError(f"{self.url}/{name}: no such file") from error

    @contextmanager
    def reading(self, name: str) -> Iterator[Any]:
        """A file, open to be read in places.

        Raises:
            ModelError: There is none.
        """
        if not self.has(name):
            raise ModelError(f"{self.url}/{name}: no such file")
        with self.files.open(f"{self.root}/{name}", "rb") as handle:
            yield handle

    def write(self, name: str, content: bytes) -> None:
        """Write a file; another of that name is replaced."""
        if self.local is not None:
            storage.write_bytes(self.local / name, content)
            return
        path = f"{self.root}/{name}"
        self.files.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
        if WHOLE & set(_protocols(self.files)):
            self.files.pipe_file(path, content)
        else:
            folder, _, plain = path.rpartition("/")
            unfinished = f"{folder}/.{plain}{storage.UNFINISHED}{secrets.token_hex(4)}"
            self.files.pipe_file(unfinished, content)
            self.files.mv(unfinished, path)

    def write_large(self, name: str, write: Callable[[Path], Any]) -> None:
        """Write a file that does not fit the memory: `write` fills a local one, which is then put in place."""
        if self.local is not None:
            storage.write_atomic(self.local / name, write)
            return
        with tempfile.TemporaryDirectory(prefix="gigs-farm-") as folder:
            write(path := Path(folder) / "file")
            with path.open("rb") as handle, self.files.open(f"{self.root}/{name}", "wb") as target:
                while piece := handle.read(16 << 20):
                    target.write(piece)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        if self.has(name):
            self.files.rm_file(f"{self.root}/{name}")


def _protocols(files: Any) -> tuple[str, ...]:
    return (files.protocol,) if isinstance(files.protocol, str) else tuple(files.protocol)
