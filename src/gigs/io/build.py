"""Build a network from a file's settings only if its weights are there: settings alone could ask for any memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn

from gigs.errors import GigsError

M = TypeVar("M", bound=nn.Module)
# What building a network, and loading weights into it, raises where the settings make no sense.
WRONG = (RuntimeError, TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError, GigsError)


def build_fitting(build: Callable[[], M], tensors: Mapping[str, Tensor]) -> M:
    """Build a network whose tensors are those at hand.

    It is built on the meta device first, where tensors have shapes but take no memory.

    Args:
        build: Makes the network.
        tensors: From the same file as the settings; what is loaded into the network next.

    Raises:
        ValueError: A tensor is missing or of another shape. Whatever else `build` raises comes through.
    """
    try:
        with torch.device("meta"):
            wanted = {name: tensor.shape for name, tensor in build().state_dict().items()}
    except NotImplementedError:  # a network that computes while it is built; of another package, as ours do not
        wanted = {}
    for name, shape in wanted.items():
        if shape.numel() and name not in tensors:
            raise ValueError(f"{name} is missing")
        if name in tensors and tensors[name].shape != shape:
            raise ValueError(f"{name} is {list(tensors[name].shape)}, the settings ask for {list(shape)}")
    return build()
