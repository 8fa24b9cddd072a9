"""Building blocks of progressive GANs (Karras et al. 2017), arranged for speed on a CPU.

Two exact rearrangements: nearest-neighbour doubling followed by a 3x3 convolution is one transposed 4x4 convolution of
stride 2 (2.25 times fewer multiplications), and a 3x3 convolution followed by 2x2 averaging is one 4x4 convolution of
stride 2. Both are Karras et al.'s "fused" scaling. At 16 px and below the plain form is as fast or faster, and is used.
"""

from __future__ import annotations

import math
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gigs.vision.frozen import Derived

FUSE_FROM = 32  # resolution of the larger side from which the fused form is faster (two-core CPU, bf16)


class EqualisedConv(nn.Module):
    """Convolution with equalised learning rate: N(0,1) weights, scaled by He's constant at run time."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, gain: float = math.sqrt(2)) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale = gain / math.sqrt(inputs * kernel * kernel)
        self.padding = kernel // 2
        self._scaled = Derived(partial(torch.mul, other=self.scale))

    def forward(self, x: Tensor) -> Tensor:
        """`[N,inputs,H,W]` to `[N,outputs,H,W]`."""
        return F.conv2d(x, self._scaled(self.weight, training=self.training), self.bias, padding=self.padding)


class UpConv(EqualisedConv):
    """Double the size (nearest neighbour), then convolve 3x3."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3)
        self._fused = Derived(partial(_doubling, scale=self.scale))

    def forward(self, x: Tensor) -> Tensor:
        """`[N,inputs,H,W]` to `[N,outputs,2H,2W]`."""
        if 2 * x.shape[-1] < FUSE_FROM:
            return F.conv2d(
                F.interpolate(x, scale_factor=2),
                self._scaled(self.weight, training=self.training),
                self.bias,
                padding=1,
            )
        return F.conv_transpose2d(x, self._fused(self.weight, training=self.training), self.bias, stride=2, padding=1)


class DownConv(EqualisedConv):
    """Convolve 3x3, then halve the size by averaging."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3)
        self._fused = Derived(partial(_halving, scale=self.scale))

    def forward(self, x: Tensor) -> Tensor:
        """`[N,inputs,H,W]` to `[N,outputs,H/2,W/2]`."""
        if x.shape[-1] < FUSE_FROM:
            return F.avg_pool2d(F.conv2d(x, self._scaled(self.weight, training=self.training), self.bias, padding=1), 2)
        return F.conv2d(x, self._fused(self.weight, training=self.training), self.bias, stride=2, padding=1)


def _doubling(weight: Tensor, scale: float) -> Tensor:
    """The transposed 4x4 kernel that doubles and convolves."""
    return _spread((weight * scale).flip(2, 3)).transpose(0, 1)


def _halving(weight: Tensor, scale: float) -> Tensor:
    """The 4x4 kernel that convolves and averages."""
    return _spread(weight * scale) / 4


def _spread(weight: Tensor) -> Tensor:
    """Sum of a 3x3 kernel's four shifts by one pixel: `[...,3,3]` to `[...,4,4]`."""
    padded = F.pad(weight, (1, 1, 1, 1))
    return padded[..., 1:, 1:] + padded[..., :-1, 1:] + padded[..., 1:, :-1] + padded[..., :-1, :-1]


class EqualisedLinear(nn.Module):
    """Fully connected layer with equalised learning rate."""

    def __init__(self, inputs: int, outputs: int, *, gain: float = math.sqrt(2)) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale = gain / math.sqrt(inputs)
        self._scaled = Derived(partial(torch.mul, other=self.scale))

    def forward(self, x: Tensor) -> Tensor:
        """`[N,inputs]` to `[N,outputs]`."""
        return F.linear(x, self._scaled(self.weight, training=self.training), self.bias)


class MinibatchStd(nn.Module):
    """Append the mean standard deviation over groups of the batch as one more channel (section 3)."""

    def __init__(self, group: int = 4) -> None:
        super().__init__()
        self.group = group

    def forward(self, x: Tensor) -> Tensor:
        """`[N,C,H,W]` to `[N,C+1,H,W]`; the group shrinks to a divisor of N."""
        n, channels, height, width = x.shape
        group = self.size(n)
        split = x.float().view(group, n // group, channels, height, width)
        deviation = (split.var(dim=0, unbiased=False) + 1e-8).sqrt().mean(dim=(1, 2, 3))
        channel = deviation.repeat(group).view(n, 1, 1, 1).expand(n, 1, height, width)
        return torch.cat([x, channel.to(x.dtype)], dim=1)

    def size(self, n: int) -> int:
        """How many of `n` rows are compared with one another: rows i, i + n/size, i + 2n/size, and so on."""
        return next(size for size in range(min(self.group, n), 0, -1) if n % size == 0)
