"""The one way in for picture files: format by content (not by name), bounds from the header, then its own decoder.

Nothing else in gigs opens a picture: what a library guesses, a stranger chooses.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from gigs.errors import InputError, ModelError
from gigs.vision.phone_formats import WITHOUT_PLUGIN, heif_parts, kind_of, opener_of
from gigs.vision.picture_files import Parts, jpeg_parts, png_parts
from gigs.vision.sizes import MAX_PIXELS, within_bounds

MAX_BYTES = 100 << 20
READ = "JPEG, PNG, WebP and AVIF"
MAX_OWN_BYTES = 4 * MAX_PIXELS  # of a picture of ours: a PNG of noise is a little larger than its pixels
# How often a decoder may go over all pixels, and over how many pixels in all: cameras write 10 scans or fewer.
MAX_SCANS, MAX_SCANNED = 100, 20 * MAX_PIXELS
# fmt: off
OTHER_KINDS = {
    b"GIF8": "GIF", b"II*\x00": "TIFF", b"MM\x00*": "TIFF", b"%PDF": "PDF", b"%!PS": "EPS", b"BM": "BMP",
    b"SIMPLE": "FITS", b"PK\x03\x04": "ZIP", b"<svg": "SVG", b"<?xml": "XML or SVG", b"8BPS": "Photoshop",
}
TURNS = {  # by the value of EXIF's tag 0x0112; 1 is upright
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# fmt: on


def _webp_parts(content: bytes) -> Parts:
    """libwebp takes a file apart itself, in C, and decodes one picture of it."""
    return Parts(content)


# Pillow's openers, straight: Image.open warns of large pictures before they can be refused, and to silence a warning
# is not safe among threads.
KINDS: dict[bytes, tuple[Callable[[bytes], Parts], Callable[[io.BytesIO], ImageFile]]] = {
    b"\xff\xd8\xff": (jpeg_parts, JpegImageFile),
    b"\x89PNG\r\n\x1a\n": (png_parts, PngImageFile),
    b"RIFF": (_webp_parts, WebPImageFile),
}
PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Opened:
    """A picture file whose header was read and found within bounds; its pixels are still to be decoded."""

    image: ImageFile
    parts: Parts
    name: str

    @property
    def frames(self) -> int:
        """Pictures in an animation; 1 for a still picture."""
        return max(int(getattr(self.image, "n_frames", 1)), self.parts.frames)

    def upright(self) -> Image.Image:
        """Decode it, and turn it as its Exif or XMP record says; a malformed record is ignored.

        Raises:
            Exception: Decoders meet damaged bytes with every kind.
        """
        self.image.load()
        within_bounds(self.image, self.name)  # a decoder may find another size than it announced
        if not isinstance(self.image, JpegImageFile | PngImageFile):
            self.parts.exif, self.parts.xmp = (_bytes(self.image.info.get(name)) for name in ("exif", "xmp"))
        return turned(self.image, self.parts.orientation)


def open_picture(content: bytes, name: str) -> Opened:
    """Open a photo held in memory; `name` is what error messages call it.

    Raises:
        InputError: Another format, or out of bounds.
        Exception: Decoders meet damaged bytes with every kind.
    """
    if not 0 < len(content) <= MAX_BYTES:
        raise InputError(f"{name}: the file is {'too large (at most 100 MB)' if content else 'empty'}")
    take_apart, opener = _decoder_for(content, name)
    parts = take_apart(content)
    image = opener(io.BytesIO(parts.content))
    scanned = parts.scans * image.width * image.height
    within_bounds(image, name, scans=parts.scans)  # of a picture in a file, the same one or none
    if parts.scans > MAX_SCANS or scanned > MAX_SCANNED:
        raise InputError(f"{name}: is stored in {parts.scans:,} passes over its pixels; save it anew, as a plain JPEG")
    return Opened(image, parts, name)


def _decoder_for(content: bytes, name: str) -> tuple[Callable[[bytes], Parts], Callable[[io.BytesIO], ImageFile]]:
    """What takes a file apart and what decodes it.

    Raises:
        InputError: Another format, or one whose decoder is not installed; the message says what to do.
    """
    start = next((start for start in KINDS if content.startswith(start)), None)
    if start is not None:
        return KINDS[start]
    kind = kind_of(content)
    opener = opener_of(kind)
    if opener is not None:
        return heif_parts, opener
    advice = f"gigs reads {READ}" if kind is None else ""
    raise InputError(f"{name}: {'; '.join(filter(None, (what_it_is(content), advice)))}")


def photo_bytes(path: str | Path, most: int | None = None) -> bytes:
    """The bytes of a photo's file, one more than `most` (100 MB) where it has more; `open_picture` refuses those.

    Raises:
        InputError: One line that names the file and the reason.
    """
    path = Path(path)
    name = printable(path)
    try:
        if not path.is_file() and path.exists():  # reading a named pipe would wait without end
            raise InputError(f"{name}: {'is a folder' if path.is_dir() else 'is not an ordinary file'}")
        with path.open("rb") as handle:
            return handle.read((MAX_BYTES if most is None else most) + 1)
    except FileNotFoundError as error:
        raise InputError(f"{name}: no such file") from error
    except (OSError, ValueError) as error:  # no permission, name too long, a NUL in the name
        raise InputError(f"{name}: cannot be read ({getattr(error, 'strerror', None) or error})") from error


@dataclass(frozen=True)
class OwnPicture:
    """A picture file that gigs wrote, its header read: the file, its size in pixels, and what it says of itself."""

    content: bytes
    name: str
    size: tuple[int, int]
    note: str

    def rgb(self) -> Image.Image:
        """Decode it.

        Raises:
            ModelError: It is damaged.
        """
        try:
            image = PngImageFile(io.BytesIO(png_parts(self.content).content))
            return image.convert("RGB")
        except Exception as error:  # as for photos
            raise ModelError(f"{self.name}: a damaged picture ({printable(error)}); make it again") from error


def own_picture(content: bytes, name: str) -> OwnPicture:
    """Open a picture that gigs wrote, such as one of a result: a PNG of any shape, as large as a photo may be.

    Raises:
        ModelError: It is damaged, too large, or something else under the name of ours.
    """
    if len(content) > MAX_OWN_BYTES:
        raise ModelError(f"{name}: too large for a picture of ours; make it again")
    if not content.startswith(PNG):
        raise ModelError(f"{name}: {what_it_is(content)}, and no PNG that gigs wrote; make it again")
    try:
        parts = png_parts(content)
        size = PngImageFile(io.BytesIO(parts.content)).size
    except Exception as error:  # as for photos
        raise ModelError(f"{name}: a damaged picture ({printable(error)}); make it again") from error
    if size[0] * size[1] > MAX_PIXELS:
        raise ModelError(f"{name}: {size[0]} x {size[1]} pixels, which gigs does not write; make it again")
    return OwnPicture(content, name, size, parts.note)


def read_own_picture(path: Path) -> OwnPicture:
    """As `own_picture`, from a file.

    Raises:
        ModelError: It is missing, too; the message names it.
    """
    try:
        content = photo_bytes(path, MAX_OWN_BYTES)
    except InputError as error:
        raise ModelError(f"{error}; a picture is missing, make it again") from error
    return own_picture(content, printable(path))


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """A picture the way up that Exif's number says, 1 to 8."""
    turn = TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def printable(text: object) -> str:
    """Text that stays in one line: file names may hold line breaks, terminal codes and bytes that are no text."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(text))


def what_it_is(content: bytes) -> str:
    """Name a refused file by its first bytes."""
    head = content[:16].lstrip()
    for signature, kind in OTHER_KINDS.items():
        if head.startswith(signature):
            return f"this is a {kind} file"
    if (modern := kind_of(content)) is not None:
        return f"this is {WITHOUT_PLUGIN[modern]}"
    is_text = set(content[:512]).isdisjoint(range(9))  # bytes that text does not hold
    return "this is text, not a picture" if is_text else "not a picture in a known format"


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else b""
