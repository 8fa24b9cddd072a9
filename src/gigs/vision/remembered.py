"""What a frozen network answered about a picture that is asked about again: a photo, for one audience after another.

The answer is that of the very same call, so nothing changes but the time: networks' answers depend, in the last digits,
on what else is in a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.utils.weak import WeakTensorKeyDictionary

T = TypeVar("T")

Answers = WeakKeyDictionary[nn.Module, dict[Hashable, object]]
_KNOWN: WeakTensorKeyDictionary = WeakTensorKeyDictionary()


def remember(pictures: Tensor) -> Tensor:
    """Remember from now on what networks answer about a tensor of pictures, for as long as it lives; returns it.

    It must not be changed in place any more.
    """
    if pictures not in _KNOWN:
        _KNOWN[pictures] = Answers()
    return pictures


def remembered(network: nn.Module, pictures: Tensor, ask: Callable[[], T], *what: Hashable) -> T:
    """The network's answer about pictures: the one given before, if they are remembered and the question is the same.

    Args:
        network: Frozen; whoever trains it must not come here.
        pictures: Asked about.
        ask: Gets the answer.
        what: Whatever else the answer follows from.
    """
    answers = _KNOWN.get(pictures) if not pictures.requires_grad else None
    if answers is None:
        return ask()
    known = answers.setdefault(network, {})
    key = (torch.is_autocast_enabled(pictures.device.type), *what)
    if key not in known:
        known[key] = ask()
    return known[key]
