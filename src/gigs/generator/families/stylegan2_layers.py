"""Layers of StyleGAN2 (Karras et al. 2020, section 2), arranged for batches of different styles on a CPU.

A convolution whose weights are scaled by each picture's own style equals one with shared weights between a scaling of
its input and a scaling of its output, which needs no grouped convolution.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FILTER = (1.0, 3.0, 3.0, 1.0)  # low-pass filter at every doubling


def leaky(x: Tensor) -> Tensor:
    """Leaky ReLU that keeps the variance."""
    return F.leaky_relu(x, 0.2) * math.sqrt(2)


def enlarge(picture: Tensor) -> Tensor:
    """`[N,C,H,W]` to `[N,C,2H,2W]` through the low-pass filter."""
    return F.conv_transpose2d(picture, _kernel(picture), stride=2, padding=1, groups=picture.shape[1])


class Dense(nn.Module):
    """Fully connected, equalised learning rate; `rate` multiplies it. `bias` is the bias's initial value."""

    def __init__(self, inputs: int, outputs: int, *, rate: float = 1.0, bias: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full((outputs,), bias))
        self.scale, self.rate = rate / math.sqrt(inputs), rate

    def forward(self, x: Tensor) -> Tensor:
        """`[N,inputs]` to `[N,outputs]`."""
        return F.linear(x, self.weight * self.scale, self.bias * self.rate)


class StyledConv(nn.Module):
    """3x3 convolution modulated by a style and demodulated, constant noise, bias, activation; `up` doubles first.

    `noise` is `[side,side]` and the same in every picture: a generator here is a function of its latent vector.
    """

    noise: Tensor

    def __init__(
        self, inputs: int, outputs: int, *, w_dim: int, side: int, up: bool = False, clamp: float | None = None
    ) -> None:
        super().__init__()
        self.up, self.clamp = up, clamp
        self.affine = Dense(w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.strength = nn.Parameter(torch.zeros(()))
        self.register_buffer("noise", torch.randn(side, side))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """`[N,inputs,H,W]` and styles `[N,w_dim]` to `[N,outputs,H,W]`, or twice the side."""
        style = self.affine(w).float()
        demodulation = (style.square() @ self.weight.square().sum((2, 3)).T + 1e-8).rsqrt()
        x = x * style[:, :, None, None].to(x.dtype)
        if self.up:
            x = F.conv_transpose2d(x, self.weight.transpose(0, 1), stride=2)
            x = F.conv2d(x, _kernel(x), padding=1, groups=x.shape[1])
        else:
            x = F.conv2d(x, self.weight, padding=1)
        x = x * demodulation[:, :, None, None].to(x.dtype)
        x = leaky(x + self.noise * self.strength + self.bias[:, None, None])
        return x if self.clamp is None else x.clamp(-self.clamp, self.clamp)


class ToColours(nn.Module):
    """1x1 convolution to colours, modulated and not demodulated."""

    def __init__(self, inputs: int, *, w_dim: int, clamp: float | None = None) -> None:
        super().__init__()
        self.clamp, self.scale = clamp, 1 / math.sqrt(inputs)
        self.affine = Dense(w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(3, inputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(3))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """`[N,inputs,H,W]` and styles `[N,w_dim]` to `[N,3,H,W]`."""
        style = self.affine(w) * self.scale
        x = F.conv2d(x * style[:, :, None, None].to(x.dtype), self.weight, self.bias)
        return x if self.clamp is None else x.clamp(-self.clamp, self.clamp)


def _kernel(x: Tensor) -> Tensor:
    """The filter for every channel of `x`, `[C,1,4,4]`, four times as strong for the zeros in between."""
    taps = torch.tensor(FILTER, device=x.device, dtype=x.dtype) / sum(FILTER)
    return (4 * taps[:, None] * taps).expand(x.shape[1], 1, 4, 4)
