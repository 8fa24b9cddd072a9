"""Blocks of BigGAN (Brock et al. 2019, appendix B) and of BigGAN-deep."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ConditionalNorm(nn.Module):
    """Batch normalisation with stored statistics, whose gain and bias are linear in a condition."""

    mean: Tensor
    variance: Tensor

    def __init__(self, channels: int, condition: int, eps: float) -> None:
        super().__init__()
        self.eps = eps
        self.gain = nn.Linear(condition, channels, bias=False)
        self.bias = nn.Linear(condition, channels, bias=False)
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """`[N,channels,H,W]` and `[N,condition]` to the shape of x."""
        gain = (1 + self.gain(condition)) * (self.variance + self.eps).rsqrt()
        bias = self.bias(condition) - gain * self.mean
        return x * gain[:, :, None, None] + bias[:, :, None, None]


class PlainBlock(nn.Module):
    """BigGAN's residual block: two 3x3 convolutions, and a 1x1 one beside them where sizes differ."""

    def __init__(self, inputs: int, outputs: int, doubles: bool, condition: int, eps: float) -> None:
        super().__init__()
        self.doubles = doubles
        self.norms = nn.ModuleList(ConditionalNorm(width, condition, eps) for width in (inputs, outputs))
        self.convs = nn.ModuleList(nn.Conv2d(width, outputs, 3, padding=1) for width in (inputs, outputs))
        self.shortcut = nn.Conv2d(inputs, outputs, 1) if doubles or inputs != outputs else nn.Identity()

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """`[N,inputs,H,W]` to `[N,outputs,H,W]`, or twice the side."""
        inner = F.relu(self.norms[0](x, condition))
        if self.doubles:
            inner = F.interpolate(inner, scale_factor=2)
        inner = self.convs[1](F.relu(self.norms[1](self.convs[0](inner), condition)))
        beside = self.shortcut(
            x
        )  # a 1x1 convolution commutes with nearest-neighbour doubling, and is cheaper before it
        return inner + (F.interpolate(beside, scale_factor=2) if self.doubles else beside)


class DeepBlock(nn.Module):
    """BigGAN-deep's: 1x1, 3x3, 3x3, 1x1 at a quarter of the width; beside them, the first channels as they are."""

    def __init__(self, inputs: int, outputs: int, doubles: bool, condition: int, eps: float) -> None:
        super().__init__()
        self.doubles, self.outputs, middle = doubles, outputs, max(1, inputs // 4)
        widths = (inputs, middle, middle, middle)
        self.norms = nn.ModuleList(ConditionalNorm(width, condition, eps) for width in widths)
        kernels = zip(widths, (*widths[1:], outputs), (1, 3, 3, 1), strict=True)
        self.convs = nn.ModuleList(nn.Conv2d(a, b, kernel, padding=kernel // 2) for a, b, kernel in kernels)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """`[N,inputs,H,W]` to `[N,outputs,H,W]`, or twice the side."""
        inner, beside = x, x[:, : self.outputs]
        for number, (norm, conv) in enumerate(zip(self.norms, self.convs, strict=True)):
            inner = F.relu(norm(inner, condition))
            if self.doubles and number == 1:
                inner = F.interpolate(inner, scale_factor=2)
            inner = conv(inner)
        return inner + (F.interpolate(beside, scale_factor=2) if self.doubles else beside)


class Attention(nn.Module):
    """Self-attention over places (Zhang et al. 2019), keys and values at half the side."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        key, value = max(1, channels // 8), max(1, channels // 2)
        self.theta = nn.Conv2d(channels, key, 1, bias=False)
        self.phi = nn.Conv2d(channels, key, 1, bias=False)
        self.g = nn.Conv2d(channels, value, 1, bias=False)
        self.o = nn.Conv2d(value, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """`[N,channels,H,W]` to the same shape."""
        queries = self.theta(x).flatten(2).transpose(1, 2)
        keys, values = (F.max_pool2d(layer(x), 2).flatten(2) for layer in (self.phi, self.g))
        weights = (queries @ keys).softmax(-1)  # [N,HW,HW/4]
        drawn = (values @ weights.transpose(1, 2)).unflatten(2, x.shape[2:])
        return x + self.gamma * self.o(drawn)
