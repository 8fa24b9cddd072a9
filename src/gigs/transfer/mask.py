"""A mask that somebody gives in place of the cut-out: a file, or the transparency of a PNG or WebP."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from gigs.errors import InputError
from gigs.transfer.cutout import CutOut
from gigs.transfer.matte import LONGEST, at_most
from gigs.transfer.person import person_in
from gigs.vision.decoders import JPEG, MAX_BYTES, MAX_PIXELS, opener_of
from gigs.vision.images import decode_photo, upright

LEAST, MOST = 0.005, 0.98  # share of the photo that a product can have
GREY = 0.5  # share of values that are neither 0 nor 1; a mask has them at its edge only
PIECES = 0.6  # share that the ten largest pieces have at least; less is confetti


def from_mask(mask: np.ndarray, photo: Image.Image, name: str = "mask") -> CutOut:
    """A cut-out from a mask.

    Args:
        mask: Bool, uint8 (0 to 255) or float (0 to 1), `[height,width]` of the photo, the product bright.
        photo: The upright photo.
        name: What error messages call the mask.

    Raises:
        InputError: The mask is of another size or type, empty, full, grey all over, or in shreds.
    """
    alpha = _as_alpha(mask, name)
    _check_size(alpha, photo, name)
    _check(alpha, name)
    small = Image.fromarray(alpha)
    if max(small.size) > LONGEST:
        small = at_most(small)
    alpha = np.clip(np.asarray(small, dtype=np.float32), 0, 1)
    return CutOut(alpha, photo.width, photo.height, person=person_in(np.asarray(at_most(photo)), alpha))


def read_mask(path: str | Path, photo: Image.Image) -> CutOut:
    """A cut-out from a mask in a file: its transparency if it has any, and otherwise its brightness.

    Raises:
        InputError: The file cannot be read, or as `from_mask`.
    """
    return from_mask(_in_file(Path(path)), photo, Path(path).name)


def read_region(path: str | Path, photo: Image.Image) -> np.ndarray:
    """A region of a photo from a mask in a file, bool `[H,W]`.

    Raises:
        InputError: The file cannot be read, or as `region_from`.
    """
    return region_from(_in_file(Path(path)), photo, Path(path).name)


def region_from(mask: np.ndarray, photo: Image.Image, name: str = "region") -> np.ndarray:
    """A region of a photo from a mask as `from_mask` takes it, bool `[H,W]`: as small as a logo, even in pieces.

    Raises:
        InputError: The mask is of another size or type than the photo, grey all over, or marks nothing.
    """
    alpha = _as_alpha(mask, name)
    _check_size(alpha, photo, name)
    _check_grey(alpha, name, "what is to be kept has to be white and all else black")
    if not (alpha > 0.5).any():
        raise InputError(f"{name}: marks nothing; what is to be kept has to be white")
    return alpha > 0.5


def transparency_of(content: bytes) -> np.ndarray | None:
    """The alpha channel of a picture file, uint8 `[H,W]` and upright; None where it has none or is opaque.

    Raises:
        InputError: Damaged, or too large.
    """
    opener = opener_of(content)
    if opener is None or content.startswith(JPEG) or len(content) > MAX_BYTES:  # a JPEG has no transparency
        return None
    try:
        image = opener(io.BytesIO(content))
        if image.width * image.height > MAX_PIXELS:
            raise InputError(
                f"a mask of {image.width} x {image.height} pixels is too large; save it as JPEG, which is reduced as "
                "its photo is"
            )
        return alpha_of(image)
    except InputError:
        raise
    except Exception as error:  # as in `images`: decoders meet damaged bytes with every kind
        raise InputError(f"the mask cannot be decoded ({error})") from error


def alpha_of(image: Image.Image) -> np.ndarray | None:
    """The alpha channel of a picture, uint8 `[H,W]`, turned upright as its EXIF says; None where it is opaque."""
    if image.mode not in ("RGBA", "LA", "PA") and "transparency" not in image.info:
        return None
    alpha = np.asarray(upright(image).convert("RGBA").getchannel("A"))
    return None if alpha.min() == 255 else alpha


def _as_alpha(mask: np.ndarray, name: str) -> np.ndarray:
    """float32 in `[0,1]`, `[H,W]`."""
    if mask.ndim != 2:
        raise InputError(f"{name}: an array of shape {mask.shape}; a mask is [height,width]")
    if mask.dtype == np.bool_:
        return mask.astype(np.float32)
    if mask.dtype == np.uint8:
        return mask.astype(np.float32) / 255
    if np.issubdtype(mask.dtype, np.floating) and np.isfinite(mask).all() and mask.min() >= 0 and mask.max() <= 1:
        return mask.astype(np.float32)
    raise InputError(f"{name}: {mask.dtype} values; a mask is bool, uint8 from 0 to 255 or float from 0 to 1")


def _in_file(path: Path) -> np.ndarray:
    """A mask's values, uint8 `[H,W]`: transparency where the file has any, and otherwise brightness."""
    try:
        content = path.read_bytes() if path.is_file() else b""
    except OSError as error:
        raise InputError(f"{path.name}: cannot be read ({error.strerror})") from error
    if not content:
        raise InputError(f"{path.name}: no such file, or an empty one; a mask is a PNG, JPEG, WebP or AVIF picture")
    alpha = transparency_of(content)
    return np.asarray(decode_photo(content, path.name).convert("L")) if alpha is None else alpha


def _check_size(alpha: np.ndarray, photo: Image.Image, name: str) -> None:
    if alpha.shape != (photo.height, photo.width):
        raise InputError(
            f"{name}: {alpha.shape[1]} x {alpha.shape[0]} pixels, and the photo has {photo.width} x {photo.height}: "
            "a mask needs the photo's own size"
        )


def _check_grey(alpha: np.ndarray, name: str, advice: str) -> None:
    if (grey := float(((alpha > 0.05) & (alpha < 0.95)).mean())) > GREY:
        raise InputError(f"{name}: {grey:.0%} of it is grey, as of a photo and not of a mask; {advice}")


def _check(alpha: np.ndarray, name: str) -> None:
    """Refuse what cannot be a product's mask."""
    area = float((alpha > 0.5).mean())
    advice = "the product has to be white and all else black"
    _check_grey(alpha, name, advice)
    if area < LEAST:
        raise InputError(f"{name}: marks {area:.1%} of the photo, which is no product; {advice}")
    if area > MOST:
        raise InputError(f"{name}: marks {area:.0%} of the photo and leaves no backdrop; {advice}")
    labels, count = ndimage.label(alpha > 0.5)
    sizes = np.sort(np.bincount(labels.ravel())[1:])[::-1]
    if count > 10 and sizes[:10].sum() < PIECES * sizes.sum():
        raise InputError(f"{name}: falls into {count} pieces, which is no product; {advice}")
