"""Which values an audience likes, and redrawing a photo in them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from gigs.errors import InputError
from gigs.shifting.conditions import liked_values, redraw
from tests.generator.families.test_latent_flow import KNOWN, small

ITEMS = pd.DataFrame({"type": ["Dress"] * 8 + ["Skirt"] * 8, "colour": (["Black"] * 3 + ["White"] * 4 + [None]) * 2})
LIKING = np.array([3, 2, 4, 0, 1, 0, 1, 9, 1, 1, 1, 5, 6, 5, 6, 9], dtype=float)
VALUES = {"type": ["Dress", "Skirt"], "colour": ["Black", "White"]}


def test_values_are_ordered_by_what_their_items_are_liked_for_sure():
    found = liked_values(ITEMS, LIKING, VALUES, ["type", "colour"], least=2)
    assert [one.values for one in found] == [
        {"type": "Skirt", "colour": "White"},
        {"type": "Dress", "colour": "Black"},
        {"type": "Skirt", "colour": "Black"},
        {"type": "Dress", "colour": "White"},
    ]
    assert [one.items for one in found] == [4, 3, 3, 4]
    assert found[1].liking == pytest.approx(3 - 1 / 3**0.5)


def test_rare_and_unlearned_values_are_left_out():
    assert [one.items for one in liked_values(ITEMS, LIKING, VALUES, ["type", "colour"], least=4)] == [4, 4]
    only = liked_values(ITEMS, LIKING, VALUES | {"colour": ["Black"]}, ["colour"], least=2)
    assert [one.values for one in only] == [{"colour": "Black"}]
    with pytest.raises(InputError, match="the generator knows type, colour"):
        liked_values(ITEMS, LIKING, VALUES, ["length"])


def test_each_wish_is_redrawn_from_the_same_noise():
    generator = small(steps=4).freeze()
    photo = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    wishes = [{"type": kind} for kind in KNOWN["type"]]
    drawn = redraw(generator, photo, [*wishes, wishes[0]], strength=0.7, guidance=3.0)
    assert drawn.shape == (3, 3, 32, 32) and drawn.min() >= 0 and drawn.max() <= 1
    assert torch.equal(drawn[0], drawn[2]) and not torch.equal(drawn[0], drawn[1])
    other = redraw(generator, photo, wishes[:1], strength=0.7, guidance=3.0, seed=1)
    assert not torch.equal(drawn[:1], other)
    kept = redraw(generator, photo, wishes[:1], strength=0.7, seed=None)
    assert torch.equal(kept, generator.told(wishes[0], guidance=2.0).redraw(photo, 0.7))
    with pytest.raises(InputError, match="not learned"):
        redraw(generator, photo, [{"type": "Robe"}])
