"""LPIPS, the learned perceptual distance of Zhang et al. 2018 (arXiv:1801.03924), with a target computed once."""

from __future__ import annotations

import copy
import warnings
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gigs.errors import InputError
from gigs.io.build import without_memory
from gigs.io.weights import fetch
from gigs.vision.frozen import autocast_dtype
from gigs.vision.remembered import remembered
from gigs.vision.torchvision_import import import_torchvision

Network = Literal["vgg", "alex"]
Target = list[Tensor]

SMALLEST_SIDE = 32  # pixels; below it AlexNet's last layer has nothing left to look at
RANGE_TOLERANCE = 1e-3  # rounding in float32 and bfloat16; a bicubic overshoot is larger and is refused

_FEATURES = {"vgg": "vgg16-features", "alex": "alexnet-features"}


class PerceptualLoss(nn.Module):
    """LPIPS version 0.1: 0 for equal images, rarely above 1. It is differentiable, frozen and always in eval mode.

    The values equal those of `lpips.LPIPS`, but images are in [0,1], and the features of a target can be computed once
    and compared with many images.
    """

    def __init__(self, net: Network = "vgg", *, min_size: int = SMALLEST_SIDE) -> None:
        """Build the network and load its weights (`io.weights.fetch`).

        Args:
            net: "vgg" (VGG16, the usual choice for optimisation) or "alex" (AlexNet, some 15 times cheaper).
            min_size: Images with a shorter side below this are enlarged to it, bilinearly. The default is the smallest
                that both networks accept. With 64, AlexNet's last layers have more than one position to compare, but
                the values then differ from the plain LPIPS of small images.

        Raises:
            InputError: Another `net`, or a `min_size` below 32.
            ModelError: The weights cannot be downloaded.
        """
        super().__init__()
        if net not in _FEATURES:
            raise InputError(f"perceptual network {net!r}: choose vgg or alex")
        if min_size < SMALLEST_SIDE:
            raise InputError(f"min_size {min_size}: at least {SMALLEST_SIDE} pixels are needed")
        self.net = net
        self.min_size = min_size
        self._model: Any = _lpips_model(net)
        self._cast: tuple[Any, Any] | None = None
        self.requires_grad_(False)
        self.eval()

    def train(self, mode: bool = True) -> PerceptualLoss:
        """Stay in eval mode whatever the surrounding module does: LPIPS has dropout."""
        return super().train(False)

    @torch.no_grad()
    def target(self, images: Tensor) -> Target:
        """Compute a target's features once for many calls of `distance_to`.

        Args:
            images: [N,3,H,W] in [0,1].

        Returns:
            Per layer, float32 [N,C,h,w], each position normalised to length 1; without gradient.

        Raises:
            InputError: Wrong shape or range.
        """
        return remembered(self, images, lambda: self._features(images))

    def distance_to(self, target: Target, images: Tensor) -> Tensor:
        """LPIPS between a target and images.

        Args:
            target: The result of `target` for as many images, or for one image to compare all with.
            images: [N,3,H,W] in [0,1], of the target's size.

        Returns:
            Distances [N], float32, at least 0; the gradient reaches `images`.

        Raises:
            InputError: Wrong shape or range, or the target is of another size, number or network.
        """
        features = self._features(images)
        _check_target(target, features)
        layers = zip(target, features, self._model.lins, strict=True)
        return torch.stack([_layer_distance(a, b, lin.model[-1].weight) for a, b, lin in layers]).sum(0)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """LPIPS between two batches [N,3,H,W] in [0,1] (either may be one image): distances [N].

        The gradient reaches both.

        Raises:
            InputError: Wrong shape or range, or batches of different sizes.
        """
        if len(b) == 1 < len(a):
            a, b = b, a
        return self.distance_to(self._features(a), b)

    @torch.no_grad()
    def pairwise(self, images: Tensor) -> Tensor:
        """LPIPS of every pair i < j of a batch [N,3,H,W] in [0,1], `[N(N-1)/2]`, at the cost of N pictures.

        Raises:
            InputError: Wrong shape or range.
        """
        features = self._features(images)
        first, second = torch.triu_indices(len(images), len(images), 1, device=images.device)
        layers = zip(features, self._model.lins, strict=True)
        return torch.stack([_layer_distance(x[first], x[second], lin.model[-1].weight) for x, lin in layers]).sum(0)

    def _features(self, images: Tensor) -> Target:
        """Each layer's features of [0,1] images, normalised per position."""
        _check_images(images)
        images = images.float()
        shorter = min(images.shape[-2:])
        if shorter < self.min_size:
            size = [round(side * self.min_size / shorter) for side in images.shape[-2:]]
            images = F.interpolate(images, size=size, mode="bilinear", align_corners=False)
        layers = self._trunk(images.device)(self._model.scaling_layer(2 * images - 1))
        return [_normalise(layer.float()) for layer in layers]

    def _trunk(self, device: torch.device) -> Any:
        """The convolutions, in the precision of autocast: it would cast all of them again at every call."""
        dtype = autocast_dtype(device)
        if dtype is None:
            return self._model.net
        weight = next(self._model.net.parameters())
        key = (dtype, weight.data_ptr(), weight.dtype)
        if self._cast is None or self._cast[0] != key:
            self._cast = (key, copy.deepcopy(self._model.net).to(dtype))
        return self._cast[1]


