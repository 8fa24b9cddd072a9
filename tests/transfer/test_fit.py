"""The fit: a known edit is recovered, redesigns do not touch one another, and what is undone is said."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from skimage.color import deltaE_cie76, rgb2lab

from gigs.errors import InputError
from gigs.transfer import FitSettings, apply_change, canvas_of, fit_change
from gigs.transfer.colour import place_weights
from gigs.transfer.pair import pair_of, transferred
from tests.transfer.garments import Jumper, cut, drawn, fit_of, small

BEFORE = Jumper()
AFTER = Jumper(body=0.26, sleeve=0.42, hem=0.86, lab=(35.0, 30.0, 15.0))


@pytest.fixture(scope="module")
def change():
    return fit_change(small(BEFORE), torch.cat([small(AFTER), small(BEFORE)]))


def test_a_recoloured_widened_lengthened_garment_is_recovered(change):
    photo, mask = drawn(BEFORE, 400, 600)
    wanted, outline = drawn(AFTER, 400, 600)
    shown = apply_change(canvas_of(photo, cut(mask), fit_of(photo)), change.one(0))
    lab, aim = rgb2lab(shown), rgb2lab(wanted)
    both = outline > 0.5
    found = deltaE_cie76(lab, rgb2lab(np.full_like(shown, (237, 235, 232)))) > 8
    overlap = (found & both).sum() / (found | both).sum()
    assert overlap > 0.93, "outline: intersection over union"
    assert np.linalg.norm(lab[found & both].mean(0) - aim[found & both].mean(0)) < 3, "mean colour, CIE76"
    assert float(change.residual[0]) < 0.3


def test_no_change_leaves_nothing_undone(change):
    assert float(change.residual[1]) == 0
    t = torch.linspace(0, 1, 33)
    assert (change.warp.one(1).at(t, t) - torch.stack(torch.meshgrid(t, t, indexing="xy"), -1)).abs().max() < 0.01


def test_the_warp_that_is_fitted_cannot_fold(change):
    t = torch.linspace(0, 1, 65)
    assert (change.warp.determinant(t, t) > 0.24).all()


def test_the_same_pictures_give_the_same_numbers_alone_or_in_company(change):
    again = fit_change(small(BEFORE), torch.cat([small(AFTER), small(BEFORE)]))
    assert torch.equal(again.warp.stretch, change.warp.stretch)
    assert torch.equal(again.colours.tint, change.colours.tint)
    alone = fit_change(small(BEFORE), small(AFTER))
    t = torch.linspace(0.2, 0.8, 33)  # sums in another order round otherwise, and 120 steps make more of it
    assert (alone.warp.at(t, t) - change.warp.one(0).at(t, t)).abs().max() < 0.01


def test_another_kind_of_product_does_not_bend_the_photo():
    skirt = Jumper(body=0.12, sleeve=0.12, top=0.55, hem=0.9, lab=(35.0, 30.0, 15.0))
    found = fit_change(small(BEFORE), small(skirt))
    assert float(found.warp.stretch.abs().max()) == 0
    assert float(found.residual[0]) > 0.3, "and that much is left undone is said"


def test_a_white_garment_on_white_takes_its_outline_from_the_photo():
    pale = Jumper(lab=(93.0, 0.0, 1.0))
    photo, mask = drawn(pale, 400, 600)
    outline = cut(mask).in_square(fit_of(photo), 64)
    found = fit_change(small(pale), small(AFTER), product=outline)
    assert float(found.warp.stretch.abs().max()) == 0
    mean = found.colours.pivot + found.colours.shift[0]
    assert (mean * 100 - torch.tensor(AFTER.lab)).norm() < 8


def test_colours_mapped_before_they_are_moved_are_those_mapped_after(change):
    pair = pair_of(small(BEFORE), torch.cat([small(AFTER)] * 2), None, 64)
    lab, alpha = transferred(pair, change.warp, change.colours)
    places = change.warp.at(pair.centres, pair.centres)
    source = torch.cat([pair.before, pair.before_alpha], dim=1).expand(2, -1, -1, -1)
    found = F.grid_sample(source, places * 2 - 1, padding_mode="border", align_corners=False)
    literal = change.colours(
        found[:, :3].flatten(2).transpose(1, 2), place_weights(places.flatten(1, 2), change.colours.box)
    )
    assert torch.equal(alpha, found[:, 3:])
    off = (lab.flatten(2) - literal.transpose(1, 2)).norm(dim=1) * 100  # CIE76
    inside = alpha.flatten(1) > 0.99
    assert off[inside].mean() < 0.3


@pytest.mark.parametrize("shape", [(1, 3, 32, 32), (0, 3, 64, 64), (3, 64, 64)])
def test_pictures_that_do_not_match_are_refused(shape):
    with pytest.raises(InputError, match=r"pictures|match"):
        fit_change(small(BEFORE), torch.zeros(shape))


def test_impossible_settings_are_refused():
    with pytest.raises(InputError, match="steps"):
        FitSettings(steps=-1)
