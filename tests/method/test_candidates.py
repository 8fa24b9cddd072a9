"""Which candidates are left out: another kind of product, what grows out of the photo, what is over the budget."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gigs.method.candidates import HANDFUL, Tried

N = 8


def tried(**marked: list[int]) -> Tried:
    """Candidates that can all be told apart, the first liked best; some of them are marked."""
    at = 10.0 * np.arange(N + 1)
    flags = {name: np.isin(np.arange(N), marked.get(name, [])) for name in ("strange", "sketched", "cropped")}
    return Tried(
        looks=torch.zeros(N, 3, 4, 4),
        pictures=[np.zeros((4, 4, 3), dtype=np.uint8)] * N,
        away=np.abs(at[:, None] - at[None]),
        gain=np.arange(N, 0, -1, dtype=float),
        change=np.linspace(0.1, 0.2, N),
        within=~np.isin(np.arange(N), marked.get("over", [])),
        **flags,
    )


@pytest.mark.parametrize(
    ("marked", "asked", "shown"),
    [
        ({}, 3, [0, 1, 2]),
        ({"strange": [0, 1]}, 8, [2, 3, 4, 5, 6, 7]),  # enough of the kind are left
        ({"strange": [0, 1, 2, 3, 4, 5]}, 8, [6, 7, 0, 1]),  # a handful is filled up
        ({"strange": [0, 1, 2, 3, 4, 5]}, 3, [6, 7, 0]),
        ({"sketched": [0, 1]}, 8, [2, 3, 4, 5, 6, 7, 0, 1]),  # sketches come last
        ({"cropped": [0, 3], "over": [1]}, 8, [2, 4, 5, 6, 7]),
        ({"cropped": list(range(N))}, 2, [0, 1]),  # nothing else there
        ({"over": list(range(N))}, 2, []),
    ],
)
def test_what_is_shown(marked, asked, shown):
    assert HANDFUL == 4
    assert tried(**marked).chosen(asked) == shown


def test_what_turns_out_to_be_cropped_gives_way_to_the_next():
    before = tried(cropped=[1])
    after = before.without(np.array([0, 2]))
    assert after.chosen(2) == [3, 4]
    assert before.chosen(2) == [0, 2], "the first is left as it was"
