"""The change on the photo: the backdrop's bytes, sharpness, shadows, exact keeping, size and memory."""

import os
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage
from skimage.color import rgb2lab

from gigs.errors import InputError
from gigs.transfer import Keep, apply_change, apply_changes, canvas_of, colourways, fit_change, mean_colour
from gigs.transfer.warp import Warp
from tests.transfer.garments import Jumper, cut, drawn, fit_of, small

BEFORE = Jumper(printed=True, shadow=0.25)
AFTER = Jumper(body=0.18, sleeve=0.3, hem=0.72, lab=(40.0, 30.0, 15.0))


def canvas(width: int = 400, height: int = 600, jumper: Jumper = BEFORE):
    photo, mask = drawn(jumper, width, height)
    return canvas_of(photo, cut(mask), fit_of(photo)), mask


def fitted(keep: Keep | None = None):
    return fit_change(small(BEFORE), small(AFTER), keep=keep)


def beyond_rim(mask: np.ndarray) -> np.ndarray:
    """Outside of the garment and the few pixels around it that its soft edge reaches."""
    return ~ndimage.binary_dilation(mask > 0, structure=np.ones((3, 3)), iterations=4)


@pytest.fixture(scope="module")
def change():
    return fitted()


def test_the_backdrop_is_untouched_where_neither_garment_nor_shadow_was(change):
    made, mask = canvas()
    shown = apply_change(made, change)
    far = ~ndimage.binary_dilation(mask > 0, iterations=round(0.16 * 600))
    assert far.mean() > 0.1
    assert np.array_equal(shown[far], made.photo[far])


def test_without_a_shadow_every_pixel_outside_keeps_its_bytes(change):
    made, mask = canvas(jumper=Jumper())
    shown = apply_change(made, change)
    away = beyond_rim(mask)
    assert np.array_equal(shown[away], made.photo[away]), "it only became smaller"


def test_what_the_garment_uncovers_is_filled_like_the_backdrop(change):
    made, _mask = canvas()
    shown = apply_change(made, change).astype(float)
    sleeve = shown[150:200, 60:75]  # a sleeve was here and is not any more
    assert np.abs(sleeve - made.photo[150:200, 5:20]).mean() < 4


def test_the_shadow_goes_with_the_hem(change):
    made, _ = canvas()
    shown = apply_change(made, change).astype(float).mean(2)
    old, new = made.photo.astype(float).mean(2), shown
    assert new[490, 200] > old[490, 200] + 15, "no shadow is left where the hem was"
    column = new[425:470, 200]
    assert column.min() < 222, "and there is one where it is now"


def test_texture_is_moved_and_not_blurred(change):
    made, _mask = canvas()
    shown = apply_change(made, change)
    inner = (slice(260, 380), slice(165, 235))

    def energy(pixels):
        grey = rgb2lab(pixels)[..., 0]
        return (grey - ndimage.gaussian_filter(grey, 2))[inner].std()

    assert energy(shown) > 0.5 * energy(made.photo)


def test_nothing_to_do_gives_the_photo(change):
    made, _ = canvas()
    idle = replace(change, warp=Warp.none(1), colours=replace(change.colours, identity=True))
    assert np.array_equal(apply_change(made, idle), made.photo)


def test_the_same_change_gives_the_same_bytes(change):
    made, _ = canvas()
    assert np.array_equal(apply_change(made, change), apply_change(made, change))


def test_several_at_once_are_each_of_them_alone(change):
    made, _ = canvas()
    both = fit_change(small(BEFORE), torch.cat([small(AFTER), small(Jumper(lab=(30.0, -20.0, 10.0)))]))
    assert both.one(0).warp.identity is False
    for number, shown in enumerate(apply_changes(made, both)):
        assert np.array_equal(shown, apply_change(made, both.one(number)))


def test_a_reduced_photo_changed_is_the_changed_photo_reduced(change):
    large, small_one = canvas(800, 1200)[0], canvas(136, 204)[0]
    shown = Image.fromarray(apply_change(large, change)).resize((68, 102), Image.Resampling.BOX)
    looked_at = Image.fromarray(apply_change(small_one, change)).resize((68, 102), Image.Resampling.BOX)
    off = np.abs(np.asarray(shown).astype(float) - np.asarray(looked_at)).mean(2)
    assert off.mean() < 1.5, "candidates are chosen by what will be shown, in levels of 255"


def test_a_change_of_several_or_a_photo_of_another_size_is_refused(change):
    made, mask = canvas()
    with pytest.raises(InputError, match="one change at a time"):
        apply_change(made, fit_change(small(BEFORE), torch.cat([small(AFTER)] * 2)))
    with pytest.raises(InputError, match="cut-out is of a photo"):
        canvas_of(made.photo[:-1], cut(mask), made.fit)
    with pytest.raises(InputError, match="uint8"):
        canvas_of(made.photo.astype(float), cut(mask), made.fit)


# --- keeping -----------------------------------------------------------------------------------------------------


