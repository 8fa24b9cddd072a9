"""Weights in eight bits: a matrix's or kernel's rows as whole numbers from -127 to 127 and a scale for each row.

Half as large as half precision. A row's scale fits its largest weight, so each weight is off by 1/254 of that at most.
Vectors (biases, norms, moments) are few and stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

SCALE = ".scale"  # at the end of a name: the scales of that tensor's rows
SMALLEST = 4096  # numbers, below which a tensor stays as it is


def packed(tensors: dict[str, Tensor], exact: Iterable[str] = ()) -> dict[str, Tensor]:
    """Tensors with int8 in place of large ones, and their scales beside them.

    `exact`: parts of names of those that stay as they are.
    """
    result: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if tensor.ndim < 2 or tensor.numel() < SMALLEST or any(part in name for part in exact):
            result[name] = tensor
            continue
        rows = tensor.float().flatten(1)
        scale = (rows.abs().amax(dim=1) / 127).clamp_min(1e-12)
        result[name] = (rows / scale[:, None]).round().to(torch.int8).view(tensor.shape)
        result[name + SCALE] = scale
    return result


def in_eight_bits(tensors: dict[str, Tensor]) -> bool:
    """Whether `packed` made them."""
    return any(tensor.dtype == torch.int8 for tensor in tensors.values())


def unpacked(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """float32 tensors of what `packed` made."""
    return {
        name: _restored(tensor, tensors[name + SCALE]) if name + SCALE in tensors else tensor
        for name, tensor in tensors.items()
        if not (name.endswith(SCALE) and name.removesuffix(SCALE) in tensors)
    }


def _restored(tensor: Tensor, scale: Tensor) -> Tensor:
    return (tensor.float().flatten(1) * scale[:, None]).view(tensor.shape)
