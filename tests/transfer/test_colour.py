"""Colour: CIELAB as scikit-image has it, lightness that always rises, tables true to the map."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from skimage.color import lab2rgb, rgb2lab

from gigs.errors import InputError
from gigs.transfer import colours_in
from gigs.transfer.colour import BINS, GAIN, LOSS, PLACES, ColourMap, place_weights
from gigs.transfer.lab import lab_of, srgb_of, within_srgb
from gigs.transfer.shades import Computed, Tabulated


def wild(seed: int) -> ColourMap:
    rng = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=rng)

    box = torch.tensor([0.2, 0.1, 0.8, 0.9])
    return ColourMap(
        torch.tensor([0.5, 0.1, 0.0]), box, 0.1 * draw(1, 3), 5 * draw(1, PLACES, BINS - 1), 0.05 * draw(1, PLACES),
        0.1 * draw(1, PLACES, BINS, 2), draw(1, PLACES, 2, 2),
    )  # fmt: skip


def test_cielab_is_that_of_scikit_image_and_comes_back():
    rgb = torch.rand(500, 3, generator=torch.Generator().manual_seed(0))
    assert np.abs(lab_of(rgb).numpy() - rgb2lab(rgb.numpy()[None])[0]).max() < 1e-3
    assert np.abs(srgb_of(lab_of(rgb)).numpy() - rgb.numpy()).max() < 1e-4


def test_what_srgb_lacks_becomes_greyer_at_the_same_lightness_and_hue():
    lab = torch.tensor([[50.0, 120.0, -100.0], [60.0, 10.0, 10.0]])
    back = torch.from_numpy(rgb2lab(within_srgb(lab).double().numpy()[None])[0])
    assert back[0, 0] == pytest.approx(50, abs=0.7)
    assert torch.atan2(back[0, 2], back[0, 1]) == pytest.approx(float(torch.atan2(lab[0, 2], lab[0, 1])), abs=0.03)
    assert back[1].tolist() == pytest.approx([60, 10, 10], abs=0.01)


def test_lighter_stays_lighter_whatever_the_numbers():
    grey = torch.zeros(1, 200, 3)
    grey[..., 0] = torch.linspace(0, 1, 200)
    for seed in range(10):
        for corner in torch.eye(PLACES):
            lightness = wild(seed)(grey, corner.expand(1, 200, PLACES))[0, :, 0]
            steps = lightness.diff() * 199
            assert (steps > LOSS - 1e-3).all()
            assert (steps < GAIN + 1e-3).all()


def test_the_table_is_the_map():
    colours = wild(1)
    rgb = 0.2 + 0.6 * torch.rand(400, 3, generator=torch.Generator().manual_seed(2))
    corners = place_weights(torch.tensor([0.5, 0.5]), colours.box).expand(400, PLACES)
    mapped = sum(
        w * within_srgb(colours((lab_of(rgb) / 100)[None], c.expand(1, 400, PLACES))[0] * 100)
        for w, c in zip(corners[0], torch.eye(PLACES), strict=True)
    )
    shades = Tabulated(colours.table(), colours.box)
    assert (shades(rgb, torch.full((400, 2), 0.5)) - mapped).abs().mean() < 2 / 255


def test_a_map_of_zeros_is_the_identity():
    none = ColourMap.none(1, torch.tensor([0.4, 0.0, 0.1]), torch.tensor([0.0, 0, 1, 1]))
    rgb = torch.rand(100, 3, generator=torch.Generator().manual_seed(2))
    places = torch.full((100, 2), 0.5)
    assert (Tabulated(none.table(), none.box)(rgb, places) - rgb).abs().max() < 1e-3
    assert (Computed(none)(rgb, places) - rgb).abs().max() < 1e-3


def test_maps_of_shared_colours_are_the_maps_one_by_one():
    maps = [wild(seed) for seed in range(3)]
    names = ("shift", "slope", "light", "tint", "turn")
    many = replace(maps[0], **{name: torch.cat([getattr(each, name) for each in maps]) for name in names})
    lab = torch.rand(50, 3, generator=torch.Generator().manual_seed(2)) - torch.tensor([0.0, 0.5, 0.5])
    corners = place_weights(torch.rand(50, 2, generator=torch.Generator().manual_seed(3)), many.box)
    literal = torch.cat([each(lab[None], corners[None]) for each in maps])
    assert torch.allclose(many.over(lab, corners).transpose(1, 2), literal, atol=1e-5)


def test_colours_as_people_write_them():
    found = colours_in("navy, #7a1f2b, dusty rose, sand", {"Navy": np.array([15.0, 2.0, -12.0])})
    assert [each.name for each in found] == ["navy", "#7a1f2b", "dusty rose", "sand"]
    assert found[0].lab.tolist() == [15, 2, -12], "the shop's own name comes first"
    assert np.allclose(lab2rgb(found[1].lab) * 255, [0x7A, 0x1F, 0x2B], atol=0.01)


@pytest.mark.parametrize("text", ["", " , ", "navy, no such hue", "#12"])
def test_a_colour_that_nobody_knows_is_refused(text):
    with pytest.raises(InputError, match="colour"):
        colours_in(text)
