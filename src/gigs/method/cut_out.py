"""The product cut out of a photo, by a mask, transparency, or a network."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path

import numpy as np
from PIL import Image

from gigs.data.importers.photo_names import SUFFIXES
from gigs.errors import InputError, ModelError
from gigs.method.choice import NothingToShowError
from gigs.method.options import Options
from gigs.transfer import CutOut, Keep, cut_out, from_mask, read_mask, transparency_of
from gigs.transfer.mask import alpha_of, read_region, region_from
from gigs.vision.images import read_photo

Mask = Path | np.ndarray
Photo = str | PathLike[str] | Image.Image | np.ndarray


def check_photos(paths: Sequence[Path], options: Options) -> None:
    """Check that every photo and every mask can be used, without keeping any of them.

    Raises:
        InputError: One cannot be read, one mask was given for photos of several sizes, or a folder fits none.
    """
    sizes = {path: read_photo(path).size for path in paths}
    _check_masks(options.mask, "mask", sizes)
    _check_masks(options.keep_region, "keep_region", sizes)
    for path in paths:
        mask, region = mask_for(options.mask, path), mask_for(options.keep_region, path)
        if mask is not None:
            _product_in(mask, read_photo(path))
        if region is not None:
            _region_in(region, read_photo(path))


def _check_masks(given: Mask | None, option: str, sizes: Mapping[Path, tuple[int, int]]) -> None:
    """Whether a mask, or a folder of masks, fits photos of these sizes."""
    if given is None or not sizes:
        return
    (path, size), *others = sizes.items()
    if isinstance(given, Path) and given.is_dir():
        if all(mask_for(given, each) is None for each in sizes):
            raise InputError(f"`{option}` {given}: no mask in it is named like {path.name} or any other photo given")
        return
    for other, another in others:
        if another != size:
            raise InputError(
                f"`{option}`: one mask for photos of several sizes ({path.name} has {size[0]} x {size[1]} "
                f"pixels, {other.name} {another[0]} x {another[1]}); give a folder with masks named like their "
                "photos"
            )


def mask_for(mask: Mask | None, photo: Photo) -> Mask | None:
    """One photo's mask: the one given, or that of the photo's name in a folder of masks; None for none.

    Args:
        mask: A file, an array, or a folder with masks named like their photos, with any suffix.
        photo: As it was given.

    Raises:
        InputError: A folder, and a photo without a name, or with several masks.
    """
    if not isinstance(mask, Path) or not mask.is_dir():
        return mask
    if not isinstance(photo, str | PathLike):
        raise InputError(f"{mask}: a folder of masks named like photos, and this photo is no file; give one mask")
    name, files = Path(photo), sorted(mask.iterdir())
    found = [path for path in files if path.stem == name.stem and path.suffix.lower() in SUFFIXES]
    if len(found) > 1:
        raise InputError(f"{mask}: {found[0].name} and {found[1].name} are both named like {name.name}; keep one")
    return found[0] if found else None


def cut_out_of(photo: bytes | Image.Image | np.ndarray, picture: Image.Image, mask: Mask | None) -> CutOut | None:
    """The cut-out of a photo; None, with a warning, if its network cannot be loaded.

    Args:
        photo: As it was given, or the bytes of its file: transparency is a mask.
        picture: The same, upright RGB.
        mask: Where the product is; replaces everything else.

    Raises:
        InputError: The mask cannot be used.
    """
    if mask is not None:
        return _product_in(mask, picture)
    transparency = transparency_of(photo) if isinstance(photo, bytes) else _alpha_of(photo)
    if transparency is not None:
        return from_mask(transparency, picture, "the photo's transparency")
    try:
        return cut_out(picture)
    except ModelError as error:
        warnings.warn(f"{error}; redesigns are shown as the generator drew them", stacklevel=2)
        return None


def keep_of(options: Options, marked: Mask | None, picture: Image.Image, cutout: CutOut) -> Keep:
    """What must not change, including a marked region; also the shape, if somebody wears the product.

    A warp would bend the person along with it.

    Raises:
        InputError: The region cannot be used, or nothing was asked to change.
        NothingToShowError: Nothing of this photo would be left to change.
    """
    region = None if marked is None else _region_in(marked, picture)
    worn = ("shape",) if cutout.person is not None else ()
    keep = Keep.of((*options.keep, *worn), region)
    if keep.colour and "shape" in options.keep:
        raise InputError("with colour and shape kept, nothing is left to change; keep one of the two")
    if keep.colour and keep.shape:
        raise NothingToShowError(
            "somebody wears the product, so its shape is kept; with its colour kept too, nothing is left to change"
        )
    return keep


def require_photo(options: Options, why: str) -> None:
    """Refuse options to keep or mask that work only on the seller's own photo.

    Raises:
        InputError: One of the options is given.
    """
    for given, option in ((options.keep, "keep"), (options.keep_region, "keep_region"), (options.mask, "mask")):
        if given is not None and len(given if isinstance(given, tuple) else (given,)):
            raise InputError(f"{option} is for redesigns on the photo, and here {why}; leave it out")


def _product_in(mask: Mask, picture: Image.Image) -> CutOut:
    return read_mask(mask, picture) if isinstance(mask, Path) else from_mask(mask, picture)


def _region_in(mask: Mask, picture: Image.Image) -> np.ndarray:
    return read_region(mask, picture) if isinstance(mask, Path) else region_from(mask, picture)


def _alpha_of(photo: Image.Image | np.ndarray) -> np.ndarray | None:
    """Transparency of a picture in memory, if it has any."""
    if isinstance(photo, np.ndarray):
        photo = Image.fromarray(photo) if photo.dtype == np.uint8 and photo.ndim == 3 else Image.new("RGB", (1, 1))
    return alpha_of(photo)
