"""BigGAN as Brock's repository computes and stores it, written again from its sources.

Spectral normalisation is done while drawing, as the original does it, and layers are named as it names them. Nothing is
shared with the package. Widths can be made tiny.
"""

from __future__ import annotations

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
