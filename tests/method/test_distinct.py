import numpy as np
import pytest

from gigs.method.distinct import grows_out
from gigs.vision.images import Fit

FIT = Fit(width=200, height=300, left=1 / 6, top=0.0, right=5 / 6, bottom=1.0)


def garment(top, bottom, left, right):
    mask = np.zeros((60, 60), dtype=bool)
    mask[top:bottom, left:right] = True
    return mask


@pytest.mark.parametrize(
    ("redesign", "out"),
    [
        (garment(5, 50, 20, 40), False),  # shorter
        (garment(0, 55, 20, 40), True),  # over the upper edge
        (garment(5, 55, 10, 40), True),  # over the left one, which is not the square's
        (garment(5, 55, 11, 49), False),  # up to the edges and no further
    ],
)
def test_what_grows_out_of_the_photo_is_told(redesign, out):
    assert grows_out(np.stack([garment(5, 55, 20, 40), redesign]), FIT).tolist() == [out]


def test_a_product_that_is_cut_off_already_may_stay_so():
    cut, wider = garment(5, 60, 20, 40), garment(5, 60, 18, 42)
    assert grows_out(np.stack([cut, cut, wider, garment(5, 60, 10, 50)]), FIT).tolist() == [False, False, True]
