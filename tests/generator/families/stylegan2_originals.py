"""StyleGAN2 as NVIDIA's repositories compute and store it, written again from their sources, slowly and literally.

Every picture is drawn on its own with weights made for it, enlarging is putting zeros in between and filtering, and
layers are named as the originals name them. Nothing is shared with the package. Widths can be made tiny.
"""

from __future__ import annotations

import math
import pickle
import sys
import types
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8


def filtered(x, before, after, strength=1.0):
    """[C,H,W] with each channel padded and correlated with the (symmetric) 4x4 low-pass filter."""
    x = nn.functional.pad(x, (before, after, before, after))
    return torch.stack(
        [torch.conv2d(each[None, None], strength * torch.outer(TAPS, TAPS)[None, None])[0, 0] for each in x]
    )


def with_zeros(x):
    """[C,H,W] to [C,2H,2W], a zero after every value."""
    wide = x.new_zeros(len(x), 2 * x.shape[1], 2 * x.shape[2])
    wide[:, ::2, ::2] = x
    return wide


def twice(picture):
    return filtered(with_zeros(picture), 2, 1, 4)


def modulated(x, weight, style, *, demodulate=True, up=False):
    """One picture [I,H,W] through weights [O,I,k,k] scaled by its style [I]."""
    own = weight * style[None, :, None, None]
    if demodulate:
        own = own / torch.sqrt((own**2).sum(dim=(1, 2, 3), keepdim=True) + 1e-8)
    if not up:
        return torch.conv2d(x[None], own, padding=own.shape[-1] // 2)[0]
    # True convolution of the zero-filled picture: correlation with the kernel turned round, padded by two.
    wide = with_zeros(x)[:, :-1, :-1]
    full = torch.conv2d(nn.functional.pad(wide, (2, 2, 2, 2))[None], own.flip(2, 3))[0]
    return filtered(full, 1, 1, 4)


def lrelu(x):
    return torch.where(x > 0, x, 0.2 * x) * math.sqrt(2)


def unit(x):
    return x / torch.sqrt((x**2).mean(dim=1, keepdim=True) + 1e-8)


# stylegan2-ada-pytorch and stylegan3 (training/networks_stylegan2.py) ----------------------------------------------


def _reconstruct_persistent_obj(meta):
    raise RuntimeError("the original reader would run module_src here")


class EasyDict(dict):
    """A dictionary of `dnnlib.util`, in which options are kept."""

    __module__ = "dnnlib.util"


@contextmanager
def nvidia_modules():
    """`torch_utils.persistence` and `dnnlib.util` as far as a pickle refers to them."""
    modules = ("torch_utils", "torch_utils.persistence", "dnnlib", "dnnlib.util")
    names = {name: types.ModuleType(name) for name in modules}
    names["dnnlib.util"].EasyDict = EasyDict
    names["torch_utils.persistence"]._reconstruct_persistent_obj = _reconstruct_persistent_obj
    _reconstruct_persistent_obj.__module__ = "torch_utils.persistence"
    before = {name: sys.modules.get(name) for name in names}
    sys.modules.update(names)
    try:
        yield
    finally:
        for name, module in before.items():
            sys.modules.pop(name) if module is None else sys.modules.update({name: module})


class Persistent(nn.Module):
    """Pickles as the original's decorated classes do: source code beside the state."""

    def __reduce__(self):
        meta = {
            "type": "class", "version": 6, "module_src": "raise SystemExit('the code in the file was run')",
            "class_name": type(self).__name__, "state": dict(self.__dict__),
        }  # fmt: skip
        return _reconstruct_persistent_obj, (meta,), None


class FullyConnectedLayer(Persistent):
    def __init__(self, inputs, outputs, activation="linear", lr_multiplier=1.0, bias=0.0):
        super().__init__()
        self.activation, self.bias_gain = activation, lr_multiplier
        self.weight_gain = lr_multiplier / np.sqrt(inputs)  # NumPy's numbers are in the real files too
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / lr_multiplier)
        self.bias = nn.Parameter(torch.randn(outputs) * 0.2 / lr_multiplier + bias)

    def forward(self, x):
        x = x @ (self.weight * self.weight_gain).T + self.bias * self.bias_gain
        return lrelu(x) if self.activation == "lrelu" else x


class MappingNetwork(Persistent):
    def __init__(self, z_dim, c_dim, w_dim, num_layers=3):
        super().__init__()
        self.c_dim, self.num_layers = c_dim, num_layers
        if c_dim:
            self.embed = FullyConnectedLayer(c_dim, w_dim)
        for k in range(num_layers):
            inputs = z_dim + (w_dim if c_dim else 0) if k == 0 else w_dim
            setattr(self, f"fc{k}", FullyConnectedLayer(inputs, w_dim, "lrelu", 0.01))
        self.register_buffer("w_avg", torch.randn(w_dim))

    def forward(self, z, c):
        x = unit(z)
        if self.c_dim:
            x = torch.cat([x, unit(self.embed(c))], dim=1)
        for k in range(self.num_layers):
            x = getattr(self, f"fc{k}")(x)
        return x


