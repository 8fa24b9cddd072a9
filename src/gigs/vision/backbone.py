"""Frozen ImageNet networks that turn pictures into general visual features.

Some have short names and weights pinned by hash (`gigs.io.weights`). Any other network of the library timm is called
`timm:NAME`, such as `timm:resnet50.a1_in1k`, and has timm's weights and normalisation.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from gigs.errors import InputError, ModelError
from gigs.io.build import without_memory
from gigs.vision.convolutions import IMAGENET_MEAN, IMAGENET_STD, WIDTHS, PooledConvolutions
from gigs.vision.efficientnet_lite import BLOCKS, EfficientNetLite
from gigs.vision.resize import resize_bilinear
from gigs.vision.torchvision_import import import_torchvision

# The published EfficientNet-Lite weights come from TensorFlow: its padding, its epsilon, inputs in [-1,1].
TIMM_NAMES = {f"efficientnet-lite{number}": f"tf_efficientnet_lite{number}" for number in range(5)}
FEATURES = 1280  # of every EfficientNet-Lite
PLAIN = tuple(WIDTHS)  # of older families; their weights are those that LPIPS uses
NAMES = (*TIMM_NAMES, *PLAIN)
ANY = "timm:"  # prefix of every other network's name
ANY_NAME = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)?")  # an architecture and its weights: no address, no path


def feature_width(name: str) -> int:
    """Length of a backbone's feature vector.

    Raises:
        InputError: The name is unknown.
    """
    if name.startswith(ANY):
        return _outline(name)[0]
    if name not in NAMES:
        raise InputError(f"backbone {name!r} is unknown; choose one of {', '.join(NAMES)}, or {ANY}NAME")
    return WIDTHS.get(name, FEATURES)


def normalisation(name: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of each colour channel, in `[0,1]`, with which a backbone's pictures are normalised."""
    if name.startswith(ANY):
        return _outline(name)[1:]
    return (IMAGENET_MEAN, IMAGENET_STD) if name in PLAIN else ((0.5,) * 3, (0.5,) * 3)


@lru_cache
def _outline(name: str) -> tuple[int, tuple[float, ...], tuple[float, ...]]:
    """Width of the features, mean and deviation of one of timm's networks, without its weights."""
    with without_memory():
        network: Any = _any(name)
    known = network.pretrained_cfg
    width = getattr(network, "head_hidden_size", None) or network.num_features
    return int(width), tuple(known.get("mean", IMAGENET_MEAN)), tuple(known.get("std", IMAGENET_STD))


