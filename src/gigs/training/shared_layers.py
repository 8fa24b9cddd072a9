"""Layers that need the whole batch, for several processes that share it."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gigs.training.processes import Processes, here


class SharedBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation over the rows of all processes; PyTorch's own `SyncBatchNorm` needs GPUs."""

    def forward(self, x: Tensor) -> Tensor:
        """`[N,C,H,W]` to the same shape."""
        processes = here()
        if processes.count == 1 or not self.training:
            return super().forward(x)
        assert self.running_mean is not None and self.running_var is not None and self.momentum is not None
        wide = x.float()
        count = wide.numel() // wide.shape[1] * processes.count
        mean = _total(wide.sum((0, 2, 3))) / count
        centred = wide - mean[:, None, None]
        variance = _total(centred.square().sum((0, 2, 3))) / count
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * (count / max(count - 1, 1)), self.momentum)
            if self.num_batches_tracked is not None:
                self.num_batches_tracked.add_(1)
        scale = self.weight * (variance + self.eps).rsqrt()
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(x.dtype)


class SharedDropout(nn.Dropout):
    """Dropout of a share of the rows, drawn as one process would draw it for all of them.

    Attributes:
        processes: Among whom the present batch is shared.
    """

    def __init__(self, p: float, processes: Processes) -> None:
        super().__init__(p)
        self.processes = processes

    def forward(self, x: Tensor) -> Tensor:
        """`[N,...]` to the same shape."""
        if self.processes.count == 1 or not self.training:
            return super().forward(x)
        whole = torch.ones(len(x) * self.processes.count, *x.shape[1:], dtype=x.dtype, device=x.device)
        return x * self.processes.mine(F.dropout(whole, self.p, training=True))


def share_layers(network: nn.Module) -> nn.Module:
    """Put shared layers in the place of those that look at the whole batch; weights and names stay."""
    processes = here()
    if processes.count == 1:
        return network
    for parent in list(network.modules()):
        for name, layer in list(parent.named_children()):
            if type(layer) is nn.BatchNorm2d:
                layer.__class__ = SharedBatchNorm2d
            elif type(layer) is nn.Dropout:
                setattr(parent, name, SharedDropout(layer.p, processes))
    return network


def share_among(network: nn.Module, processes: Processes) -> None:
    """Say among whom the next batch is shared, to the layers that draw for it."""
    for layer in network.modules():
        if isinstance(layer, SharedDropout):
            layer.processes = processes


def _total(values: Tensor) -> Tensor:
    """The sum over all processes; so is its gradient."""
    total: Tensor = _Total.apply(values)
    return total


class _Total(torch.autograd.Function):
    """Each process's loss depends on every process's rows: their gradients are summed as the values are."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        return here().mean_of(values) * here().count

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return here().mean_of(gradient.contiguous()) * here().count
