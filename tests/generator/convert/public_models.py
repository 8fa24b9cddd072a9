"""The generators of two public repositories, written again from their published sources, slowly and literally.

They are what converted checkpoints are compared with, so nothing here is shared with the package: every layer scales,
normalises and enlarges as the original does, and is named as the original names it. Widths can be made tiny.
"""

from __future__ import annotations

import math
import sys
import types
from collections import OrderedDict
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
import torch
from torch import nn


def nudged_biases(network):
    """A network to compare with: biases, zero in the beginning, moved as training moves them.

    They are moved upwards. With few channels, a feature vector is nearly zero here and there otherwise; pixel norm
    divides by that, and what is drawn at such a pixel hangs on the last bit of the arithmetic, in the original too.
    """
    layers = network.named_modules()
    scales = {f"{name}.module.bias": layer.weight for name, layer in layers if isinstance(layer, Constrained)}
    with torch.no_grad():
        for name, bias in network.named_parameters():
            if name.endswith("bias"):
                bias.normal_(0 if "rgb" in name.lower() else 1, 0.3).div_(scales.get(name, 1.0))
    return network.eval()


# pro_gan_pytorch 3.4 (networks.py, modules.py, custom_layers.py) --------------------------------------------------


class Conv3(nn.Conv2d):
    """Weights scaled when used; the bias is not."""

    def __init__(self, *sizes, **options):
        super().__init__(*sizes, **options)
        nn.init.normal_(self.weight)
        nn.init.zeros_(self.bias)
        self.scale = np.sqrt(2) / np.sqrt(np.prod(self.kernel_size) * self.in_channels)

    def forward(self, x):
        return torch.conv2d(x, self.weight * self.scale, self.bias, self.stride, self.padding)


class Deconv3(nn.ConvTranspose2d):
    """The same for a transposed convolution, whose fan-in is its input channels alone."""

    def __init__(self, *sizes, **options):
        super().__init__(*sizes, **options)
        nn.init.normal_(self.weight)
        nn.init.zeros_(self.bias)
        self.scale = np.sqrt(2) / np.sqrt(self.in_channels)

    def forward(self, x):
        return torch.conv_transpose2d(x, self.weight * self.scale, self.bias, self.stride, self.padding)


def pixel_norm(x):
    return x / x.pow(2.0).mean(dim=1, keepdim=True).add(1e-8).sqrt()


class InitialBlock3(nn.Module):
    def __init__(self, latent, width, use_eql):
        super().__init__()
        self.conv_1 = (Deconv3 if use_eql else nn.ConvTranspose2d)(latent, width, (4, 4))
        self.conv_2 = (Conv3 if use_eql else nn.Conv2d)(width, width, (3, 3), padding=1)
        self.lrelu = nn.LeakyReLU(0.2)

    def forward(self, z):
        y = pixel_norm(z[:, :, None, None])
        y = self.lrelu(self.conv_1(y))  # no norm after the first layer
        return pixel_norm(self.lrelu(self.conv_2(y)))


class GeneralBlock3(nn.Module):
    def __init__(self, inputs, outputs, use_eql):
        super().__init__()
        conv = Conv3 if use_eql else nn.Conv2d
        self.conv_1 = conv(inputs, outputs, (3, 3), padding=1)
        self.conv_2 = conv(outputs, outputs, (3, 3), padding=1)
        self.lrelu = nn.LeakyReLU(0.2)

    def forward(self, x):
        y = nn.functional.interpolate(x, scale_factor=2)
        y = pixel_norm(self.lrelu(self.conv_1(y)))
        return pixel_norm(self.lrelu(self.conv_2(y)))


class Generator3(nn.Module):
    """Depth 2 is 4 px, depth 10 is 1024 px. The original has fmap_base 16384 and fmap_max 512."""

    def __init__(self, depth, latent_size, *, num_channels=3, use_eql=True, fmap_base=16384, fmap_max=512):
        super().__init__()
        self.depth, self.latent_size, self.num_channels, self.use_eql = depth, latent_size, num_channels, use_eql

        def nf(stage):
            return int(np.clip(int(fmap_base / 2.0**stage), 1, fmap_max))

        self.layers = nn.ModuleList([InitialBlock3(latent_size, nf(1), use_eql)])
        for stage in range(1, depth - 1):
            self.layers.append(GeneralBlock3(nf(stage), nf(stage + 1), use_eql))
        conv = Conv3 if use_eql else nn.Conv2d
        self.rgb_converters = nn.ModuleList(conv(nf(stage), num_channels, (1, 1)) for stage in range(1, depth))

    def forward(self, z, depth=None, alpha=1.0):
        depth = self.depth if depth is None else depth
        y = z
        for block in self.layers[: depth - 2]:
            y = block(y)
        residual = nn.functional.interpolate(self.rgb_converters[depth - 3](y), scale_factor=2)
        straight = self.rgb_converters[depth - 2](self.layers[depth - 2](y))
        return alpha * straight + (1 - alpha) * residual

    def save_info(self):
        conf = {name: getattr(self, name) for name in ("depth", "num_channels", "latent_size", "use_eql")}
        return {"conf": conf, "state_dict": self.state_dict()}


