"""Reads pickled object arrays in an `.npy` file without running anything and without loading pictures.

Python 2 wrote them with protocol 2. If Python 3 saved them again, the protocol may be any from 2 to 5.

A pickle is a program, so it is read in two passes. The first walks its opcodes (`pickletools`), allows only those that
plain data needs, and limits what could exhaust memory or the stack. It writes a reduced pickle, in which each long
string is replaced by its place in the file. The second pass gives this to the restricted unpickler, with harmless
stand-ins for the few names that NumPy's arrays need. Pictures among the records therefore take no memory.
"""

from __future__ import annotations

import io
import pickle
import pickletools
import struct
import tempfile
import tokenize
from pathlib import Path
from typing import IO, Any

import numpy as np

from gigs.data.importers.pickle_opcodes import ALLOWED, LONG_STRINGS, Depths
from gigs.data.importers.pickle_stand_ins import STAND_INS, PlainArray, Span
from gigs.errors import DataError, ModelError
from gigs.io.pickles import MALFORMED, RestrictedUnpickler
from gigs.io.regular import require_file
from gigs.progress import OnStep, Step, silent
from gigs.vision.opening import MAX_BYTES

MAX_HEADER = 10_000  # bytes; NumPy's own limit for headers that it does not trust
MAX_LINE = 1024
KEPT = 1024  # bytes: longer strings stay in the file
SHOWN_EVERY = 65_536  # opcodes
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def read_object_array(path: str | Path, parts: int, on_step: OnStep = silent) -> list[Any]:
    """Read an `.npy` file of one pickled object array.

    Args:
        path: The file. It must not change while a `Span` of it is in use.
        parts: Number of objects that the array must hold.
        on_step: Progress, in MB of the file.

    Returns:
        The objects. Byte strings are `bytes`, strings above 1 KB are `Span`s, and arrays are `PlainArray`s.

    Raises:
        DataError: The array is missing or damaged, or holds anything but plain data. Nothing in it is ever run.
    """
    try:
        with (
            require_file(Path(path), DataError).open("rb") as handle,
            tempfile.SpooledTemporaryFile(max_size=64 << 20) as reduced,
        ):
            _reduce(_Bounded(handle, _skip_header(handle, parts)), reduced, on_step)
            reduced.seek(0)
            content = _SpanUnpickler(reduced).load()
    except (DataError, ModelError) as error:
        raise DataError(f"{path}: {error}") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error
    except (*MALFORMED, EOFError, MemoryError, RecursionError, struct.error, pickle.UnpicklingError) as error:
        raise DataError(f"{path}: damaged ({_line(error)}); download it again") from error
    if not isinstance(content, PlainArray) or content.shape != (parts,) or not isinstance(content.values, list):
        raise DataError(f"{path}: does not hold an array of {parts} objects; is this the right file?")
    return content.values


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _skip_header(handle: IO[bytes], parts: int) -> int:
    """Check the array's header and return where the pickle starts."""
    head = io.BytesIO(handle.read(MAX_HEADER))  # a header that claims to be longer meets its end here
    try:
        version = np.lib.format.read_magic(head)
        if version not in HEADERS:
            raise ValueError(f"version {version}")
        shape, _, dtype = HEADERS[version](head, max_header_size=MAX_HEADER)
    except (ValueError, SyntaxError, tokenize.TokenError, RecursionError, MemoryError) as error:
        raise DataError(f"not an .npy file of the published kind ({_line(error)})") from error
    if dtype.kind != "O" or shape != (parts,):
        raise DataError(f"an array of {dtype} {shape}, not of {parts} objects; is this the right file?")
    return head.tell()


class _Bounded:
    """The file from `start` on, for `pickletools`; refuses lengths beyond the file's end or a photo's size."""

    def __init__(self, handle: IO[bytes], start: int) -> None:
        self.size = handle.seek(0, io.SEEK_END)
        self.place = handle.seek(start)
        self.taken: list[bytes] = []  # what was read since the last opcode
        self._handle = handle

    def read(self, count: int) -> bytes:
        """`count` bytes."""
        if not 0 <= count <= self.size - self.place:
            raise DataError("the file ends too early; download it again")
        if count > MAX_BYTES:
            raise DataError(f"refused: a string of {count >> 20:,} MB at byte {self.place:,}")
        return self._keep(self._handle.read(count))

    def readline(self) -> bytes:
        """One line, or the first KB of one that is longer."""
        return self._keep(self._handle.readline(MAX_LINE))

    def tell(self) -> int:
        """Place in the file."""
        return self.place

    def _keep(self, content: bytes) -> bytes:
        self.place += len(content)
        self.taken.append(content)
        return content


def _reduce(source: _Bounded, target: IO[bytes], on_step: OnStep) -> None:
    """Copy a pickle opcode by opcode; check each, and replace long strings by their places."""
    depths = Depths()
    for number, (opcode, argument, _) in enumerate(pickletools.genops(source)):  # type: ignore[arg-type]
        name, raw = opcode.name, b"".join(source.taken)
        place = source.place - len(raw)
        source.taken.clear()
        if number % SHOWN_EVERY == 0:
            on_step(Step("MB read", source.place >> 20, source.size >> 20))
        if name not in ALLOWED:
            raise DataError(f"refused: pickle opcode {name} at byte {place:,}, which plain data does not need")
        if name == "GLOBAL" and tuple(str(argument).split(" ", 1)) not in STAND_INS:
            raise DataError(f"refused to unpickle {str(argument)[:80]!r}: not on the list of harmless types")
        depths.follow(name, argument)
        if name in LONG_STRINGS and len(raw) > KEPT:
            before = 1 + LONG_STRINGS[name]  # the opcode, then the length
            raw = _by_place(Span(place + before, len(raw) - before))
        if name != "FRAME":  # frames tell sizes that are no longer true
            target.write(raw)
    on_step(Step("MB read", source.size >> 20, source.size >> 20))


def _by_place(span: Span) -> bytes:
    """Opcodes that push the result of `persistent_load` for (offset, length)."""
    return b"".join(b"\x8a\x08" + struct.pack("<q", number) for number in span[:2]) + b"\x86Q"


class _SpanUnpickler(RestrictedUnpickler):
    """The restricted unpickler with stand-ins for NumPy's names; a persistent id is a string left in the file."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(stream, STAND_INS, walked=True, encoding="bytes")

    def find_class(self, module: str, name: str) -> Any:
        """Return the stand-in, if the name is on the list."""
        if (module, name) in STAND_INS:
            return STAND_INS[module, name]
        return super().find_class(module, name)  # refuses

    def persistent_load(self, place: tuple[int, int]) -> Span:
        """Return a string that was left in the file. Only `_reduce` writes such ids."""
        return Span(*place)