def _lpips_model(net: Network) -> Any:
    """lpips's own network with our weights: made without memory first, so nothing is downloaded or drawn at random."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchvision's, about the arguments lpips calls it with
        import_torchvision()
        import lpips

        with without_memory():
            model = lpips.LPIPS(net=net, pnet_rand=True, pretrained=False, verbose=False)
    convolutions = fetch(_FEATURES[net])
    linear = fetch(f"lpips-{net}")
    state = dict(linear)
    for name in model.state_dict():
        part, _, rest = name.partition(".")
        if part == "net":  # net.slice2.5.weight is features.5.weight
            state[name] = convolutions[f"features.{rest.partition('.')[2]}"]
        elif part == "lins":  # the same layers as lin0 ... lin4, listed twice by lpips
            index, _, inner = rest.partition(".")
            state[name] = linear[f"lin{index}.{inner}"]
    state |= lpips.ScalingLayer().state_dict(prefix="scaling_layer.")
    model.load_state_dict(state, strict=True, assign=True)
    return model


def _normalise(features: Tensor) -> Tensor:
    """Length 1 at each position of [N,C,h,w]; lpips's formula, but with a finite gradient where all channels are 0."""
    square = features.square().sum(1, keepdim=True)
    return features / (torch.sqrt(square + 1e-20) + 1e-10)


def _layer_distance(a: Tensor, b: Tensor, weight: Tensor) -> Tensor:
    """One layer's share: squared difference, weighted over channels, averaged over positions; [N]."""
    # Written out, because a convolution would run in bfloat16 where the caller uses autocast.
    return ((a - b).square() * weight).sum(1).mean((1, 2))


def _check_images(images: Tensor) -> None:
    """Refuse what is not an image batch in [0,1]."""
    if images.ndim != 4 or images.shape[1] != 3 or 0 in images.shape or not images.is_floating_point():
        raise InputError(f"images must be floating point [N,3,H,W], not {images.dtype} {list(images.shape)}")
    low, high = (float(value) for value in torch.aminmax(images.detach()))
    if not (low >= -RANGE_TOLERANCE and high <= 1 + RANGE_TOLERANCE):  # so written, NaN is refused too
        raise InputError(f"images must be in [0,1], these are in [{low:g},{high:g}]")


def _check_target(target: Target, features: Target) -> None:
    """Refuse a target that does not go with the images."""
    if len(target) != len(features):
        raise InputError(f"the target has {len(target)} layers, this network {len(features)}")
    for a, b in zip(target, features, strict=True):
        if a.shape[1:] != b.shape[1:] or a.shape[0] not in (1, b.shape[0]):
            raise InputError(
                f"the target's features are {list(a.shape)}, the images' {list(b.shape)}: "
                "both must be of one size and network, and the target's number 1 or the images'"
            )
