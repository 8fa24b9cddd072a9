"""Remembers a frozen network's output for a picture that is used again, such as a photo for several audiences.

The output comes from an identical call, so results stay the same: a network's last digits depend on what else is in the
batch.
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
    """Remember networks' outputs for a tensor of pictures as long as it lives; returns the tensor.

    The tensor must not be changed in place any more.
    """
    if pictures not in _KNOWN:
        _KNOWN[pictures] = Answers()
    return pictures


def remembered(network: nn.Module, pictures: Tensor, ask: Callable[[], T], *what: Hashable) -> T:
    """A network's output for pictures: the earlier one, if they are remembered and the call is the same.

    Args:
        network: A frozen network. Do not use this in training.
        pictures: Input of the network.
        ask: Computes the output.
        what: Anything else that the output depends on.
    """
    answers = _KNOWN.get(pictures) if not pictures.requires_grad else None
    if answers is None:
        return ask()
    known = answers.setdefault(network, {})
    key = (torch.is_autocast_enabled(pictures.device.type), *what)
    if key not in known:
        known[key] = ask()
    return known[key]
