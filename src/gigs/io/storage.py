"""Files that are either complete or absent: atomic writes, hashes, and safetensors with their settings."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import secrets
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
from numpy.lib.format import open_memmap
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from gigs.errors import DiskError, ModelError
from gigs.io.regular import require_file
from gigs.io.text import is_text

MAX_JSON = 64 << 20  # bytes: what is read whole must not be able to fill the memory
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# Unfinished files say in their names that they are, and whose: what a killed process left behind can be told from all
# else, and from what a living one is writing.
UNFINISHED = ".gigs-"
HOST = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]
STALE_SECONDS = 7 * 86400.0  # after which another computer's unfinished file has no writer any more
_SELF = secrets.token_hex(4)  # a process number comes back, in a container most of all


def cache_dir() -> Path:
    """Folder of what can be made or fetched again: `GIGS_CACHE`, or `~/.cache/gigs`."""
    return Path(os.environ.get("GIGS_CACHE") or "~/.cache/gigs").expanduser()


def write_atomic(path: Path, write: Callable[[Path], Any], *, keep_as: Path | None = None) -> Path:
    """Let `write` fill a temporary neighbour of `path`, sync it to disk, then rename it into place.

    A reader sees the old file or the new one, never half of it; on any failure the temporary file is removed and
    the old one is untouched.

    Args:
        path: File to write.
        write: Is given the temporary file's path, which has the same suffix.
        keep_as: Where the old file goes once the new one is complete; by default it is replaced.

    Raises:
        DiskError: The disk is full.
    """
    path = Path(path)
    with explaining_full_disk(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        # mkstemp, not NamedTemporaryFile: the file must survive its own closing. The suffix stays, writers look at it.
        prefix = f".{path.stem[:40]}{UNFINISHED}{HOST}-{os.getpid()}-{_SELF}-"
        descriptor, name = tempfile.mkstemp(prefix=prefix, suffix=path.suffix, dir=path.parent)
        os.close(descriptor)
        temporary = Path(name)
        try:
            write(temporary)
            with temporary.open("rb+") as handle:  # Windows syncs only what is open for writing
                os.fsync(handle.fileno())
            temporary.chmod(0o644)
            if keep_as is not None and path.is_file():
                path.replace(keep_as)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    _sync_folder(path.parent)
    return path


def is_left_over(path: Path) -> bool:
    """Whether an unfinished file has no writer any more: its process has ended; on another computer, it is a week old.

    Raises:
        OSError: The file is gone.
    """
    owner = re.match(r"([0-9a-f]{8})-(\d{1,9})-([0-9a-f]{8})-", path.name.rpartition(UNFINISHED)[2])
    if owner is None:
        return True
    host, process, token = owner.groups()
    if host != HOST or os.name != "posix":  # elsewhere, asking after a process may end it
        return time.time() - path.stat().st_mtime > STALE_SECONDS
    if int(process) == os.getpid():
        return token != _SELF
    return not _is_running(int(process))


def _is_running(process: int) -> bool:
    """Whether there is such a process, of whomever."""
    try:
        os.kill(process, 0)  # signal 0 only asks
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


@contextlib.contextmanager
def explaining_full_disk(path: Path) -> Iterator[None]:
    """Turn what writers raise where the disk is full into a `DiskError` that names the file."""
    try:
        yield
    except Exception as error:  # PyTorch and safetensors have kinds of their own for it
        if isinstance(error, DiskError) or not _is_full(error):
            raise
        raise DiskError(
            f"{path}: No space left on device; the old content is unchanged; free some space and try again"
        ) from error


def _is_full(error: BaseException | None) -> bool:
    """Whether the disk had no room; safetensors says so in words only, PyTorch only in what its error came from."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in FULL:
            return True
        if any(words in str(error) for words in ("No space left", "StorageFull", "File too large")):
            return True
        error = error.__cause__ or error.__context__
    return False


def _sync_folder(folder: Path) -> None:
    """Let a rename survive a power cut too, where the system can sync a folder."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_bytes(path: Path, content: bytes) -> Path:
    """Write bytes atomically."""
    return write_atomic(path, lambda temporary: temporary.write_bytes(content))


def write_text(path: Path, text: str) -> Path:
    """Write UTF-8 text atomically; half a character becomes `?`."""
    return write_bytes(path, text.encode("utf-8", "replace"))


def write_json(path: Path, content: Any) -> Path:
    """Write JSON atomically, readable by people; NaN and infinity are refused (they are not JSON)."""
    return write_bytes(path, json_bytes(content))


def json_bytes(content: Any) -> bytes:
    """What `write_json` writes; half a character, as of a file name that is no text, becomes `?`."""
    return (json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode("utf-8", "replace")


def read_json(path: Path) -> Any:
    """Read JSON; a missing, malformed or overlong file (above 64 MB) is a `ModelError` that names it.

    It is read strictly: no NaN, no infinity, no number above what a float holds, no half of a character. What was read
    can therefore be written again.
    """
    try:
        with require_file(Path(path), ModelError).open("rb") as handle:
            content = handle.read(MAX_JSON + 1)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ModelError(f"{path}: no such file") from error
    if len(content) > MAX_JSON:
        raise ModelError(f"{path}: too large for a description (at most {MAX_JSON >> 20} MB)")
    try:
        return msgspec.json.decode(content)
    except (ValueError, RecursionError) as error:  # bytes that are no text, no JSON, numbers or nesting without end
        raise ModelError(f"{path}: not valid JSON ({error})") from error


def packed_array(path: Path, dtype: Any, shape: tuple[int, ...]) -> np.memmap:
    """A new memory-mapped `.npy` file whose room on the disk is reserved: a write into a hole would kill the process.

    Raises:
        OSError: The disk is full.
    """
    array = open_memmap(path, mode="w+", dtype=dtype, shape=shape)
    if hasattr(os, "posix_fallocate") and array.nbytes:
        with Path(path).open("rb+") as handle:
            os.posix_fallocate(handle.fileno(), 0, array.offset + array.nbytes)
    return array


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as handle:
        while piece := handle.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def save_tensors(path: Path, tensors: dict[str, torch.Tensor], settings: dict[str, Any]) -> Path:
    """Save tensors as safetensors with `settings` (JSON) in the header, so that a file says what it is."""
    ready = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    metadata = {"gigs": json.dumps(settings, sort_keys=True)}
    return write_atomic(path, lambda temporary: save_file(ready, temporary, metadata=metadata))


def load_tensors(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Load what `save_tensors` wrote.

    Returns:
        The tensors by name, and the settings.

    Raises:
        ModelError: The file is missing, damaged or not written by gigs, or a number in it is not finite.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(f"{path}: no such file")
    if not is_text(os.fsencode(path).decode("utf-8", "surrogateescape")):
        raise ModelError(f"{path}: safetensors opens only paths that are UTF-8; rename the file or its folder")
    try:
        with safe_open(path, framework="pt") as handle:
            metadata = handle.metadata() or {}
            tensors = {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118 - not a dict
        settings = json.loads(metadata["gigs"])
    except KeyError as error:
        raise ModelError(f"{path}: a safetensors file without gigs settings in its header") from error
    except (SafetensorError, ValueError, RecursionError, OSError) as error:
        raise ModelError(f"{path}: damaged or not a safetensors file ({error})") from error
    if not isinstance(settings, dict) or not isinstance(settings.get("about", {}), dict):
        raise ModelError(f"{path}: damaged: its gigs settings are not a table of names and values")
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor.float()).all():
            raise ModelError(f"{path}: damaged: {name} holds numbers that are not finite")
    return tensors, settings