def test_keep_colour_changes_no_colour():
    kept = fitted(Keep.of({"colour"}))
    assert kept.colours.identity
    plain = Jumper(texture=0)
    made, _ = canvas(jumper=replace(plain, lab=(50.0, 0.0, 0.0)))
    shown = apply_change(made, kept)
    inner = shown[250:350, 180:220].reshape(-1, 3)
    source = made.photo[130:480, 120:280].reshape(-1, 3)
    assert inner.min() >= source.min()
    assert inner.max() <= source.max()


def test_keep_colour_and_shape_is_the_photo():
    made, _ = canvas()
    assert np.array_equal(apply_change(made, fitted(Keep.of({"colour", "shape"}))), made.photo)


def test_keep_shape_moves_no_pixel():
    kept = fitted(Keep.of({"shape"}))
    assert kept.warp.identity
    made, mask = canvas()
    shown = apply_change(made, kept)
    away = beyond_rim(mask)
    assert np.array_equal(shown[away], made.photo[away])
    assert not np.array_equal(shown[mask > 0], made.photo[mask > 0])


def test_keep_print_shifts_all_colours_by_one_difference_and_scales_as_a_whole():
    kept = fitted(Keep.of({"print"}))
    t = torch.linspace(0.1, 0.9, 9)
    places = kept.warp.at(t, t)[0]
    assert torch.allclose(places.diff(n=2, dim=0), torch.zeros(7, 9, 2), atol=1e-5)
    assert torch.allclose(places.diff(n=2, dim=1), torch.zeros(9, 7, 2), atol=1e-5)
    made, mask = canvas()
    still = apply_change(made, replace(kept, warp=Warp.none(1)))
    inner = ndimage.binary_erosion(mask > 0, iterations=4)
    shift = (rgb2lab(still) - rgb2lab(made.photo))[inner]
    off = np.abs(shift - np.median(shift, axis=0)).max(1)
    assert np.quantile(off, 0.99) < 1.5, "8 bits and the table round a little"
    assert np.abs(np.median(shift, axis=0)).max() > 5, "and there is a change"


def test_a_region_to_keep_keeps_its_bytes(change):
    made, mask = canvas()
    region = np.zeros(mask.shape, dtype=bool)
    region[250:330, 170:230] = True
    shown = apply_change(made, replace(change, keep=Keep(region=region)))
    assert np.array_equal(shown[region], made.photo[region])
    assert not np.array_equal(shown, made.photo), "the rest of the garment does change"


def test_what_cannot_be_kept_is_refused(change):
    with pytest.raises(InputError, match="cannot keep 'sleeves'"):
        Keep.of({"sleeves"})
    with pytest.raises(InputError, match="True and"):
        Keep(region=np.zeros((4, 4)))
    made, _ = canvas()
    with pytest.raises(InputError, match="own size"):
        apply_change(made, replace(change, keep=Keep(region=np.zeros((4, 4), dtype=bool))))


# --- colourways --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jumper", [BEFORE, Jumper(lab=(93.0, 0.0, 2.0)), Jumper(lab=(12.0, 0.0, 0.0))])
def test_a_colourway_has_exactly_the_colour_that_was_asked_for(jumper):
    made, mask = canvas(jumper=jumper)
    wanted = [np.array([25.0, 5.0, -25.0]), np.array([70.0, 15.0, 20.0]), np.array([45.0, 40.0, 20.0])]
    for lab, shown in zip(wanted, colourways(made, wanted), strict=True):
        assert np.linalg.norm(mean_colour(made, shown) - lab) < 0.5
        assert np.array_equal(shown[beyond_rim(mask)], made.photo[beyond_rim(mask)])


def test_a_colourway_keeps_its_folds():
    made, mask = canvas(jumper=Jumper())
    shown = colourways(made, [np.array([30.0, 20.0, -30.0])])[0]
    inner = ndimage.binary_erosion(mask > 0, iterations=4)
    before, after = rgb2lab(made.photo)[inner][:, 0], rgb2lab(shown)[inner][:, 0]
    assert np.corrcoef(before, after)[0, 1] > 0.98


def test_what_is_no_colour_is_refused():
    made, _ = canvas()
    with pytest.raises(InputError, match="CIELAB"):
        colourways(made, [np.array([130.0, 0.0, 0.0])])


# --- size --------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory in use is read from /proc")
def test_fifty_megapixels_in_bounded_memory(change):
    width, height = 5760, 8640
    photo, mask = drawn(Jumper(body=0.12, sleeve=0.18, top=0.35, hem=0.65, texture=0), 576, 864)
    large = np.repeat(np.repeat(photo, 10, 0), 10, 1)
    fit = replace(fit_of(photo), width=width, height=height)
    before, seen, done = resident(), [], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            seen.append(resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        made = canvas_of(large, replace(cut(mask), width=width, height=height), fit)
        shown = apply_change(made, change)
    finally:
        done.set()
        watcher.join()
    assert shown.shape == large.shape
    assert max(seen) - before < 250, "MB, of which the result itself is 150"


def resident() -> float:
    """Memory that this process has in use, in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
