"""Builds a network from a file's settings only if its weights are there: settings alone could demand any memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from gigs.errors import GigsError

M = TypeVar("M", bound=nn.Module)
# What building a network, and loading weights into it, raises where the settings make no sense.
WRONG = (RuntimeError, TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError, GigsError)

# What fills a tensor with random numbers while a network is built.
_DRAWN = {
    nn.init.normal_, nn.init.uniform_, nn.init.trunc_normal_, nn.init.kaiming_normal_, nn.init.kaiming_uniform_,
    nn.init.xavier_normal_, nn.init.xavier_uniform_, Tensor.normal_, Tensor.uniform_,
}  # fmt: skip


class _Undrawn(TorchFunctionMode):
    """Leaves tensors as they are where a network would draw its first weights."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in _DRAWN:
            return args[0] if args else kwargs["tensor"]
        if func is torch.randn:
            return torch.empty(*args, **{name: value for name, value in kwargs.items() if name != "generator"})
        return func(*args, **kwargs)


@contextmanager
def without_memory() -> Iterator[None]:
    """Build networks on the meta device, where tensors have shapes and no values: their weights are loaded later.

    Nothing is drawn at random either. That would do nothing there but import PyTorch's compiler, which takes as long as
    PyTorch itself.
    """
    with torch.device("meta"), _Undrawn():
        yield


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
        with without_memory():
            wanted = {name: tensor.shape for name, tensor in build().state_dict().items()}
    except NotImplementedError:  # a network that computes while it is built; of another package, as ours do not
        wanted = {}
    for name, shape in wanted.items():
        if shape.numel() and name not in tensors:
            raise ValueError(f"{name} is missing")
        if name in tensors and tensors[name].shape != shape:
            raise ValueError(f"{name} is {list(tensors[name].shape)}, the settings ask for {list(shape)}")
    return build()
