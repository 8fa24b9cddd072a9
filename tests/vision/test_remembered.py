from __future__ import annotations

import gc

import torch
from torch import Tensor, nn

from gigs.vision import remembered as module
from gigs.vision.remembered import remember, remembered


class Counting(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return 2 * x


def ask(network: Counting, pictures: Tensor, *what: object) -> Tensor:
    return remembered(network, pictures, lambda: network(pictures), *what)


def test_only_what_is_remembered_is_answered_once() -> None:
    network, photo, other = Counting(), remember(torch.ones(1, 3, 4, 4)), torch.ones(1, 3, 4, 4)
    first = ask(network, photo)
    assert ask(network, photo) is first and network.calls == 1
    ask(network, other)
    ask(network, other)
    assert network.calls == 3


def test_other_questions_networks_and_precisions_have_their_own_answers() -> None:
    network, photo = Counting(), remember(torch.ones(1, 3, 4, 4))
    ask(network, photo, 64)
    ask(network, photo, 32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        ask(network, photo, 64)
    ask(Counting(), photo, 64)
    assert network.calls == 3


def test_a_picture_that_is_searched_for_is_asked_about_every_time() -> None:
    network, picture = Counting(), remember(torch.ones(1, 3, 4, 4).requires_grad_())
    ask(network, picture)
    ask(network, picture).sum().backward()
    assert network.calls == 2 and picture.grad is not None


def test_nothing_outlives_the_picture() -> None:
    before = len(module._KNOWN)
    photo = remember(torch.ones(1, 3, 4, 4))
    ask(Counting(), photo)
    del photo
    gc.collect()
    assert len(module._KNOWN) == before
