"""Pickles that run nothing and cannot exhaust the memory: restricted names, and a walk over the opcodes before them.

A pickle is a program for a machine with a stack and a memo. One byte pushes a list of 56 bytes, one index reserves a
memo of as many entries; a zip makes both a thousand times smaller still. What writers of data make keeps within the
bounds below, whatever its size.
"""

from __future__ import annotations

import io
import pickle
import pickletools
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from gigs.errors import ModelError

MAX_STACK = 1 << 17  # values at once; writers put a thousand members of a list there, and all of a tuple
MAX_CONTAINERS = 1 << 20  # lists, dicts and sets in all
MAX_OPCODES = 64 << 20  # bytes of the pickle within a PyTorch file, whose numbers lie beside it
ZIP = b"PK\x03\x04"  # how files of PyTorch 1.6 and later begin
LEGACY_PICKLES = 5  # magic number, protocol, system, object, keys of the storages
CONTAINERS = frozenset(("EMPTY_LIST", "EMPTY_DICT", "EMPTY_SET", "LIST", "DICT", "FROZENSET"))
MEMO = frozenset(("PUT", "BINPUT", "LONG_BINPUT"))
# What the unpickler, and the walk, raise on bytes that are no sensible pickle.
MALFORMED = (AttributeError, ValueError, IndexError, KeyError, TypeError, OverflowError)


class RestrictedUnpickler(pickle.Unpickler):
    """Unpickler that resolves only the globals in `allowed`; anything else is refused before it can run.

    The stream is walked first (`check_pickle`), so it must be one that can be wound back; `walked` says that it was.
    """

    def __init__(
        self, stream: IO[bytes], allowed: Iterable[tuple[str, str]], *, walked: bool = False, **options: Any
    ) -> None:
        if not walked:
            check_pickle(stream)
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
        ModelError: The pickle names another global, is malformed, or would take memory beyond all proportion.
    """
    try:
        return RestrictedUnpickler(io.BytesIO(content), allowed).load()
    except (pickle.UnpicklingError, EOFError, MemoryError, *MALFORMED) as error:
        raise ModelError(f"malformed pickle ({error})") from error


def check_pickle(stream: IO[bytes], *, pickles: int = 1) -> None:
    """Walk over pickles from the stream's place on, and return to it.

    Args:
        stream: Of the file.
        pickles: How many follow one another.

    Raises:
        ValueError: An opcode takes what is not there, or the bounds above are broken; or bytes are no pickle.
    """
    start, walk = stream.tell(), _Walk()
    try:
        for _ in range(pickles):
            walk.begin()
            for opcode, argument, _ in pickletools.genops(stream):
                walk.follow(opcode, argument)
    finally:
        stream.seek(start)


class _Walk:
    """How many values are on the unpickler's stack, where its marks are, and what was made so far."""

    def __init__(self) -> None:
        self._left = MAX_CONTAINERS
        self.begin()

    def begin(self) -> None:
        """A further pickle, with an empty stack and memo."""
        self._depth, self._steps, self._marks = 0, 0, [0]

    def follow(self, opcode: pickletools.OpcodeInfo, argument: object) -> None:
        """Take one opcode."""
        name, before = opcode.name, opcode.stack_before
        if name in MEMO and int(argument or 0) > self._steps:  # type: ignore[call-overload]
            raise ValueError(f"memo index {argument} after {self._steps} steps")
        self._steps += 1
        if pickletools.markobject in before:
            if len(self._marks) < 2:
                raise ValueError(f"{name} without a mark")
            # Up to the mark, the mark, and what the opcode takes from below it.
            self._depth = self._marks.pop() - before.index(pickletools.markobject)
        elif name == "POP" and len(self._marks) > 1 and self._depth == self._marks[-1]:
            self._marks.pop()
        else:
            self._depth -= len(before)
        if self._depth < self._marks[-1]:
            raise ValueError(f"{name} takes what is not there")
        if name == "MARK":
            self._marks.append(self._depth)
        else:
            self._depth += len(opcode.stack_after)
        self._left -= name in CONTAINERS
        if self._depth + len(self._marks) > MAX_STACK or self._left < 0:
            raise ValueError("more values at once, or more lists, than any writer of data makes")


def check_torch_file(source: Path | IO[bytes]) -> None:
    """The same for a file of PyTorch, of either of its formats, before `torch.load` reads it.

    Raises:
        ValueError: As `check_pickle`; or the pickle in the file is too large.
        OSError: The file cannot be read.
    """
    if isinstance(source, Path):
        with source.open("rb") as handle:
            check_torch_file(handle)
        return
    start = source.tell()
    is_zip = source.read(len(ZIP)) == ZIP
    source.seek(start)
    try:
        if is_zip:
            _check_zip(source)
        else:
            check_pickle(source, pickles=LEGACY_PICKLES)
    finally:
        source.seek(start)


def _check_zip(source: IO[bytes]) -> None:
    """The pickles within a zip, also those that were packed small; tensors beside them are stored as they are."""
    try:
        with zipfile.ZipFile(source) as archive:
            for entry in archive.infolist():
                if entry.compress_type != zipfile.ZIP_STORED:
                    raise ValueError(f"{entry.filename[:80]!r} in it is compressed, which PyTorch does not do")
                if not entry.filename.endswith(".pkl"):
                    continue
                if entry.file_size > MAX_OPCODES:
                    raise ValueError(f"a pickle of {entry.file_size >> 20:,} MB in it")
                check_pickle(io.BytesIO(archive.read(entry)))
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise ValueError(f"a damaged zip: {error}") from error
