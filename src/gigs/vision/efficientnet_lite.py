"""EfficientNet-Lite0 and -Lite1 (Tan and Le 2019, arXiv:1905.11946; without squeeze-and-excitation, ReLU6 for Swish).

Layers, their names and the order of their sums are those of timm's `tf_efficientnet_lite0` and `-lite1`, so weights,
fingerprints and features are the same. They are written out because timm imports every network that it knows, which
takes as long as a short run of gigs.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from gigs.io.weights.formats import LITE0_STAGES, LITE1_STAGES

BLOCKS = {"efficientnet-lite0": LITE0_STAGES, "efficientnet-lite1": LITE1_STAGES}  # blocks in each stage
WIDTHS = (16, 24, 40, 80, 112, 192, 320)  # channels that a stage gives
KERNELS = (3, 3, 5, 3, 5, 5, 3)
STRIDES = (1, 2, 2, 2, 1, 2, 1)  # of a stage's first block
STEM, HEAD = 32, 1280
EXPANSION = 6
EPSILON = 1e-3  # of batch normalisation, as in TensorFlow


class SamePadded(nn.Conv2d):
    """A convolution of stride 2 that pads as TensorFlow does: so that a side is halved, with more at the end."""

    def forward(self, x: Tensor) -> Tensor:
        """`[N,C,H,W]` to `[N,D,ceil(H/2),ceil(W/2)]`."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        height, width = (max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in x.shape[-2:])
        return super().forward(F.pad(x, (width // 2, width - width // 2, height // 2, height - height // 2)))


def _convolution(into: int, out: int, kernel: int = 1, stride: int = 1, *, depthwise: bool = False) -> nn.Conv2d:
    groups = into if depthwise else 1
    if stride > 1:
        return SamePadded(into, out, kernel, stride, groups=groups, bias=False)
    return nn.Conv2d(into, out, kernel, padding=kernel // 2, groups=groups, bias=False)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=EPSILON)


class Separable(nn.Module):
    """A block of the first stage: each channel by itself, then all together."""

    def __init__(self, into: int, out: int, kernel: int) -> None:
        super().__init__()
        self.conv_dw = _convolution(into, into, kernel, depthwise=True)
        self.bn1 = _norm(into)
        self.conv_pw = _convolution(into, out)
        self.bn2 = _norm(out)

    def forward(self, x: Tensor) -> Tensor:
        """`[N,into,H,W]` to `[N,out,H,W]`."""
        return self.bn2(self.conv_pw(F.relu6(self.bn1(self.conv_dw(x)))))


class InvertedResidual(nn.Module):
    """A block of the other stages: widened, each channel by itself, narrowed; added to what came in where that fits."""

    def __init__(self, into: int, out: int, kernel: int, stride: int) -> None:
        super().__init__()
        wide = into * EXPANSION
        self.conv_pw = _convolution(into, wide)
        self.bn1 = _norm(wide)
        self.conv_dw = _convolution(wide, wide, kernel, stride, depthwise=True)
        self.bn2 = _norm(wide)
        self.conv_pwl = _convolution(wide, out)
        self.bn3 = _norm(out)
        self.is_residual = stride == 1 and into == out

    def forward(self, x: Tensor) -> Tensor:
        """`[N,into,H,W]` to `[N,out,H,W]`, or half the sides at stride 2."""
        wide = F.relu6(self.bn2(self.conv_dw(F.relu6(self.bn1(self.conv_pw(x))))))
        narrow = self.bn3(self.conv_pwl(wide))
        return narrow + x if self.is_residual else narrow


class EfficientNetLite(nn.Module):
    """The network without its classifier: normalised pictures `[N,3,H,W]` to `[N,1280]`.

    Args:
        name: `efficientnet-lite0` or `efficientnet-lite1`.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.conv_stem = _convolution(3, STEM, 3, 2)
        self.bn1 = _norm(STEM)
        into, stages = STEM, []
        for stage, (count, out) in enumerate(zip(BLOCKS[name], WIDTHS, strict=True)):
            blocks: list[nn.Module] = []
            for block in range(count):
                stride = STRIDES[stage] if block == 0 else 1
                blocks.append(
                    InvertedResidual(into, out, KERNELS[stage], stride) if stage else Separable(into, out, KERNELS[0])
                )
                into = out
            stages.append(nn.Sequential(*blocks))
        self.blocks = nn.Sequential(*stages)
        self.conv_head = _convolution(into, HEAD)
        self.bn2 = _norm(HEAD)

    def stem(self, x: Tensor) -> Tensor:
        """`[N,3,H,W]` to `[N,32,H/2,W/2]`, which the first of `blocks` takes."""
        return F.relu6(self.bn1(self.conv_stem(x)))

    def forward(self, x: Tensor) -> Tensor:
        """Pooled features `[N,1280]`."""
        x = self.blocks(self.stem(x))
        return F.adaptive_avg_pool2d(F.relu6(self.bn2(self.conv_head(x))), 1).flatten(1)
