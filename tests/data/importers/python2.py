"""Files as Python 2 wrote them: `cPickle`'s protocol 2 with its byte strings, inside NumPy's `.npy`."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
from PIL import Image

DTYPE = b"cnumpy\ndtype\n"
RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\n"
NDARRAY = b"cnumpy\nndarray\n"


class Pickler:
    """What `cPickle.dumps(value, 2)` of Python 2.7 gives for plain data: `bytes` is its `str`, memo indices from 1."""

    def __init__(self) -> None:
        self.memo = 0

    def dumps(self, value) -> bytes:
        return b"\x80\x02" + self.save(value) + b"."

    def save(self, value) -> bytes:
        if isinstance(value, Raw):
            return value.code
        if isinstance(value, dict):
            return self.batch(b"}", [(key, value[key]) for key in value], b"s", b"u")
        if isinstance(value, list):
            return self.batch(b"]", [(entry,) for entry in value], b"a", b"e")
        if isinstance(value, np.ndarray):
            return self.array(value)
        if isinstance(value, bytes):
            short = len(value) < 256
            return (b"U" + bytes([len(value)]) if short else b"T" + struct.pack("<i", len(value))) + value + self.put()
        if isinstance(value, str):  # Python 2's unicode
            text = value.encode()
            return b"X" + struct.pack("<i", len(text)) + text + self.put()
        return self.constant(value)

    def constant(self, value) -> bytes:
        if value is None or isinstance(value, bool):
            return {None: b"N", True: b"\x88", False: b"\x89"}[value]
        if isinstance(value, float):
            return b"G" + struct.pack(">d", value)
        if isinstance(value, tuple):
            return b"(" + b"".join(map(self.save, value)) + b"t" + self.put()
        if 0 <= value < 256:
            return b"K" + bytes([value])
        if 0 <= value < 65536:
            return b"M" + struct.pack("<H", value)
        return b"J" + struct.pack("<i", value) if abs(value) < 1 << 31 else b"I%d\n" % value

    def put(self) -> bytes:
        self.memo += 1
        return b"q" + bytes([self.memo]) if self.memo < 256 else b"r" + struct.pack("<I", self.memo)

    def batch(self, empty: bytes, entries: list[tuple], single: bytes, several: bytes) -> bytes:
        code = empty + self.put()
        for start in range(0, len(entries), 1000):
            piece = entries[start : start + 1000]
            body = b"".join(self.save(part) for entry in piece for part in entry)
            code += body + single if len(piece) == 1 else b"(" + body + several
        return code

    def array(self, value: np.ndarray) -> bytes:
        kind = "O8" if value.dtype == object else value.dtype.str[1:]
        order = b"|" if value.dtype == object else b"<"
        start = RECONSTRUCT + self.put() + NDARRAY + self.put() + b"K\x00\x85" + self.put() + self.save(b"b") + b"\x87R"
        start += self.put() + b"(K\x01" + self.save(value.shape)
        dtype = DTYPE + self.put() + self.save(kind.encode()) + b"K\x00K\x01\x87R" + self.put()
        flags = b"K\x3f" if value.dtype == object else b"K\x00"
        dtype += b"(K\x03" + self.save(order) + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff" + flags + b"tb"
        content = self.save(value.tolist() if value.dtype == object else value.tobytes())
        return start + dtype + b"\x89" + content + b"tb"


class Raw:
    """Opcodes to stand where a value would."""

    def __init__(self, code: bytes) -> None:
        self.code = code


def write_npy(path: Path, parts: list, *, pickled: bytes | None = None, header: bytes | None = None) -> Path:
    """`numpy.save(path, parts)` of Python 2; `pickled` and `header` in place of what it would write."""
    array = np.empty(len(parts), dtype=object)
    array[:] = parts
    text = b"{'descr': '|O', 'fortran_order': False, 'shape': (%d,), }" % len(parts) if header is None else header
    text += b" " * (-(len(text) + 11) % 16) + b"\n"
    start = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text
    path.write_bytes(start + (Pickler().dumps(array) if pickled is None else pickled))
    return path


def jpeg(colour: tuple[int, int, int], size: tuple[int, int] = (48, 64)) -> bytes:
    noise = np.random.default_rng(colour[0]).integers(-20, 20, (size[1], size[0], 3))
    pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def shop(users: int = 12, items: int = 20, classes: int = 6) -> list:
    """The six parts: user u trained on items u, u+1, u+2, validated on u+3, tested on u+4 (all modulo `items`)."""
    entry = {user: [{b"productid": (user + place) % items} for place in range(5)] for user in range(users)}
    item = {
        number: {
            b"imgs": jpeg((10 * number, 200, 90)),
            b"asin": b"B%09d" % number,
            b"c": np.eye(classes, dtype=np.int64)[number % classes],
        }
        for number in range(items)
    }
    train, validation, test = (
        {user: entry[user][part] for user in entry} for part in (slice(3), slice(3, 4), slice(4, 5))
    )
    return [train, validation, test, item, users, items]
