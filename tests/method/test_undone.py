"""What is left undone is counted of what was allowed to change, and of nothing that the seller keeps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from gigs.method.undone import allowed_residual, in_square
from gigs.transfer import Change, Keep, fit_change
from gigs.transfer.colour import ColourMap
from gigs.transfer.pair import Pair, pair_of
from gigs.transfer.warp import Warp
from gigs.vision.images import Fit
from tests.transfer.garments import Jumper, small

BEFORE = Jumper()
AFTER = Jumper(body=0.26, sleeve=0.42, hem=0.86, lab=(35.0, 30.0, 15.0))
SAME_SHAPE = replace(BEFORE, lab=AFTER.lab)


def fitted(keep: Keep, after: Jumper = AFTER) -> tuple[Pair, Change]:
    base, drawn = small(BEFORE), small(after)
    return pair_of(base, drawn, None, 64), fit_change(base, drawn, keep=keep)


@pytest.mark.parametrize("keep", [Keep(colour=True), Keep(shape=True), Keep(print=True)])
def test_what_is_kept_is_not_undone(keep: Keep) -> None:
    pair, change = fitted(keep)
    assert float(allowed_residual(pair, change, keep)[0]) < 0.25
    if not keep.print:  # of a plain garment a print's map does nearly all
        assert float(change.residual[0]) > 0.35, "the whole drawing is far from done"


@pytest.mark.parametrize("keep", [Keep(colour=True), Keep(shape=True), Keep(print=True)])
def test_an_allowed_change_that_is_not_done_is_undone(keep: Keep) -> None:
    pair, change = fitted(keep)
    still = replace(change, warp=Warp.none(1), colours=ColourMap.none(1, change.colours.pivot, change.colours.box))
    assert float(allowed_residual(pair, still, keep)[0]) == pytest.approx(1, abs=0.01)


def test_where_only_the_kept_changes_nothing_is_undone() -> None:
    pair, change = fitted(Keep(colour=True), SAME_SHAPE)
    assert float(allowed_residual(pair, change, Keep(colour=True))[0]) == 0


def test_a_kept_region_is_left_out() -> None:
    keep = Keep(shape=True)
    pair, change = fitted(keep, SAME_SHAPE)
    still = replace(change, colours=ColourMap.none(1, change.colours.pivot, change.colours.box))
    everything = in_square(np.ones((600, 400), dtype=bool), Fit(400, 600, 1 / 6, 0.0, 5 / 6, 1.0), 64)
    assert everything.shape == (1, 1, 64, 64) and float(everything[0, 0, 30, 30]) == pytest.approx(1)
    assert float(allowed_residual(pair, still, keep)[0]) == pytest.approx(1, abs=0.01)
    assert float(allowed_residual(pair, still, keep, everything)[0]) == 0


def test_nothing_kept_is_the_fits_own_residual() -> None:
    pair, change = fitted(Keep())
    assert torch.allclose(allowed_residual(pair, change, Keep()), change.residual, atol=1e-6)