def checkpoint3(generator, shadow=None):
    """What training writes as `depth_D_epoch_E.bin`: both networks, both optimisers and, mostly, the average."""
    critic = nn.Conv2d(3, 2, 1)
    optimiser = torch.optim.Adam(generator.parameters(), betas=(0.0, 0.99))
    content = {
        "generator": generator.save_info(),
        "discriminator": {"conf": {"depth": generator.depth, "num_classes": None}, "state_dict": critic.state_dict()},
        "gen_optim": optimiser.state_dict(),
        "dis_optim": torch.optim.Adam(critic.parameters()).state_dict(),
    }
    return content if shadow is None else {**content, "shadow_generator": shadow.save_info()}


# pro_gan_pytorch 2.1.1 (PRO_GAN.py, CustomLayers.py) --------------------------------------------------------------


class Conv2(nn.Module):
    def __init__(self, inputs, outputs, kernel, padding=0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, *kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.padding, self.scale = padding, math.sqrt(2) / math.sqrt(kernel[0] * kernel[1] * inputs)

    def forward(self, x):
        return nn.functional.conv2d(x, self.weight * self.scale, self.bias, padding=self.padding)


class Deconv2(nn.Module):
    def __init__(self, inputs, outputs, kernel):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(inputs, outputs, *kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale = math.sqrt(2) / math.sqrt(inputs)

    def forward(self, x):
        return nn.functional.conv_transpose2d(x, self.weight * self.scale, self.bias)


class InitialBlock2(nn.Module):
    def __init__(self, width, use_eql):
        super().__init__()
        self.conv_1 = (Deconv2 if use_eql else nn.ConvTranspose2d)(width, width, (4, 4))
        self.conv_2 = (Conv2 if use_eql else nn.Conv2d)(width, width, (3, 3), padding=1)
        self.lrelu = nn.LeakyReLU(0.2)

    def forward(self, z):
        y = self.lrelu(self.conv_1(z[:, :, None, None]))  # z as it comes, no norm
        return pixel_norm(self.lrelu(self.conv_2(y)))


class GeneralBlock2(GeneralBlock3):
    def __init__(self, inputs, outputs, use_eql):
        super().__init__(inputs, outputs, use_eql=False)
        if use_eql:
            self.conv_1 = Conv2(inputs, outputs, (3, 3), padding=1)
            self.conv_2 = Conv2(outputs, outputs, (3, 3), padding=1)


class Generator2(nn.Module):
    """Depth 1 is 4 px, depth 9 is 1024 px; as wide as the latent vector is long, halved from the fourth block on."""

    def __init__(self, depth, latent_size, use_eql=True):
        super().__init__()
        self.depth = depth

        def to_rgb(width):
            return Conv2(width, 3, (1, 1)) if use_eql else nn.Conv2d(width, 3, (1, 1))

        self.initial_block = InitialBlock2(latent_size, use_eql)
        self.layers, self.rgb_converters = nn.ModuleList(), nn.ModuleList([to_rgb(latent_size)])
        for i in range(depth - 1):
            inputs, outputs = (latent_size // 2 ** max(0, i + shift) for shift in (-3, -2))
            self.layers.append(GeneralBlock2(inputs, outputs, use_eql))
            self.rgb_converters.append(to_rgb(outputs))

    def forward(self, z, depth, alpha):
        y = self.initial_block(z)
        for block in self.layers[: depth - 1]:
            y = block(y)
        residual = self.rgb_converters[depth - 1](nn.functional.interpolate(y, scale_factor=2))
        straight = self.rgb_converters[depth](self.layers[depth - 1](y))
        return alpha * straight + (1 - alpha) * residual


# pytorch_GAN_zoo (progressive_conv_net.py, custom_layers.py, base_GAN.py, config.py) -------------------------------


class Constrained(nn.Module):
    """A layer whose output, bias included, is scaled."""

    def __init__(self, module, equalized):
        super().__init__()
        self.module, self.equalized = module, equalized
        self.module.bias.data.fill_(0)
        self.weight = 1.0
        if equalized:
            self.module.weight.data.normal_(0, 1)
            self.weight = math.sqrt(2.0 / np.prod(module.weight.size()[1:]))

    def forward(self, x):
        x = self.module(x)
        if self.equalized:
            x *= self.weight
        return x


def normalise(x, epsilon=1e-8):
    return x * (((x**2).mean(dim=1, keepdim=True) + epsilon).rsqrt())


def upscale(x):
    n, c, h, w = x.size()
    return x.view(n, c, h, 1, w, 1).expand(-1, -1, -1, 2, -1, 2).contiguous().view(n, c, h * 2, w * 2)


class GNet(nn.Module):
    """`alpha` is the share of the level below: 0 is the finished network."""

    def __init__(self, dim_latent, depths, *, leak=0.2, activation=None, dim_output=3, equalized=True):
        super().__init__()

        def conv(inputs, outputs, kernel):
            return Constrained(nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2), equalized)

        self.formatLayer = Constrained(nn.Linear(dim_latent, 16 * depths[0]), equalized)
        self.groupScale0 = nn.ModuleList([conv(depths[0], depths[0], 3)])
        self.scaleLayers = nn.ModuleList()
        self.toRGBLayers = nn.ModuleList([conv(depths[0], dim_output, 1)])
        for last, new in pairwise(depths):
            self.scaleLayers.append(nn.ModuleList([conv(last, new, 3), conv(new, new, 3)]))
            self.toRGBLayers.append(conv(new, dim_output, 1))
        self.leakyRelu = nn.LeakyReLU(leak)
        self.activation, self.alpha = activation, 0

    def forward(self, x):
        x = normalise(x)
        x = self.leakyRelu(self.formatLayer(x))
        x = normalise(x.view(x.size()[0], -1, 4, 4))
        for layer in self.groupScale0:
            x = normalise(self.leakyRelu(layer(x)))
        for group in self.scaleLayers:
            x = upscale(x)
            for layer in group:
                x = normalise(self.leakyRelu(layer(x)))
        x = self.toRGBLayers[-1](x)
        return x if self.activation is None else self.activation(x)


def zoo_config(**changes):
    """The fields that GAN zoo keeps in its configuration, as training leaves them."""
    return {
        "depthScale0": 8, "initBiasToZero": True, "leakyReluLeak": 0.2, "depthOtherScales": [8, 8],
        "perChannelNormalization": True, "alpha": 0.0, "miniBatchStdDev": True, "equalizedlR": True,
        "noiseVectorDim": 8, "dimOutput": 3, "learningRate": 0.001, "attribKeysOrder": None, "categoryVectorDim": 0,
        "weightConditionG": 0.0, "weightConditionD": 0.0, "GDPP": False, "latentVectorDim": 8,
        "lossCriterion": "WGANGP", "lambdaGP": 10.0, "epsilonD": 0.001, "logisticGradReal": 0.0, **changes,
    }  # fmt: skip


@contextmanager
def zoo_config_class():
    """The class of that configuration, importable at its original place for as long as a file is written."""
    names = ["models", "models.utils", "models.utils.config"]
    modules = {name: types.ModuleType(name) for name in names}
    cls = type("BaseConfig", (), {"__module__": names[-1], "__qualname__": "BaseConfig"})
    modules[names[-1]].BaseConfig = cls
    before = {name: sys.modules.get(name) for name in names}
    sys.modules.update(modules)
    try:
        yield cls
    finally:
        for name, module in before.items():
            sys.modules.pop(name) if module is None else sys.modules.__setitem__(name, module)


def save_zoo(path, network, config, *, average=None, short_names=False, legacy=False):
    """What `BaseGAN.save` writes.

    Early versions left the wrapped layers' `module.` out of names, and PyTorch before 1.6 wrote another file format.
    """
    critic = {"fromRGBLayers.0.module.weight": torch.zeros(8, 3, 1, 1), "decisionLayer.module.bias": torch.zeros(1)}

    def state(generator):
        layers = generator.state_dict()
        if short_names:
            layers = OrderedDict((name.replace(".module.", "."), tensor) for name, tensor in layers.items())
        return layers

    with zoo_config_class() as cls:
        holder = cls()
        holder.__dict__.update(config)
        content = {"config": holder, "netG": state(network), "netD": critic}
        if average is not None:
            content["avgG"] = state(average)
        torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    return path