class SynthesisLayer(Persistent):
    def __init__(self, inputs, outputs, w_dim, side, up, conv_clamp):
        super().__init__()
        self.up, self.conv_clamp, self.activation = up, conv_clamp, "lrelu"
        self.act_gain = np.sqrt(2)
        self.register_buffer("resample_filter", torch.outer(TAPS, TAPS))
        self.affine = FullyConnectedLayer(w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.register_buffer("noise_const", torch.randn(side, side))
        self.noise_strength = nn.Parameter(torch.tensor(0.3))
        self.bias = nn.Parameter(torch.randn(outputs) * 0.2)

    def forward(self, x, w):
        x = modulated(x, self.weight, self.affine(w[None])[0], up=self.up == 2)
        x = lrelu(x + self.noise_const * self.noise_strength + self.bias[:, None, None])
        return x if self.conv_clamp is None else x.clamp(-self.conv_clamp, self.conv_clamp)


class ToRGBLayer(Persistent):
    def __init__(self, inputs, w_dim, conv_clamp):
        super().__init__()
        self.conv_clamp, self.weight_gain = conv_clamp, 1 / np.sqrt(inputs)
        self.affine = FullyConnectedLayer(w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(3, inputs, 1, 1))
        self.bias = nn.Parameter(torch.randn(3) * 0.2)

    def forward(self, x, w):
        style = self.affine(w[None])[0] * self.weight_gain
        x = modulated(x, self.weight, style, demodulate=False) + self.bias[:, None, None]
        return x if self.conv_clamp is None else x.clamp(-self.conv_clamp, self.conv_clamp)


class SynthesisBlock(Persistent):
    def __init__(self, inputs, outputs, w_dim, side, conv_clamp):
        super().__init__()
        self.architecture = "skip"
        self.register_buffer("resample_filter", torch.outer(TAPS, TAPS))
        if inputs:
            self.conv0 = SynthesisLayer(inputs, outputs, w_dim, side, 2, conv_clamp)
        else:
            self.const = nn.Parameter(torch.randn(outputs, 4, 4))
        self.conv1 = SynthesisLayer(outputs, outputs, w_dim, side, 1, conv_clamp)
        self.torgb = ToRGBLayer(outputs, w_dim, conv_clamp)


class SynthesisNetwork(Persistent):
    def __init__(self, channels, w_dim, conv_clamp):
        super().__init__()
        self.sides = [4 * 2**k for k in range(len(channels))]
        for inputs, outputs, side in zip([0, *channels], channels, self.sides, strict=False):
            setattr(self, f"b{side}", SynthesisBlock(inputs, outputs, w_dim, side, conv_clamp))

    def draw(self, ws):
        """One picture from styles [layers,w_dim]."""
        x = picture = None
        used = 0
        for side in self.sides:
            block = getattr(self, f"b{side}")
            if side == 4:
                x = block.const
            else:
                x, used = block.conv0(x, ws[used]), used + 1
            x, used = block.conv1(x, ws[used]), used + 1
            drawn = block.torgb(x, ws[used])
            picture = drawn if picture is None else twice(picture) + drawn
        return picture


class Generator(Persistent):
    """`G_ema` of a `.pkl`."""

    def __init__(self, channels=(12, 10, 8, 6), z_dim=14, w_dim=16, c_dim=0, conv_clamp=None):
        super().__init__()
        self.z_dim, self.c_dim, self.w_dim, self.img_channels = z_dim, c_dim, w_dim, 3
        self.num_ws = 2 * len(channels)
        self._init_kwargs = {"mapping_kwargs": EasyDict(num_layers=3), "synthesis_kwargs": EasyDict()}
        self.synthesis = SynthesisNetwork(channels, w_dim, conv_clamp)
        self.mapping = MappingNetwork(z_dim, c_dim, w_dim)

    def forward(self, z, c=None):
        return self.from_w(self.mapping(z, c))

    def from_w(self, w):
        return torch.stack([self.synthesis.draw(each.expand(self.num_ws, -1)) for each in w])

    def from_ws(self, ws):
        return torch.stack([self.synthesis.draw(each) for each in ws])


def save_pkl(path, network, **beside):
    """As `train.py` of the repositories writes a snapshot."""
    with nvidia_modules(), path.open("wb") as handle:
        pickle.dump({"training_set_kwargs": EasyDict(resolution=32), "G": None, "G_ema": network, **beside}, handle)
    return path
