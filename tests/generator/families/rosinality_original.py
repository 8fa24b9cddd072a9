"""rosinality's StyleGAN2 as its repository computes and stores it, written again from `model.py`, literally."""

from __future__ import annotations

import math
from itertools import pairwise

import torch

from tests.generator.families.stylegan2_originals import TAPS, lrelu, modulated, twice, unit


class Rosinality:
    """Its generator as a dictionary of tensors and the arithmetic that goes with them; noise held constant."""

    def __init__(self, channels=(12, 10, 8, 6), style_dim=16, layers=4):
        self.levels, self.layers, self.state = len(channels), layers, {}
        for k in range(layers):
            self.state[f"style.{k + 1}.weight"] = torch.randn(style_dim, style_dim) / 0.01
            self.state[f"style.{k + 1}.bias"] = torch.randn(style_dim) * 20
        self.state["input.input"] = torch.randn(1, channels[0], 4, 4)
        self._conv("conv1", channels[0], channels[0], style_dim)
        self._rgb("to_rgb1", channels[0], style_dim, kernel=False)
        for k, (inputs, outputs) in enumerate(pairwise(channels)):
            self._conv(f"convs.{2 * k}", inputs, outputs, style_dim, kernel=True)
            self._conv(f"convs.{2 * k + 1}", outputs, outputs, style_dim)
            self._rgb(f"to_rgbs.{k}", outputs, style_dim, kernel=True)
        for k in range(2 * self.levels - 1):
            side = 4 * 2 ** ((k + 1) // 2)
            self.state[f"noises.noise_{k}"] = torch.randn(1, 1, side, side)

    def _conv(self, name, inputs, outputs, style_dim, kernel=False):
        self.state[f"{name}.conv.weight"] = torch.randn(1, outputs, inputs, 3, 3)
        self._modulation(f"{name}.conv", inputs, style_dim)
        self.state[f"{name}.noise.weight"] = torch.tensor([0.3])
        self.state[f"{name}.activate.bias"] = torch.randn(outputs) * 0.2
        if kernel:
            self.state[f"{name}.conv.blur.kernel"] = 4 * torch.outer(TAPS, TAPS)

    def _rgb(self, name, inputs, style_dim, kernel):
        self.state[f"{name}.conv.weight"] = torch.randn(1, 3, inputs, 1, 1)
        self._modulation(f"{name}.conv", inputs, style_dim)
        self.state[f"{name}.bias"] = torch.randn(1, 3, 1, 1) * 0.2
        if kernel:
            self.state[f"{name}.upsample.kernel"] = 4 * torch.outer(TAPS, TAPS)

    def _modulation(self, name, inputs, style_dim):
        self.state[f"{name}.modulation.weight"] = torch.randn(inputs, style_dim)
        self.state[f"{name}.modulation.bias"] = 1 + torch.randn(inputs) * 0.2

    def style(self, name, w):
        weight = self.state[f"{name}.modulation.weight"]
        return w @ (weight / math.sqrt(weight.shape[1])).T + self.state[f"{name}.modulation.bias"]

    def conv(self, name, x, w, noise, up=False):
        weight = self.state[f"{name}.conv.weight"][0]
        scaled = weight / math.sqrt(weight[0].numel())
        x = modulated(x, scaled, self.style(f"{name}.conv", w), up=up)
        x = x + self.state[f"{name}.noise.weight"] * self.state[f"noises.noise_{noise}"][0]
        return lrelu(x + self.state[f"{name}.activate.bias"][:, None, None])

    def rgb(self, name, x, w):
        weight = self.state[f"{name}.conv.weight"][0]
        scaled = weight / math.sqrt(weight[0].numel())
        return modulated(x, scaled, self.style(f"{name}.conv", w), demodulate=False) + self.state[f"{name}.bias"][0]

    def __call__(self, z):
        w = unit(z)
        for k in range(1, self.layers + 1):
            weight = self.state[f"style.{k}.weight"]
            w = lrelu(w @ (weight * 0.01 / math.sqrt(weight.shape[1])).T + self.state[f"style.{k}.bias"] * 0.01)
        return torch.stack([self.draw(each) for each in w])

    def draw(self, w):
        x = self.conv("conv1", self.state["input.input"][0], w, 0)
        picture = self.rgb("to_rgb1", x, w)
        for k in range(self.levels - 1):
            x = self.conv(f"convs.{2 * k}", x, w, 2 * k + 1, up=True)
            x = self.conv(f"convs.{2 * k + 1}", x, w, 2 * k + 2)
            picture = twice(picture) + self.rgb(f"to_rgbs.{k}", x, w)
        return picture
