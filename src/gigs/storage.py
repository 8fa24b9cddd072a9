"""Files that are either whole or absent: atomic writes, hashes, safetensors with their settings, safe unpickling."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from gigs.errors import ModelError

# What the unpickler raises on bytes that are no sensible pickle.
MALFORMED = (AttributeError, ValueError, IndexError, KeyError, TypeError, OverflowError)


def cache_dir() -> Path:
    """Folder of what can be made or fetched again: `GIGS_CACHE`, or `~/.cache/gigs`."""
    return Path(os.environ.get("GIGS_CACHE") or "~/.cache/gigs").expanduser()


def write_atomic(path: Path, write: Callable[[Path], None]) -> Path:
    """Let `write` fill a temporary neighbour of `path`, sync it to disk, then rename it into place.

    A reader sees the old file or the new one, never half of it; on any failure the temporary file is removed and
    the old one is untouched.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp, not NamedTemporaryFile: the file must survive its own closing. The suffix stays, writers look at it.
    descriptor, name = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=path.suffix, dir=path.parent)
    os.close(descriptor)
    temporary = Path(name)
    try:
        write(temporary)
        with temporary.open("rb+") as handle:  # Windows syncs only what is open for writing
            os.fsync(handle.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return path


def write_bytes(path: Path, content: bytes) -> Path:
    """Write bytes atomically."""
    return write_atomic(path, lambda temporary: _discard(temporary.write_bytes(content)))


def write_text(path: Path, text: str) -> Path:
    """Write UTF-8 text atomically."""
    return write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, content: Any) -> Path:
    """Write JSON atomically, readable by people; NaN and infinity are refused (they are not JSON)."""
    return write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read JSON; a missing or malformed file is a `ModelError` that names it."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"{path}: no such file") from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelError(f"{path}: not valid JSON ({error})") from error


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
        ModelError: The file is missing, damaged or not written by gigs.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(f"{path}: no such file")
    try:
        with safe_open(path, framework="pt") as handle:
            metadata = handle.metadata() or {}
            tensors = {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118 - not a dict
        return tensors, json.loads(metadata["gigs"])
    except (SafetensorError, json.JSONDecodeError, OSError) as error:
        raise ModelError(f"{path}: damaged or not a safetensors file ({error})") from error
    except KeyError as error:
        raise ModelError(f"{path}: a safetensors file without gigs settings in its header") from error


class RestrictedUnpickler(pickle.Unpickler):
    """Unpickler that resolves only the globals in `allowed`; anything else is refused before it can run."""

    def __init__(self, stream: IO[bytes], allowed: Iterable[tuple[str, str]], **options: Any) -> None:
        super().__init__(stream, **options)
        self._allowed = frozenset(allowed)

    def find_class(self, module: str, name: str) -> Any:
        """Resolve a global named in the pickle, if it is on the list."""
        if (module, name) not in self._allowed:
            raise ModelError(f"refused to unpickle {module}.{name}: not on the list of harmless types")
        return super().find_class(module, name)


def unpickle_restricted(content: bytes, allowed: Iterable[tuple[str, str]]) -> Any:
    """Unpickle `content`, resolving only `allowed` (module, name) pairs.

    Raises:
        ModelError: The pickle names another global, or is malformed.
    """
    try:
        return RestrictedUnpickler(io.BytesIO(content), allowed).load()
    except (pickle.UnpicklingError, EOFError, MemoryError, *MALFORMED) as error:
        raise ModelError(f"malformed pickle ({error})") from error


def _discard(_: object) -> None:
    """Turn an expression into a statement (for lambdas that must return None)."""
