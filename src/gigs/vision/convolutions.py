"""VGG16's and AlexNet's convolutions with their ImageNet weights, which LPIPS fetches anyway."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from gigs.io.build import without_memory
from gigs.vision.torchvision_import import import_torchvision

RELU5_3 = 30  # torchvision's vgg16().features[:30] ends with it
POOLED = {"vgg16": (23, RELU5_3), "alexnet": (8, 10, 12)}  # layers after whose ReLU features are pooled
WIDTHS = {"vgg16": 512 + 512, "alexnet": 384 + 256 + 256}
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def convolutions(name: str, state: dict[str, Tensor] | None) -> nn.Sequential:
    """Convolutions of `vgg16` or `alexnet`, up to the last ReLU.

    Args:
        name: Which of the two.
        state: `features.N.weight` and `.bias` as `weights.fetch("vgg16-features")` has them, or the same without the
            prefix; None draws random weights (tests).
    """
    build, last = getattr(import_torchvision().models, name), POOLED[name][-1]
    with without_memory():  # the classifier behind is nine tenths of it
        layers = build(weights=None).features[:last]
    if state is None:
        layers.to_empty(device="cpu")
        for layer in layers:
            if isinstance(layer, nn.Conv2d):
                layer.reset_parameters()
        return layers
    layers.load_state_dict({key.removeprefix("features."): t for key, t in state.items()}, strict=True, assign=True)
    return layers


class PooledConvolutions(nn.Module):
    """Means over all places of a few layers: `[N,3,H,W]`, normalised as for ImageNet, to `[N,width]`."""

    def __init__(self, name: str, state: dict[str, Tensor] | None = None) -> None:
        super().__init__()
        self.stops = POOLED[name]
        self.layers = convolutions(name, state)

    def forward(self, x: Tensor) -> Tensor:
        """Pooled features."""
        features = []
        for start, stop in pairwise((0, *self.stops)):
            x = self.layers[start:stop](x)
            features.append(x.mean((2, 3)))
        return torch.cat(features, dim=1)
