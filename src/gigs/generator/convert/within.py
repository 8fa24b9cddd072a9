"""Where in a checkpoint a generator's weights are: under a name, behind a prefix, inside an encoder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

Tensors = dict[str, Tensor]

# What checkpoints call a generator, the average over training before the last step's weights.
AVERAGES = ("g_ema", "G_ema", "G_EMA", "params_ema", "netG_ema", "generator_ema", "ema_generator", "ema_model", "ema")
PLAIN = ("g", "G", "generator", "netG", "decoder", "params", "net", "model", "state_dict", "model_state_dict")
WRAPPERS = ("module", "_orig_mod")  # what DataParallel and torch.compile put into names
DEPTH = 3


def weights_within(content: Any, depth: int = DEPTH) -> Iterator[Tensors]:
    """Every set of named layers in a checkpoint that may be a generator, the likeliest first.

    Args:
        content: What the file holds: plain containers and tensors.
        depth: How many names may stand before a layer's own, such as `state_dict` and `decoder`.

    Yields:
        Layers under their own names, without prefixes and wrappers.
    """
    if not isinstance(content, Mapping) or not content or depth < 0:
        return
    for name in AVERAGES:
        yield from weights_within(content.get(name), depth - 1)
    state = {
        unwrapped(name): tensor
        for name, tensor in content.items()
        if isinstance(name, str) and isinstance(tensor, Tensor)
    }
    for name in AVERAGES:
        yield from weights_within(_behind(state, name), depth - 1)
    if state:
        yield state
    for name in PLAIN:
        yield from weights_within(content.get(name), depth - 1)
        yield from weights_within(_behind(state, name), depth - 1)


def unwrapped(name: str) -> str:
    """A layer's name without what `WRAPPERS` added to it."""
    return ".".join(part for part in name.split(".") if part not in WRAPPERS)


def _behind(state: Tensors, prefix: str) -> Tensors:
    """The layers whose names begin with a prefix and a dot, without both."""
    return {name.removeprefix(f"{prefix}."): tensor for name, tensor in state.items() if name.startswith(f"{prefix}.")}