class Backbone(nn.Module):
    """A frozen network: pictures `[N,3,H,W]` in `[0,1]` to pooled features `[N,width]`. It never leaves eval mode.

    Args:
        name: One of `NAMES`, or `timm:NAME`.
        state: Weights by timm's names (torchvision's for VGG16 and AlexNet). A classifier among them is ignored. None
            keeps random weights (for tests).

    Attributes:
        width: Length of a feature vector.

    Raises:
        InputError: The name is unknown.
        ModelError: The weights belong to another network.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, name: str, state: dict[str, Tensor] | None = None) -> None:
        super().__init__()
        self.width = feature_width(name)
        self.name = name
        try:
            self.network = _built(name, state)
        except RuntimeError as error:
            raise ModelError(f"weights of {name} do not fit the network: {str(error).splitlines()[0]}") from error
        mean, std = normalisation(name)
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)
        self.network.to(memory_format=torch.channels_last)  # a third less time on a CPU
        self.requires_grad_(False)
        self.eval()

    @classmethod
    def pretrained(cls, name: str) -> Backbone:
        """The backbone with its ImageNet weights, from the cache or a download (`gigs.io.weights`, or timm itself).

        Raises:
            ModelError: There are no such weights, or they cannot be downloaded.
        """
        from gigs.io import (
            weights,  # not at the top: scoring from a file that holds its backbone needs no download code
        )

        feature_width(name)
        if name.startswith(ANY):
            return cls(name, _downloaded(name))
        return cls(name, weights.fetch(f"{name}-features" if name in PLAIN else name))

    def train(self, mode: bool = True) -> Backbone:
        """Stay in evaluation mode, even if the surrounding module is set to training."""
        return super().train(False)

    def forward(self, images: Tensor, size: int) -> Tensor:
        """Pooled features `[N,width]` of pictures `[N,3,H,W]` in `[0,1]`, resized to `size` pixels."""
        ready = (resize_bilinear(images, size) - self.mean) / self.std
        try:
            return self.network(ready.contiguous(memory_format=torch.channels_last))
        except AssertionError as error:  # how timm's transformers refuse another size
            raise InputError(f"backbone {self.name} at {size} px: {error}; train with another `input_size`") from error

    def fingerprint(self) -> str:
        """Hex SHA-256 over names and values of all weights."""
        digest = hashlib.sha256(self.name.encode())
        for name, tensor in sorted(self.network.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()


def _built(name: str, state: dict[str, Tensor] | None) -> nn.Module:
    if name in PLAIN:
        return _plain(name, state)
    if name in TIMM_NAMES:
        return _lite(name, state)
    network = _any(name)
    if state is not None:
        network.load_state_dict(state, strict=True)
    return network


def _timm() -> Any:
    """timm, imported when a network of its own is first built: it takes seconds."""
    import_torchvision()
    import timm

    return timm


def _any(name: str, pretrained: bool = False) -> nn.Module:
    """One of timm's networks, without its classifier."""
    own, timm = name.removeprefix(ANY), _timm()
    if not ANY_NAME.fullmatch(own) or not timm.is_model(own):
        raise InputError(f"backbone {name!r}: timm {timm.__version__} has no such network")
    try:
        return timm.create_model(own, pretrained=pretrained, num_classes=0)
    except RuntimeError as error:
        if pretrained:
            raise
        raise InputError(f"backbone {name!r}: {error}") from error


def _downloaded(name: str) -> dict[str, Tensor]:
    """Weights as timm downloads and caches them. An error quotes timm's own message."""
    try:
        return _any(name, pretrained=True).state_dict()
    except InputError:
        raise
    except Exception as error:  # the hub's client raises its own, the network's and the system's errors
        reason = " ".join(str(error).split())[:200]
        raise ModelError(
            f"backbone {name}: its weights could not be downloaded ({reason}); run this once where the Hugging "
            "Face Hub can be reached (its cache, HF_HOME, keeps them), or train with the backbone "
            "efficientnet-lite0"
        ) from error


def _lite(name: str, state: dict[str, Tensor] | None) -> nn.Module:
    if state is None:
        return _outlined(name)
    with without_memory():
        network = _outlined(name)
    kept = {key: tensor for key, tensor in state.items() if not key.startswith("classifier.")}
    network.load_state_dict(kept, strict=True, assign=True)
    return network


def _outlined(name: str) -> nn.Module:
    """An EfficientNet-Lite without its classifier, its weights drawn at random."""
    if name in BLOCKS:
        return EfficientNetLite(name)
    return _timm().create_model(TIMM_NAMES[name], pretrained=False, num_classes=0)


def _plain(name: str, state: dict[str, Tensor] | None) -> nn.Module:
    """From LPIPS's weights (`features.N`) or from what was saved of a backbone (`layers.N`)."""
    if state is None:
        return PooledConvolutions(name)
    return PooledConvolutions(name, {key.removeprefix("layers."): tensor for key, tensor in state.items()})


def as_half(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Convolution kernels in half precision, for small files; the small tensors beside them stay exact."""
    large = {name: tensor.half() for name, tensor in tensors.items() if tensor.ndim > 1}
    return tensors | {name: half for name, half in large.items() if bool(torch.isfinite(half).all())}
