"""What a frozen weight becomes before a convolution takes it, computed once instead of at every call.

Autocast keeps its casts only of weights that are being learned. Networks here are mostly frozen: without this, every
step of an inversion casts, scales and spreads the same weights again, which costs a quarter of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def autocast_dtype(device: torch.device) -> torch.dtype | None:
    """What autocast turns a convolution's operands into just now; None where it is off."""
    kind = device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else None


class Derived:
    """A function of one weight, in the precision that autocast wants; kept while the weight is frozen and unchanged.

    Changes are told by the weight's version, which torch's fused optimisers do not count. So nothing is kept in
    training mode, where a critic is frozen and learns by turns, and what was kept goes when the weight learns again.

    Args:
        function: Of the weight. Its value may be handed out many times and must not be changed.
    """

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        self.function = function
        self._kept: tuple[tuple[Any, ...], Tensor, Tensor] | None = None

    def __call__(self, weight: Tensor, *, training: bool = False) -> Tensor:
        """The function's value; in training, or while the weight is learned, computed anew and with its gradient."""
        if training or weight.requires_grad or weight.is_inference():
            self._kept = None
            return self.function(weight)
        dtype = autocast_dtype(weight.device)
        key = (weight.data_ptr(), weight._version, weight.shape, weight.stride(), weight.dtype, dtype)
        kept = self._kept
        if kept is None or kept[0] != key:
            with torch.no_grad(), torch.inference_mode(False):
                value = self.function(weight)
                value = value if dtype is None else value.to(dtype)
            # The weight's own memory is held too, so that no other weight can come to lie at its address.
            kept = self._kept = (key, value, weight.detach())
        return kept[1]

    def __deepcopy__(self, memo: dict[int, Any]) -> Derived:
        """A copy's weights lie elsewhere, so nothing kept is of use to it."""
        return Derived(self.function)
