"""BigGAN-deep as the Hugging Face port computes and stores it, written again from its `model.py`."""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional as F


def sn(layer):
    return nn.utils.spectral_norm(layer, eps=1e-4)


class PortNorm(nn.Module):
    def __init__(self, channels, condition=None, n_stats=51):
        super().__init__()
        self.register_buffer("running_means", torch.randn(n_stats, channels) * 0.3)
        self.register_buffer("running_vars", torch.rand(n_stats, channels) + 0.5)
        self.step_size = 1.0 / (n_stats - 1)
        self.conditional = condition is not None
        if self.conditional:
            self.scale = sn(nn.Linear(condition, channels, bias=False))
            self.offset = sn(nn.Linear(condition, channels, bias=False))
        else:
            self.weight, self.bias = nn.Parameter(torch.rand(channels) + 0.5), nn.Parameter(torch.randn(channels) * 0.3)

    def forward(self, x, truncation, condition=None):
        coef, start = math.modf(truncation / self.step_size)
        start = int(start)
        mean, var = self.running_means[start], self.running_vars[start]
        if coef != 0.0:
            mean = self.running_means[start] * coef + self.running_means[start + 1] * (1 - coef)
            var = self.running_vars[start] * coef + self.running_vars[start + 1] * (1 - coef)
        if not self.conditional:
            return F.batch_norm(x, mean, var, self.weight, self.bias, training=False, momentum=0.0, eps=1e-4)
        weight = 1 + self.scale(condition).unsqueeze(-1).unsqueeze(-1)
        bias = self.offset(condition).unsqueeze(-1).unsqueeze(-1)
        x = (x - mean[None, :, None, None]) / torch.sqrt(var[None, :, None, None] + 1e-4)
        return x * weight + bias


class GenBlock(nn.Module):
    def __init__(self, in_size, out_size, condition, up_sample):
        super().__init__()
        self.up_sample, self.drop_channels = up_sample, in_size != out_size
        middle = in_size // 4
        self.bn_0, self.conv_0 = PortNorm(in_size, condition), sn(nn.Conv2d(in_size, middle, 1))
        self.bn_1, self.conv_1 = PortNorm(middle, condition), sn(nn.Conv2d(middle, middle, 3, padding=1))
        self.bn_2, self.conv_2 = PortNorm(middle, condition), sn(nn.Conv2d(middle, middle, 3, padding=1))
        self.bn_3, self.conv_3 = PortNorm(middle, condition), sn(nn.Conv2d(middle, out_size, 1))

    def forward(self, x, condition, truncation):
        x0 = x
        x = self.conv_0(F.relu(self.bn_0(x, truncation, condition)))
        x = F.relu(self.bn_1(x, truncation, condition))
        if self.up_sample:
            x = F.interpolate(x, scale_factor=2, mode="nearest")
        x = self.conv_1(x)
        x = self.conv_2(F.relu(self.bn_2(x, truncation, condition)))
        x = self.conv_3(F.relu(self.bn_3(x, truncation, condition)))
        if self.drop_channels:
            x0 = x0[:, : x0.shape[1] // 2, ...]
        if self.up_sample:
            x0 = F.interpolate(x0, scale_factor=2, mode="nearest")
        return x + x0


class SelfAttn(nn.Module):
    def __init__(self, ch):
        super().__init__()
        self.snconv1x1_theta = sn(nn.Conv2d(ch, ch // 8, 1, bias=False))
        self.snconv1x1_phi = sn(nn.Conv2d(ch, ch // 8, 1, bias=False))
        self.snconv1x1_g = sn(nn.Conv2d(ch, ch // 2, 1, bias=False))
        self.snconv1x1_o_conv = sn(nn.Conv2d(ch // 2, ch, 1, bias=False))
        self.gamma = nn.Parameter(torch.full((1,), 0.7))

    def forward(self, x):
        _, ch, h, w = x.size()
        theta = self.snconv1x1_theta(x).view(-1, ch // 8, h * w)
        phi = F.max_pool2d(self.snconv1x1_phi(x), 2, stride=2).view(-1, ch // 8, h * w // 4)
        attn = F.softmax(torch.bmm(theta.permute(0, 2, 1), phi), dim=-1)
        g = F.max_pool2d(self.snconv1x1_g(x), 2, stride=2).view(-1, ch // 2, h * w // 4)
        drawn = torch.bmm(g, attn.permute(0, 2, 1)).view(-1, ch // 2, h, w)
        return x + self.gamma * self.snconv1x1_o_conv(drawn)


class PortGenerator(nn.Module):
    def __init__(self, ch, z_dim, embedded, layers, attention):
        super().__init__()
        self.ch, condition = ch, z_dim + embedded
        self.gen_z = sn(nn.Linear(condition, 4 * 4 * 16 * ch))
        parts = []
        for k, (up, inputs, outputs) in enumerate(layers):
            if k == attention:
                parts.append(SelfAttn(ch * inputs))
            parts.append(GenBlock(ch * inputs, ch * outputs, condition, up))
        self.layers = nn.ModuleList(parts)
        self.bn = PortNorm(ch * layers[-1][2])
        self.conv_to_rgb = sn(nn.Conv2d(ch * layers[-1][2], ch * layers[-1][2], 3, padding=1))

    def forward(self, condition, truncation):
        z = self.gen_z(condition).view(-1, 4, 4, 16 * self.ch).permute(0, 3, 1, 2).contiguous()
        for layer in self.layers:
            z = layer(z, condition, truncation) if isinstance(layer, GenBlock) else layer(z)
        return torch.tanh(self.conv_to_rgb(F.relu(self.bn(z, truncation)))[:, :3, ...])


class Port(nn.Module):
    LAYERS = ((False, 16, 16), (True, 16, 8), (False, 8, 8), (True, 8, 8), (False, 8, 8), (True, 8, 4))

    def __init__(self, ch=1, z_dim=10, classes=5, attention=3):
        super().__init__()
        self.embeddings = nn.Linear(classes, z_dim, bias=False)
        self.generator = PortGenerator(ch, z_dim, z_dim, self.LAYERS, attention)

    def forward(self, z, label, truncation):
        assert 0 < truncation <= 1
        return self.generator(torch.cat((z, self.embeddings(label)), dim=1), truncation)
