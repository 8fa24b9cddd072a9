"""Stand-ins for NumPy's names in a pickle: records that hold and check values, and call nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from gigs.errors import ModelError

BUILTINS = ("__builtin__", "builtins")  # as Python 2 and 3 call them
CODE = re.compile(r"[|<>=]?[bBhHiIlLqQfdgO?SU]\d{0,4}")


class Span(NamedTuple):
    """A string that was left in the file: `length` bytes from `offset`.

    `recoded`: Python 3 wrote a byte string with Python 2's protocol, as one character per byte. The file then holds
    these characters in UTF-8.
    """

    offset: int
    length: int
    recoded: bool = False

    def bytes_of(self, content: bytes) -> bytes:
        """The string, from the bytes in the file.

        Raises:
            ValueError: The bytes are not such text.
        """
        return content.decode("utf-8").encode("latin1") if self.recoded else content


class PlainType:
    """A data type: NumPy's short name for it, without fields or sub-arrays."""

    def __init__(self, code: bytes | str, align: int = 0, copy: int = 0) -> None:
        text = code.decode("ascii") if isinstance(code, bytes) else code
        if not isinstance(text, str) or not CODE.fullmatch(text):
            raise ValueError(f"data type {text!r:.40}")
        self.dtype = np.dtype("O" if "O" in text else text)  # "O4" and "O8" are one thing

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """Set the byte order; a type with parts is refused."""
        order = state[1].decode("ascii") if isinstance(state[1], bytes) else state[1]
        if any(part is not None for part in state[2:5]) or order not in ("|", "<", ">", "="):
            raise ValueError("a data type of several parts")
        self.dtype = np.dtype(f"{order}{self.dtype.str[1:]}")


class PlainArray:
    """An array: its `shape`, and `values`, a list of objects or a NumPy array of numbers.

    Large arrays of numbers stay in the file, as a `Span`.
    """

    def __init__(self) -> None:
        self.shape: tuple[int, ...] = (0,)
        self.values: list[Any] | np.ndarray | Span = []

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """Set version, shape, type, order (Fortran's or C's) and content, which must agree."""
        _, shape, kind, fortran, content = state
        if not isinstance(kind, PlainType) or not all(type(side) is int and side >= 0 for side in shape):
            raise ValueError("an array of no sensible shape or type")
        if kind.dtype.kind == "O":
            if not isinstance(content, list) or len(content) != math.prod(shape):
                raise ValueError("an array of objects without its objects")
            self.values = content
        else:
            self.values = _numbers(content, kind, shape, "F" if fortran else "C")
        self.shape = tuple(shape)


def _numbers(content: object, kind: PlainType, shape: tuple[int, ...], order: str) -> np.ndarray | Span:
    """Numbers of a given shape from their bytes. Numbers that were left in the file stay there."""
    if isinstance(content, Span):
        if not content.recoded and content.length != math.prod(shape) * kind.dtype.itemsize:
            raise ValueError("an array of numbers with more or fewer bytes")
        return content
    if not isinstance(content, bytes | bytearray):
        raise ValueError("an array of numbers without its bytes")
    values = np.frombuffer(bytes(content), kind.dtype)
    return values.reshape(shape, order="F") if order == "F" else values.reshape(shape)


def _from_buffer(content: object, kind: object, shape: object, order: object) -> PlainArray:
    """An array of numbers, as protocol 5 writes it."""
    sides = shape if isinstance(shape, tuple) else (shape,)
    if not isinstance(kind, PlainType) or kind.dtype.kind == "O" or order not in ("C", "F", b"C", b"F"):
        raise ValueError("an array of no sensible type or order")
    if not all(type(side) is int and side >= 0 for side in sides):
        raise ValueError("an array of no sensible shape")
    made = PlainArray()
    made.values, made.shape = _numbers(content, kind, sides, "F" if order in ("F", b"F") else "C"), sides
    return made


def _byte_string(text: object, codec: object) -> bytes | Span:
    """Read a byte string as Python 3 writes it for Python 2's protocol: `_codecs.encode(text, "latin1")` only.

    Raises:
        ModelError: Another codec is named. Some codecs decompress, and may fill the memory.
    """
    if codec != "latin1" or not isinstance(text, str | Span):
        raise ModelError(f"refused: a codec {codec!r:.40}, which byte strings do not need")
    return text._replace(recoded=True) if isinstance(text, Span) else text.encode("latin1")


def _no_bytes(*arguments: object) -> bytes:
    """The empty byte string, which Python 3 writes for Python 2's protocol as `bytes()`."""
    if arguments:
        raise ValueError("bytes of something")
    return b""


def _reconstruct(kind: object, shape: object, code: object) -> PlainArray:
    """An empty array, filled in later."""
    return PlainArray()


def _scalar(kind: PlainType, content: bytes) -> Any:
    """One number."""
    if not isinstance(kind, PlainType) or kind.dtype.kind == "O" or not isinstance(content, bytes):
        raise ValueError("a number of no sensible type")
    return np.frombuffer(content, kind.dtype, count=1)[0].item()


def _mapping(*arguments: Any) -> dict[Any, Any]:
    """A plain dict for the dicts of `collections`. Only pairs are read; a factory is ignored."""
    pairs = arguments[-1] if arguments and isinstance(arguments[-1], list) else []
    return {key: value for key, value in pairs}  # noqa: C416 - each pair is checked to be one


def _listed(values: list[Any] | tuple[Any, ...] = ()) -> list[Any]:
    """A list for a set."""
    return list(values)


class Name:
    """A callable that a pickle may call but not inspect or change."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def __call__(self, *arguments: Any) -> Any:
        """Call what the name stands for."""
        return self._call(*arguments)

    def __setstate__(self, state: object) -> None:
        raise ValueError("a name is no object to be filled in")


# The modules' names changed with numpy 2.
STAND_INS: dict[tuple[str, str], Any] = {
    **{(f"numpy.{core}.multiarray", "_reconstruct"): Name(_reconstruct) for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): Name(_scalar) for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): Name(_from_buffer) for core in ("core", "_core")},
    ("_codecs", "encode"): Name(_byte_string),
    **{(module, "bytes"): Name(_no_bytes) for module in BUILTINS},
    ("numpy", "ndarray"): None,  # only ever an argument
    ("numpy", "dtype"): Name(PlainType),
    # Containers beyond dict and list, in case a data set was put together with them.
    ("collections", "defaultdict"): Name(_mapping),
    ("collections", "OrderedDict"): Name(_mapping),
    **{(module, "set"): Name(_listed) for module in BUILTINS},
    **{(module, factory): None for module in BUILTINS for factory in ("list", "dict", "int")},
}
