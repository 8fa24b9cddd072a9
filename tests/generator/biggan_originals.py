"""BigGAN as two public repositories compute and store it, written again from their sources.

Spectral normalisation is done while drawing, as the originals do it, and layers are named as they name them. Nothing is
shared with the package. Widths can be made tiny.
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional as F

# ajbrock/BigGAN-PyTorch (BigGAN.py, layers.py) ------------------------------------------------------------------------


class SN:
    """One power iteration at every use, from a stored vector that evaluation leaves as it is."""

    def prepare(self):
        self.register_buffer("u0", torch.randn(1, self.weight.shape[0]))
        self.register_buffer("sv0", torch.ones(1))

    def W_(self):
        matrix = self.weight.view(self.weight.shape[0], -1)
        v = F.normalize(torch.matmul(self.u0, matrix), eps=1e-12)
        u = F.normalize(torch.matmul(v, matrix.t()), eps=1e-12)
        return self.weight / torch.squeeze(torch.matmul(torch.matmul(v, matrix.t()), u.t()))


class SNConv2d(nn.Conv2d, SN):
    def __init__(self, inputs, outputs, kernel_size=3, padding=1, bias=True):
        super().__init__(inputs, outputs, kernel_size, padding=padding, bias=bias)
        self.prepare()

    def forward(self, x):
        return F.conv2d(x, self.W_(), self.bias, 1, self.padding)


class SNLinear(nn.Linear, SN):
    def __init__(self, inputs, outputs, bias=True):
        super().__init__(inputs, outputs, bias)
        self.prepare()

    def forward(self, x):
        return F.linear(x, self.W_(), self.bias)


class CCBN(nn.Module):
    def __init__(self, channels, inputs):
        super().__init__()
        self.gain, self.bias = SNLinear(inputs, channels, bias=False), SNLinear(inputs, channels, bias=False)
        self.register_buffer("stored_mean", torch.randn(channels) * 0.3)
        self.register_buffer("stored_var", torch.rand(channels) + 0.5)

    def forward(self, x, y):
        gain = (1 + self.gain(y)).view(y.size(0), -1, 1, 1)
        bias = self.bias(y).view(y.size(0), -1, 1, 1)
        return F.batch_norm(x, self.stored_mean, self.stored_var, None, None, False, 0.1, 1e-5) * gain + bias


class BN(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.gain, self.bias = nn.Parameter(torch.rand(channels) + 0.5), nn.Parameter(torch.randn(channels) * 0.3)
        self.register_buffer("stored_mean", torch.randn(channels) * 0.3)
        self.register_buffer("stored_var", torch.rand(channels) + 0.5)

    def forward(self, x):
        return F.batch_norm(x, self.stored_mean, self.stored_var, self.gain, self.bias, False, 0.1, 1e-5)


class GBlock(nn.Module):
    def __init__(self, inputs, outputs, condition):
        super().__init__()
        self.conv1, self.conv2 = SNConv2d(inputs, outputs), SNConv2d(outputs, outputs)
        self.conv_sc = SNConv2d(inputs, outputs, kernel_size=1, padding=0)
        self.bn1, self.bn2 = CCBN(inputs, condition), CCBN(outputs, condition)

    def forward(self, x, y):
        h = F.relu(self.bn1(x, y))
        h, x = F.interpolate(h, scale_factor=2), F.interpolate(x, scale_factor=2)
        h = self.conv1(h)
        h = self.conv2(F.relu(self.bn2(h, y)))
        return h + self.conv_sc(x)


class BrockAttention(nn.Module):
    def __init__(self, ch):
        super().__init__()
        self.ch = ch
        self.theta = SNConv2d(ch, ch // 8, kernel_size=1, padding=0, bias=False)
        self.phi = SNConv2d(ch, ch // 8, kernel_size=1, padding=0, bias=False)
        self.g = SNConv2d(ch, ch // 2, kernel_size=1, padding=0, bias=False)
        self.o = SNConv2d(ch // 2, ch, kernel_size=1, padding=0, bias=False)
        self.gamma = nn.Parameter(torch.tensor(0.7))

    def forward(self, x, y=None):
        theta, phi = self.theta(x), F.max_pool2d(self.phi(x), [2, 2])
        g = F.max_pool2d(self.g(x), [2, 2])
        theta = theta.view(-1, self.ch // 8, x.shape[2] * x.shape[3])
        phi = phi.view(-1, self.ch // 8, x.shape[2] * x.shape[3] // 4)
        g = g.view(-1, self.ch // 2, x.shape[2] * x.shape[3] // 4)
        beta = F.softmax(torch.bmm(theta.transpose(1, 2), phi), -1)
        o = self.o(torch.bmm(g, beta.transpose(1, 2)).view(-1, self.ch // 2, x.shape[2], x.shape[3]))
        return self.gamma * o + x


class BrockGenerator(nn.Module):
    """`hier`: z in chunks, as in the published models."""

    def __init__(self, ch=8, dim_z=24, classes=5, shared_dim=12, hier=True, attention=(1,)):
        super().__init__()
        widths = [(2 * ch, 2 * ch), (2 * ch, ch), (ch, ch)]
        self.z_chunk_size = dim_z // (len(widths) + 1) if hier else 0
        condition = shared_dim + self.z_chunk_size
        self.shared = nn.Embedding(classes, shared_dim)
        self.linear = SNLinear(self.z_chunk_size or dim_z, widths[0][0] * 16)
        self.blocks = nn.ModuleList(
            nn.ModuleList([GBlock(*pair, condition), *([BrockAttention(pair[1])] if k in attention else [])])
            for k, pair in enumerate(widths)
        )
        self.output_layer = nn.Sequential(BN(ch), nn.ReLU(), SNConv2d(ch, 3))

    def forward(self, z, y):
        y = self.shared(y)
        ys = [y] * len(self.blocks)
        if self.z_chunk_size:
            zs = torch.split(z, self.z_chunk_size, 1)
            z, ys = zs[0], [torch.cat([y, item], 1) for item in zs[1:]]
        h = self.linear(z)
        h = h.view(h.size(0), -1, 4, 4)
        for index, parts in enumerate(self.blocks):
            for part in parts:
                h = part(h, ys[index])
        return torch.tanh(self.output_layer(h))


# huggingface/pytorch-pretrained-BigGAN (model.py) ---------------------------------------------------------------------


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


def trained(network):
    """A network to compare with: biases and spectral vectors moved as training moves them; evaluation mode."""
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("bias"):
                parameter.normal_(0, 0.2)
        for layer in network.modules():
            if hasattr(layer, "weight_u"):  # near the largest singular vectors, as after some steps, and not at them
                left, _, right = torch.linalg.svd(layer.weight_orig.flatten(1), full_matrices=False)
                layer.weight_u.copy_(F.normalize(left[:, 0] + 0.05 * torch.randn(len(left)), dim=0))
                layer.weight_v.copy_(F.normalize(right[0] + 0.05 * torch.randn(right.shape[1]), dim=0))
    return network.eval()
