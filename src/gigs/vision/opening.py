"""Opens picture files safely: detects the format by content, checks bounds in the header, then calls one decoder.

Nothing else in gigs opens pictures: if a library guessed the format, the file's author would choose the decoder.
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
    """Parts of a WebP file. libwebp parses the file itself and decodes one picture of it."""
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
    """A picture file whose header is within bounds, and whose pixels are not yet decoded."""

    image: ImageFile
    parts: Parts
    name: str

    @property
    def frames(self) -> int:
        """Pictures in an animation; 1 for a still picture."""
        return max(int(getattr(self.image, "n_frames", 1)), self.parts.frames)

    def upright(self) -> Image.Image:
        """Decode the picture, and turn it as its Exif or XMP record says. A malformed record is ignored.

        Raises:
            Exception: Decoders raise any kind of error for damaged bytes.
        """
        self.image.load()
        within_bounds(self.image, self.name)  # a decoder may find another size than it announced
        if not isinstance(self.image, JpegImageFile | PngImageFile):
            self.parts.exif, self.parts.xmp = (_bytes(self.image.info.get(name)) for name in ("exif", "xmp"))
        return turned(self.image, self.parts.orientation)


def open_picture(content: bytes, name: str) -> Opened:
    """Open a photo in memory. `name` is its name in error messages.

    Raises:
        InputError: The format is not supported, or the picture is out of bounds.
        Exception: Decoders raise any kind of error for damaged bytes.
    """
    if not 0 < len(content) <= MAX_BYTES:
        raise InputError(f"{name}: the file is {'too large (at most 100 MB)' if content else 'empty'}")
    take_apart, opener = _decoder_for(content, name)
    parts = take_apart(content)
    image = opener(io.BytesIO(parts.content))
    scanned = parts.scans * image.width * image.height
    within_bounds(image, name, scans=parts.scans)  # of a picture in a file, the same one or none
    if parts.scans > MAX_SCANS or scanned > MAX_SCANNED:
        raise InputError(f"{name}: is stored in {parts.scans:,} passes over its pixels; save it again as a plain JPEG")
    return Opened(image, parts, name)


def _decoder_for(content: bytes, name: str) -> tuple[Callable[[bytes], Parts], Callable[[io.BytesIO], ImageFile]]:
    """The functions that parse and decode a file.

    Raises:
        InputError: The format is not supported, or its decoder is not installed. The message says what to do.
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
    """The bytes of a photo's file.

    A file above `most` (100 MB) is cut one byte after it, and `open_picture` refuses it.

    Raises:
        InputError: The file cannot be read. The message names it and the reason.
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
    """A picture file that gigs wrote: the file, its size in pixels, and its note."""

    content: bytes
    name: str
    size: tuple[int, int]
    note: str

    def rgb(self) -> Image.Image:
        """Decode the picture.

        Raises:
            ModelError: The file is damaged.
        """
        try:
            image = PngImageFile(io.BytesIO(png_parts(self.content).content))
            return image.convert("RGB")
        except Exception as error:  # as for photos
            raise ModelError(f"{self.name}: damaged picture ({printable(error)}); make it again") from error


def own_picture(content: bytes, name: str) -> OwnPicture:
    """Open a picture that gigs wrote, such as one of a result: a PNG of any shape within the limits for photos.

    Raises:
        ModelError: The file is damaged, too large, or not from gigs.
    """
    if len(content) > MAX_OWN_BYTES:
        raise ModelError(f"{name}: too large for a picture from gigs; make it again")
    if not content.startswith(PNG):
        raise ModelError(f"{name}: {what_it_is(content)}, not a PNG from gigs; make it again")
    try:
        parts = png_parts(content)
        size = PngImageFile(io.BytesIO(parts.content)).size
    except Exception as error:  # as for photos
        raise ModelError(f"{name}: damaged picture ({printable(error)}); make it again") from error
    if size[0] * size[1] > MAX_PIXELS:
        raise ModelError(f"{name}: {size[0]} x {size[1]} pixels, which gigs does not write; make it again")
    return OwnPicture(content, name, size, parts.note)


def read_own_picture(path: Path) -> OwnPicture:
    """Like `own_picture`, from a file.

    Raises:
        ModelError: Also if the file is missing. The message names it.
    """
    try:
        content = photo_bytes(path, MAX_OWN_BYTES)
    except InputError as error:
        raise ModelError(f"{error}; a picture is missing, make it again") from error
    return own_picture(content, printable(path))


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """Turn a picture as Exif's orientation, 1 to 8, says."""
    turn = TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def printable(text: object) -> str:
    """Make text safe for one line: file names may hold line breaks, terminal codes and bytes that are not text."""
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
