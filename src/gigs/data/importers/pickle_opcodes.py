"""The pickle opcodes that plain data needs, and a check that refuses harmful sequences of them.

Even without running anything, a pickle can exhaust its reader. A memo index of two thousand million reserves memory for
as many entries, and hashing deeply nested tuples takes endless time or the whole stack. Both are refused.
"""

from __future__ import annotations

from gigs.errors import DataError
from gigs.io.pickles import MAX_STACK

# By what they do to the stack. Python 2 writes protocol 2; the rest is there for files that Python 3 saved again.
# fmt: off
PUSH = frozenset((
    "NONE", "NEWTRUE", "NEWFALSE", "INT", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "SHORT_BINSTRING",
    "BINSTRING", "BINUNICODE", "SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "SHORT_BINUNICODE", "BINUNICODE8",
    "BYTEARRAY8", "EMPTY_SET",
    "EMPTY_LIST", "EMPTY_DICT", "EMPTY_TUPLE", "GLOBAL",
))
# fmt: on
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
POPS = {"APPEND": 1, "SETITEM": 2, "BUILD": 1}
TO_MARK = frozenset(("APPENDS", "SETITEMS", "ADDITEMS"))
CALLS = frozenset(("REDUCE", "STACK_GLOBAL"))  # pop two, push one
MEMO = frozenset(("BINPUT", "LONG_BINPUT", "MEMOIZE", "BINGET", "LONG_BINGET"))
NEUTRAL = frozenset(("PROTO", "FRAME", "STOP"))
ALLOWED = PUSH | TUPLES.keys() | POPS.keys() | TO_MARK | CALLS | MEMO | NEUTRAL | {"MARK", "TUPLE"}
# Opcodes of strings that may be long, with the bytes that their lengths take.
LONG_STRINGS = {"BINSTRING": 4, "BINBYTES": 4, "BINUNICODE": 4, "BINBYTES8": 8, "BINUNICODE8": 8, "BYTEARRAY8": 8}
MAX_DEPTH = 20
MAX_CONTAINERS = 1 << 22  # lists and dicts in all, about 64 bytes each; the published files hold fewer than a million
MARK = -1


class Depths:
    """The unpickler's stack and memo, with the nesting depth of tuples in place of each value."""

    def __init__(self) -> None:
        self._stack: list[int] = []
        self._memo = bytearray()
        self._left = MAX_CONTAINERS

    def follow(self, name: str, argument: object) -> None:
        """Follow one allowed opcode.

        Raises:
            DataError: The opcode takes a value that is not there, breaks the memo's order or nests tuples too deep, or
                there are more values at once, or more lists, than any writer makes.
        """
        stack = self._stack
        self._left -= name in ("EMPTY_LIST", "EMPTY_DICT")
        if len(stack) > MAX_STACK or self._left < 0:
            raise DataError("refused: more values at once, or more lists, than any writer of data makes")
        if name in PUSH:
            stack.append(0)
        elif name == "MARK":
            stack.append(MARK)
        elif name in MEMO:
            self._remember(name, argument)
        elif name == "TUPLE":
            self._push_tuple(self._pop_to_mark())
        elif name in TUPLES:
            self._push_tuple(self._pop(TUPLES[name]))
        elif name in POPS:
            self._pop(POPS[name])
        elif name in TO_MARK:
            self._pop_to_mark()
        elif name in CALLS:
            self._pop(2)
            stack.append(0)

    def _push_tuple(self, members: list[int]) -> None:
        depth = 1 + max(members, default=0)
        if depth > MAX_DEPTH:
            raise DataError(f"refused: tuples nested more than {MAX_DEPTH} deep")
        self._stack.append(depth)

    def _pop(self, count: int) -> list[int]:
        taken = self._stack[-count:]
        if len(taken) < count or MARK in taken:
            raise DataError("damaged: an opcode takes what is not there")
        del self._stack[-count:]
        return taken

    def _pop_to_mark(self) -> list[int]:
        taken: list[int] = []
        while self._stack:
            if (depth := self._stack.pop()) == MARK:
                return taken
            taken.append(depth)
        raise DataError("damaged: an opcode takes what is not there")

    def _remember(self, name: str, argument: object) -> None:
        index = len(self._memo) if name == "MEMOIZE" else int(argument)  # type: ignore[call-overload]
        if name.endswith("GET"):
            self._stack.append(self._memo[index] if index < len(self._memo) else 0)
            return
        if not self._stack or self._stack[-1] == MARK:
            raise DataError("damaged: an opcode takes what is not there")
        if index > 2 * len(self._memo) + 1024:  # Python 2 counts from 1, Python 3 from 0, neither leaves gaps
            raise DataError(f"refused: memo index {index:,} out of order")
        self._memo.extend(bytes(max(0, index + 1 - len(self._memo))))
        self._memo[index] = self._stack[-1]
