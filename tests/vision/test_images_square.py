"""Photos are padded to the square and cut out again without stretch, seam or loss."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from gigs.vision import images
from tests.helpers.pictures import QUADRANTS, RED, close, pixel, quadrants

# The square and back

SHAPES = [(64, 96), (96, 64), (64, 64), (63, 97), (101, 33), (35, 280), (320, 480)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [64, 128, 97])
def test_fit_and_back_keeps_shape_and_picture(shape, size):
    photo = quadrants(*shape)
    square, fit = images.fit_square(photo, size)
    assert square.shape == (size, size, 3)
    assert (fit.width, fit.height) == shape
    back = images.unfit(images.to_tensor(square), fit, longest=max(shape))
    assert back.shape == (1, 3, shape[1], shape[0])
    assert 0 <= float(back.min()) <= float(back.max()) <= 1
    returned = images.to_uint8(back)[0]
    for share_x, share_y in ((0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)):
        x, y = int(shape[0] * share_x), int(shape[1] * share_y)
        assert close(returned[y, x], pixel(photo, x, y), 12)
    # No row or column of padding is left, which here would have the colour of two mixed quadrants.
    corners = [returned[0, 0], returned[0, -1], returned[-1, 0], returned[-1, -1]]
    assert all(close(corner, colour, 40) for corner, colour in zip(corners, QUADRANTS.values(), strict=True))


@pytest.mark.parametrize("shape", SHAPES)
def test_an_even_backdrop_leaves_no_seam(shape):
    photo = Image.new("RGB", shape, (241, 239, 236))
    photo.paste(RED, (shape[0] // 3, shape[1] // 3, shape[0] * 2 // 3, shape[1] * 2 // 3))
    square, fit = images.fit_square(photo, 64)
    outside = np.ones((64, 64), dtype=bool)
    middle = slice(round(64 * fit.top), round(64 * fit.bottom)), slice(round(64 * fit.left), round(64 * fit.right))
    outside[middle] = False
    assert (square[outside] == (241, 239, 236)).all()
    rim = np.concatenate([square[middle][:, 0], square[middle][:, -1], square[middle][0], square[middle][-1]])
    assert (rim == (241, 239, 236)).all()


def test_padding_takes_the_colour_of_the_edges_it_adjoins():
    photo = Image.new("RGB", (64, 96), (250, 250, 250))
    photo.paste(RED, (8, 0, 56, 96))  # a garment that touches top and bottom
    assert images.background_colour(photo) == (250, 250, 250)
    assert images.background_colour(photo.rotate(90, expand=True)) == (250, 250, 250)


def test_unfit_works_at_another_size_than_the_square():
    square, fit = images.fit_square(quadrants(64, 96), 64)
    larger = torch.nn.functional.interpolate(images.to_tensor(square), 256)
    assert images.unfit(larger, fit).shape == (1, 3, 512, 341)


# Tensors and files


def test_every_8_bit_value_survives_the_round_trip():
    values = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 16, 16, 3)
    tensor = images.to_tensor(values)
    assert (tensor.dtype, tensor.shape) == (torch.float32, (1, 3, 16, 16))
    assert float(tensor.min()) == 0.0 and float(tensor.max()) == 1.0
    assert (images.to_uint8(tensor) == values).all()


def test_values_outside_the_range_are_clamped_not_wrapped():
    tensor = torch.tensor([-0.5, 0.0, 0.5, 1.5]).reshape(1, 1, 2, 2).expand(1, 3, 2, 2)
    assert images.to_uint8(tensor)[0, :, :, 0].tolist() == [[0, 0], [128, 255]]


def test_save_png_is_exact_and_carries_its_note(tmp_path):
    square, _ = images.fit_square(quadrants(), 64)
    path = images.save_png(images.to_tensor(square)[0], tmp_path / "new" / "a.png", note="made by gigs – künstlich")
    with Image.open(path) as saved:
        assert (np.asarray(saved) == square).all()
        assert saved.text["Description"] == "made by gigs – künstlich"
    assert [entry.name for entry in path.parent.iterdir()] == ["a.png"]
    assert images.read_photo(path).size == (64, 64)
