"""Takes picture files apart before any decoder sees them.

A decoder gets only what the pixels need. Comments, thumbnails, animations and metadata are removed, so they cost
neither time nor memory. Segments and scans are counted, because a small file can hold so many that decoding would never
end.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field

MOST_PIECES = 100_000  # of a file; libpng writes one for each 8 kB of data
ORIENTATION = 0x0112
UPRIGHT = 1
NOTE = b"Description"  # the text in which a picture of ours says what it is
# JPEG, by the byte after 0xFF. Frame headers, tables and restart intervals; JFIF, colour profile, Adobe's colour
# transform. A marker of the second set has no length.
NEEDED = {*range(0xC0, 0xD0), 0xDB, 0xDC, 0xDD, 0xE0, 0xEE}
BARE = {0x01, *range(0xD0, 0xD9)}
START, END, SCAN, APP1, APP2 = 0xD8, 0xD9, 0xDA, 0xE1, 0xE2
NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # in a scan: neither an escaped 0xFF nor a restart
EXIF, XMP, ICC = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"ICC_PROFILE\0"
CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"iCCP", b"IDAT"}
IN_XMP = re.compile(rb'tiff:Orientation(?:="|>)([1-8])')


class DamagedError(ValueError):
    """A file that violates its format, or has more segments than anybody needs."""


@dataclass
class Parts:
    """A picture file taken apart.

    Attributes:
        content: The file with only what its pixels need.
        scans: Largest number of passes of the decoder over all pixels.
        frames: Number of pictures in an animation; 1 for a still picture.
        exif: The Exif record; empty if there is none.
        xmp: The XMP packet; empty if there is none.
        note: The `Description` of a PNG.
    """

    content: bytes
    scans: int = 1
    frames: int = 1
    exif: bytes = b""
    xmp: bytes = b""
    note: str = ""
    _pieces: int = field(default=0, repr=False)

    def count(self) -> None:
        """Count another segment.

        Raises:
            DamagedError: There are too many.
        """
        self._pieces += 1
        if self._pieces > MOST_PIECES:
            raise DamagedError(f"more than {MOST_PIECES:,} pieces in one file")

    @property
    def orientation(self) -> int:
        """The orientation as Exif numbers it, 1 to 8; 1 if it is missing or invalid."""
        found = _orientation(self.exif.removeprefix(EXIF))
        if found is None:
            said = IN_XMP.search(self.xmp)
            found = UPRIGHT if said is None else int(said[1])
        return found


def jpeg_parts(content: bytes) -> Parts:
    """Take a JPEG file apart.

    Raises:
        DamagedError: The file violates the JPEG format.
    """
    parts, kept, place = Parts(b"", scans=0), [content[:2]], 2
    while (place := content.find(b"\xff", place)) >= 0 and place + 1 < len(content):
        marker = content[place + 1]
        if marker in (0x00, 0xFF):  # an escape that does not belong here, or filling
            place += 1
            continue
        if marker == END:
            kept.append(content[place:])
            break
        parts.count()
        if marker in BARE:
            place += 2
            continue
        end = _segment_end(content, place)
        body = content[place + 4 : end]
        if marker == SCAN:
            _count_scans(content, place, parts)
            kept.append(content[place:])
            break
        if marker == APP1 and body.startswith(EXIF) and not parts.exif:
            parts.exif = body
        elif marker == APP1 and body.startswith(XMP) and not parts.xmp:
            parts.xmp = body
        elif marker in NEEDED or (marker == APP2 and body.startswith(ICC)):
            kept.append(content[place:end])
        place = end
    parts.content = b"".join(kept)
    return parts


def _segment_end(content: bytes, place: int) -> int:
    """The end of a segment that states its length."""
    if content[place + 1] < 0xC0:
        raise DamagedError(f"a JPEG file has no piece of kind {content[place + 1]:#x}")
    size = int.from_bytes(content[place + 2 : place + 4], "big")
    if size < 2:
        raise DamagedError("a piece of it ends before it begins")
    return place + 2 + size


def _count_scans(content: bytes, place: int, parts: Parts) -> None:
    """Count the scans up to the picture's end, going from marker to marker as the decoder does."""
    while True:
        marker = content[place + 1]
        if marker == END:
            return
        parts.count()
        if marker == SCAN:
            parts.scans += 1
        after = place + 2 if marker in BARE else _segment_end(content, place)
        found = NEXT_MARKER.search(content, after)
        if found is None:
            return
        place = found.start()


def png_parts(content: bytes) -> Parts:
    """Take a PNG file apart.

    Raises:
        DamagedError: The file violates the PNG format.
    """
    parts, kept, place = Parts(b""), [content[:8]], 8
    while place + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, place)
        if not kind.isalpha():
            raise DamagedError("a piece of it has no name")
        parts.count()
        end = place + 12 + size
        body = memoryview(content)[place + 8 : end - 4]
        if kind in CHUNKS or kind == b"IEND":
            kept.append(content[place:end])
        elif kind == b"eXIf":
            parts.exif = bytes(body)
        elif kind == b"acTL" and size >= 4:
            parts.frames = max(1, int.from_bytes(body[:4], "big"))
        elif kind == b"iTXt":
            _take_text(bytes(body), parts)
        if kind == b"IEND":
            break
        place = end
    parts.content = b"".join(kept)
    return parts


def _take_text(body: bytes, parts: Parts) -> None:
    """Read gigs's note and the XMP packet, if they are not compressed: compressed text may grow without limit."""
    keyword, _, rest = body.partition(b"\0")
    if rest[:1] != b"\0":
        return
    text = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    if keyword == NOTE:
        parts.note = text.decode("utf-8", "replace")
    elif keyword == b"XML:com.adobe.xmp":
        parts.xmp = text


def _orientation(exif: bytes) -> int | None:
    """The orientation in an Exif record; None if it is missing. Other entries are ignored, as they may be malicious."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None or len(exif) < 8:
        return None
    (first,) = struct.unpack_from(order + "I", exif, 4)
    if first + 2 > len(exif):
        return None
    (count,) = struct.unpack_from(order + "H", exif, first)
    for place in range(first + 2, min(first + 2 + 12 * count, len(exif) - 11), 12):
        tag, kind = struct.unpack_from(order + "HH", exif, place)
        if tag == ORIENTATION and kind in (3, 4):  # a short number, or a long one
            (value,) = struct.unpack_from(order + ("H" if kind == 3 else "I"), exif, place + 8)
            return int(value) if 1 <= value <= 8 else None
    return None
