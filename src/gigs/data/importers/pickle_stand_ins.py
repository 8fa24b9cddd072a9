"""What NumPy's names in a pickle are given instead: records that hold values and check them, and call nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

BUILTINS = ("__builtin__", "builtins")  # as Python 2 and 3 call them
CODE = re.compile(r"[|<>=]?[bBhHiIlLqQfdgO?SU]\d{0,4}")


class PlainType:
    """A data type: NumPy's short name for it, without fields or sub-arrays."""

    def __init__(self, code: bytes | str, align: int = 0, copy: int = 0) -> None:
        text = code.decode("ascii") if isinstance(code, bytes) else code
        if not isinstance(text, str) or not CODE.fullmatch(text):
            raise ValueError(f"data type {text!r:.40}")
        self.dtype = np.dtype("O" if "O" in text else text)  # "O4" and "O8" are one thing

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """Take the byte order; a type with parts is refused."""
        order = state[1].decode("ascii") if isinstance(state[1], bytes) else state[1]
        if any(part is not None for part in state[2:5]) or order not in ("|", "<", ">", "="):
            raise ValueError("a data type of several parts")
        self.dtype = np.dtype(f"{order}{self.dtype.str[1:]}")


class PlainArray:
    """An array: `shape`, and as `values` its objects in a list, or its numbers as a NumPy array of that shape."""

    def __init__(self) -> None:
        self.shape: tuple[int, ...] = (0,)
        self.values: list[Any] | np.ndarray = []

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """Take version, shape, type, order (Fortran's or C's) and content, which must agree."""
        _, shape, kind, fortran, content = state
        if not isinstance(kind, PlainType) or not all(type(side) is int and side >= 0 for side in shape):
            raise ValueError("an array of no sensible shape or type")
        if kind.dtype.kind == "O":
            if not isinstance(content, list) or len(content) != math.prod(shape):
                raise ValueError("an array of objects without its objects")
            self.values = content
        else:
            if not isinstance(content, bytes):
                raise ValueError("an array of numbers without its bytes")
            self.values = np.frombuffer(content, kind.dtype).reshape(shape, order="F" if fortran else "C")
        self.shape = tuple(shape)


def _reconstruct(kind: object, shape: object, code: object) -> PlainArray:
    """An empty array, filled in later."""
    return PlainArray()


def _scalar(kind: PlainType, content: bytes) -> Any:
    """One number."""
    if not isinstance(kind, PlainType) or kind.dtype.kind == "O" or not isinstance(content, bytes):
        raise ValueError("a number of no sensible type")
    return np.frombuffer(content, kind.dtype, count=1)[0].item()


def _mapping(*arguments: Any) -> dict[Any, Any]:
    """A plain dict for the dicts of `collections`; only pairs are taken in, a factory is not."""
    pairs = arguments[-1] if arguments and isinstance(arguments[-1], list) else []
    return {key: value for key, value in pairs}  # noqa: C416 - each pair is checked to be one


def _listed(values: list[Any] | tuple[Any, ...] = ()) -> list[Any]:
    """A list for a set."""
    return list(values)


class Name:
    """A callable that a pickle may call, but neither look into nor change."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def __call__(self, *arguments: Any) -> Any:
        """What the name stands for."""
        return self._call(*arguments)

    def __setstate__(self, state: object) -> None:
        raise ValueError("a name is no object to be filled in")


# The module's name changed with numpy 2. Python 2 has no use for `_codecs.encode`: it had byte strings.
STAND_INS: dict[tuple[str, str], Any] = {
    **{(f"numpy.{core}.multiarray", "_reconstruct"): Name(_reconstruct) for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): Name(_scalar) for core in ("core", "_core")},
    ("numpy", "ndarray"): None,  # only ever an argument
    ("numpy", "dtype"): Name(PlainType),
    # Containers beyond dict and list, in case a data set was put together with them.
    ("collections", "defaultdict"): Name(_mapping),
    ("collections", "OrderedDict"): Name(_mapping),
    **{(module, "set"): Name(_listed) for module in BUILTINS},
    **{(module, factory): None for module in BUILTINS for factory in ("list", "dict", "int")},
}
