"""Which candidates are shown: apart to the eye, the worthiest first, and a front of less change against more gain."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gigs.method.choice import FLOOR, choose, distinct_rows, front_of
from gigs.method.distinct import apart, seen_of


def line(*places: float) -> np.ndarray:
    """Distances of points on a line, the photo at 0 before them."""
    at = np.array([0.0, *places])
    return np.abs(at[:, None] - at[None])


def garment(grey: float, width: int = 30, stripe: float | None = None) -> torch.Tensor:
    """A garment `[3,64,64]` of one grey, maybe with a stripe of another, before a white backdrop."""
    picture = torch.ones(3, 64, 64)
    left = 32 - width // 2
    picture[:, 12:52, left : left + width] = grey
    if stripe is not None:
        picture[:, 20:40, left : left + width] = stripe
    return picture


def test_the_worthiest_that_differ_are_chosen() -> None:
    away, worth = line(5, 5.1, 5.2, 9, 13), np.array([5.0, 4, 3, 2, 1])
    assert choose(away, worth, 3) == [0, 3, 4]
    assert choose(away, worth, 5) == [0, 3, 4]  # fewer than were asked for, and no picture twice
    assert choose(away, np.array([5.0, 4, 3, -2, -1]), 3) == [0, 4, 3]  # the least bad fill the number
    assert choose(line(5, 6.3, 12), np.array([5.0, -1, -9]), 2) == [0, 1]  # and are not the worse for being different
    assert choose(line(5, 6.1, 7.2), np.array([3.0, 2, 1]), 3) == [0, 1, 2]  # a narrow margin, if no wider one will do


def test_what_looks_like_the_photo_or_is_not_allowed_is_not_chosen() -> None:
    away, worth = line(0.5, 3, 6), np.array([9.0, 2, 1])
    assert choose(away, worth, 3) == [1, 2]
    assert choose(away, worth, 3, np.array([True, False, True])) == [2]
    assert choose(line(0.1, 0.2), np.array([1.0, 1]), 2) == []


def test_of_twins_the_first_is_kept() -> None:
    assert distinct_rows(line(0.2, 3, 3.5, 6, 6.9)) == [1, 3]


def test_a_front_rises_from_less_change_to_more_gain() -> None:
    change, gain = np.array([0.3, 0.1, 0.2, 0.4, 0.05]), np.array([1.0, 0.5, 0.4, 0.9, -1.0])
    everything = np.ones(5, dtype=bool)
    assert front_of(change, gain, line(3, 6, 9, 12, 15), everything) == [1, 0]
    assert front_of(change, gain, line(3, 3.2, 9, 12, 15), everything) == [0]  # of twins the one that gains more
    assert front_of(change, gain, line(3, 6, 9, 12, 15), np.array([False, True, True, True, True])) == [1, 3]
    many = np.arange(20.0)
    rows = front_of(many, many + 1, line(*(2 * many + 2)), np.ones(20, dtype=bool))
    assert len(rows) == 5 and rows[0] == 0 and rows[-1] == 19


def test_products_are_compared_and_not_their_backdrops() -> None:
    dark, darker, pale, wide = garment(0.1), garment(0.13), garment(0.7), garment(0.1, width=44)
    away = apart(seen_of(torch.stack([dark, darker, pale, wide])))
    assert away[0, 1] < FLOOR < min(away[0, 2], away[0, 3])
    assert np.array_equal(away, away.T) and not np.diag(away).any()
    grey_backdrop = torch.where(dark == 1, 0.9, dark)
    assert apart(seen_of(torch.stack([dark, grey_backdrop])))[0, 1] < 0.3


def test_another_print_of_the_same_mean_is_another_product() -> None:
    plain, printed = garment(0.4), garment(0.2, stripe=0.6)
    assert apart(seen_of(torch.stack([plain, printed])))[0, 1] > FLOOR


@pytest.mark.parametrize("shift", [1, 2])
def test_a_product_that_only_moved_a_little_is_the_same(shift: int) -> None:
    moved = torch.roll(garment(0.3), shift, dims=2)
    assert apart(seen_of(torch.stack([garment(0.3), moved])))[0, 1] < FLOOR
