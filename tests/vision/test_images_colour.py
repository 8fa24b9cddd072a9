"""Whatever orientation, depth and colour space a file has, its photo is upright 8-bit sRGB."""

from __future__ import annotations

import struct
import threading
import warnings

import numpy as np
import pytest
from PIL import Image, ImageCms

from gigs.vision import images
from tests.helpers.pictures import QUADRANTS, RED, WHITE, chunk, close, encoded, pixel, png16, quadrants

# Orientation

# How an upright picture lies in a file whose orientation tag has each value (EXIF 2.32, 4.6.4).
STORED_AS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation, kind):
    upright = quadrants()
    turn = STORED_AS[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if kind == "WEBP" else {}
    stored = encoded(upright if turn is None else upright.transpose(turn), kind, exif=exif, **options)
    photo = images.decode_photo(stored, "turned.jpg")
    assert photo.size == upright.size
    assert close(pixel(photo, 10, 10), QUADRANTS["top left"], 12)
    assert close(pixel(photo, 50, 10), QUADRANTS["top right"], 12)
    assert close(pixel(photo, 10, 80), QUADRANTS["bottom left"], 12)


@pytest.mark.filterwarnings("ignore")  # Pillow may say that the block is corrupt, and should
@pytest.mark.parametrize(
    "exif", [b"Exif\0\0garbage", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0II*\0\x08\0\0\0\xff\xff"]
)
def test_invalid_exif_is_ignored(exif):
    photo = images.decode_photo(encoded(quadrants(), "JPEG", exif=exif), "odd.jpg")
    assert photo.size == (60, 90)


def test_an_orientation_that_does_not_exist_is_ignored():
    exif = Image.Exif()
    exif[0x0112] = 77
    assert images.decode_photo(encoded(quadrants(), "JPEG", exif=exif), "odd.jpg").size == (60, 90)


# Depth, transparency, colour space


def test_16_bit_grey_is_scaled_not_clipped():
    ramp = np.linspace(0, 65535, 64).round().astype(np.uint16)[None].repeat(64, axis=0)
    photo = np.asarray(images.decode_photo(png16(ramp, 0), "ramp.png"))
    assert np.abs(photo[..., 0] - ramp / 257.0).max() <= 0.5
    assert pixel(images.decode_photo(encoded(Image.fromarray(ramp)), "ramp.png"), 63)[0] == 255


def test_16_bit_colour_is_scaled_not_clipped():
    values = np.full((64, 64, 3), (51400, 7710, 10280), dtype=np.uint16)
    assert close(pixel(images.decode_photo(png16(values, 2), "deep.png")), RED, 1)
    half = np.concatenate([values, np.full((64, 64, 1), 32768, dtype=np.uint16)], axis=2)
    assert close(pixel(images.decode_photo(png16(half, 6), "deep.png")), (227, 142, 147), 2)


def test_16_bit_modes_of_both_byte_orders_are_scaled():
    values = np.full((64, 64), 51400, dtype=np.uint16)
    for mode, order in (("I;16", "<u2"), ("I;16B", ">u2")):
        picture = Image.frombytes(mode, (64, 64), values.astype(order).tobytes())
        assert pixel(images._to_srgb(picture)) == (200, 200, 200)


def test_transparency_becomes_white():
    clear = {
        "RGBA": encoded(Image.new("RGBA", (64, 64), (*RED, 0))),
        "LA": encoded(Image.new("LA", (64, 64), (90, 0))),
        "P": encoded(Image.new("P", (64, 64), 0), transparency=0),
        "L": encoded(Image.new("L", (64, 64), 7), transparency=7),
        "RGB": encoded(Image.new("RGB", (64, 64), RED), transparency=RED),
        "WebP": encoded(Image.new("RGBA", (64, 64), (*RED, 0)), "WEBP", lossless=True),
        "grey 16": png16(np.full((64, 64), 700, dtype=np.uint16), 0, chunk(b"tRNS", struct.pack(">H", 700))),
        "grey alpha 16": png16(np.zeros((64, 64, 2), dtype=np.uint16), 4),
    }
    for name, content in clear.items():
        assert pixel(images.decode_photo(content, name)) == WHITE, name
    half = images.decode_photo(encoded(Image.new("RGBA", (64, 64), (0, 0, 0, 128))), "half.png")
    assert close(pixel(half), (127, 127, 127), 1)


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_other_modes_become_rgb(mode):
    photo = images.decode_photo(encoded(Image.new("RGB", (64, 64), WHITE).convert(mode)), "plain.png")
    assert (photo.mode, pixel(photo)) == ("RGB", WHITE)


def cmyk_jpeg(colour: tuple[int, int, int], *, transform: int) -> bytes:
    """An Adobe JPEG of CMY without black; transform 2 is YCCK, which Pillow reads but does not write."""
    ink = tuple(255 - value for value in colour)
    if transform == 2:
        # Adobe inverts the inks, libjpeg takes YCbCr of the inverse of that; Pillow inverts what it writes.
        ink = tuple(255 - value for value in Image.new("RGB", (1, 1), ink).convert("YCbCr").getpixel((0, 0)))
    content = encoded(Image.new("CMYK", (64, 64), (*ink, 0)), "JPEG", quality=95)
    place = content.index(b"Adobe") + 11
    return content[:place] + bytes([transform]) + content[place + 1 :]


@pytest.mark.parametrize("transform", [0, 2])
@pytest.mark.parametrize("colour", [RED, (20, 160, 60), (240, 240, 235), (12, 12, 14)])
def test_cmyk_and_ycck_keep_their_colours(transform, colour):
    photo = images.decode_photo(cmyk_jpeg(colour, transform=transform), "print.jpg")
    assert close(pixel(photo), colour, 6)


def test_black_ink_darkens():
    photo = images.decode_photo(encoded(Image.new("CMYK", (64, 64), (0, 0, 0, 255)), "JPEG"), "print.jpg")
    assert close(pixel(photo), (0, 0, 0), 4)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_a_profile_is_honoured(mode):
    # sRGB whose red and blue primaries have changed names in the table of tags: no viewer could miss it.
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"????").replace(b"bXYZ", b"rXYZ").replace(b"????", b"bXYZ")
    plain = Image.new("RGB", (64, 64), (255, 51, 0)).convert(mode)  # in the palette of mode P
    photo = images.decode_photo(encoded(plain, icc_profile=swapped), "swapped.png")
    assert close(pixel(photo), (0, 51, 255), 3)


@pytest.mark.parametrize("profile", [b"rubbish", ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()])
def test_an_unusable_profile_is_ignored(profile):
    photo = images.decode_photo(encoded(Image.new("RGB", (64, 64), RED), icc_profile=profile), "odd.png")
    assert pixel(photo) == RED


# Animation


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_of_an_animation_the_first_frame_is_taken_with_a_warning(kind):
    frames = [Image.new("RGB", (64, 64), colour) for colour in (RED, (0, 0, 0))]
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True)
    with pytest.warns(UserWarning, match="spin: animated"):
        assert close(pixel(images.decode_photo(content, "spin")), RED, 3)


def test_a_still_photo_warns_of_nothing_and_leaves_the_filters_alone():
    before = list(warnings.filters)
    content = encoded(quadrants(), "JPEG")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        inside = list(warnings.filters)
        workers = [threading.Thread(target=images.decode_photo, args=(content, "a.jpg")) for _ in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert list(warnings.filters) == inside
    assert list(warnings.filters) == before
