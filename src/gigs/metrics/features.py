"""Features for comparing sets of pictures, from two frozen ImageNet networks that every figure names.

Two, because one would flatter: a critic of the training (`generator.train.projected_critic`) judges
EfficientNet-Lite0's features, so a generator may come near the photos in just these. VGG16 is of another family, and no
loss of the training looks through it (LPIPS there is AlexNet's). What is better shows in both sets.
Neither is InceptionV3, so no figure here may be called FID or KID without the set's name behind it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gigs.data.catalogue import Catalogue
from gigs.errors import InputError, ModelError
from gigs.io import storage
from gigs.io.fingerprint import fingerprint_of_images
from gigs.io.weights import content_hash, fetch
from gigs.progress import OnStep, Step, silent
from gigs.vision.backbone import FEATURES, Backbone
from gigs.vision.convolutions import IMAGENET_MEAN, IMAGENET_STD, convolutions
from gigs.vision.images import to_tensor
from gigs.vision.resize import resize_bilinear

INPUT_SIZE = 128  # pixels; pictures of any side are brought to it
BATCH = 32


class FeatureNetwork(nn.Module):
    """A frozen network: pictures `[N,3,H,W]` in `[0,1]`, enlarged bilinearly to 128 px, to `[N,width]`.

    It never leaves evaluation mode, and every picture is seen for itself.
    """

    name: str
    width: int

    def train(self, mode: bool = True) -> FeatureNetwork:
        """Stay in evaluation mode, even if the surrounding module is set to training."""
        return super().train(False)

    def fingerprint(self) -> str:
        """Hex SHA-256 over names and values of all weights."""
        return content_hash(self.state_dict())


class EfficientNetLite0(FeatureNetwork):
    """The 1280 pooled features of EfficientNet-Lite0 (`vision.backbone`)."""

    name = "efficientnet-lite0"
    width = FEATURES

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Backbone.pretrained(self.name)

    def forward(self, images: Tensor) -> Tensor:
        """`[N,3,H,W]` in `[0,1]` to `[N,1280]`."""
        return self.backbone(images, INPUT_SIZE)


class VGG16(FeatureNetwork):
    """The 512 channels of VGG16's last convolution (relu5_3), each averaged over its places."""

    name = "vgg16"
    width = 512
    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.features = convolutions("vgg16", fetch("vgg16-features"))
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1))
        self.to(memory_format=torch.channels_last)  # a fifth less time on a CPU
        self.requires_grad_(False)
        self.eval()

    def forward(self, images: Tensor) -> Tensor:
        """`[N,3,H,W]` in `[0,1]` to `[N,512]`, at least 0."""
        ready = (resize_bilinear(images, INPUT_SIZE) - self.mean) / self.std
        return self.features(ready.contiguous(memory_format=torch.channels_last)).mean((2, 3))


FEATURE_SETS: dict[str, Callable[[], FeatureNetwork]] = {
    EfficientNetLite0.name: EfficientNetLite0,
    VGG16.name: VGG16,
}


def feature_network(name: str) -> FeatureNetwork:
    """One of `FEATURE_SETS` with its ImageNet weights (`gigs.io.weights`).

    Raises:
        InputError: The name is unknown.
        ModelError: The weights cannot be had.
    """
    if name not in FEATURE_SETS:
        raise InputError(f"feature set {name!r} is unknown; choose one of {', '.join(FEATURE_SETS)}")
    return FEATURE_SETS[name]()


def picture_features(
    network: FeatureNetwork, pictures: np.ndarray, *, what: str = "pictures", on_step: OnStep = silent
) -> np.ndarray:
    """Features float32 `[N,width]` of pictures uint8 `[N,S,S,3]`, on the device where the network is."""
    device = next(network.parameters()).device
    output = np.zeros((len(pictures), network.width), dtype=np.float32)
    with torch.inference_mode():
        for start in range(0, len(pictures), BATCH):
            batch = to_tensor(pictures[start : start + BATCH]).to(device)
            output[start : start + len(batch)] = network(batch).float().cpu().numpy()
            on_step(Step(f"{network.name} features of {what}", start + len(batch), len(pictures)))
    return output


def photo_features(
    network: FeatureNetwork,
    catalogue: Catalogue,
    rows: np.ndarray,
    *,
    image_size: int,
    what: str = "photos",
    on_step: OnStep = silent,
) -> np.ndarray:
    """Features of some of a catalogue's photos, cached in `catalogue.root/features`.

    The file's name comes from the weights and from the pictures themselves, so it can never be of others; one that is
    damaged is made again.

    Args:
        network: One of the feature sets.
        catalogue: The catalogue.
        rows: Of items that have a picture.
        image_size: Side at which the pictures are read: the generator's, so that both lack the same detail.
        what: What progress calls the photos.
        on_step: Progress, if anything has to be computed.

    Returns:
        float32 `[rows,width]`.
    """
    pictures = catalogue.images(image_size)[rows]
    source = {
        "kind": "features",
        "network": network.name,
        "weights": network.fingerprint(),
        "input_size": INPUT_SIZE,
        "pictures": fingerprint_of_images(pictures),
    }
    key = hashlib.sha256(json.dumps(source, sort_keys=True).encode()).hexdigest()[:16]
    path = catalogue.root / "features" / f"{network.name}-photos-{key}.safetensors"
    known = _kept(path, source)
    if known is not None and known.shape == (len(rows), network.width):
        return known
    features = picture_features(network, pictures, what=what, on_step=on_step)
    storage.save_tensors(path, {"features": torch.from_numpy(features)}, source)
    return features


class FeaturePairs:
    """Features of real and of generated pictures, added batch by batch; shards merge by joining.

    Base of the metrics that need every vector and not only sums.
    """

    def __init__(self) -> None:
        self._batches: dict[bool, list[np.ndarray]] = {True: [], False: []}

    def update(self, features: np.ndarray | Tensor, *, real: bool) -> None:
        """Add features `[N,D]` of real or of generated pictures."""
        self._batches[real].append(as_matrix(features))

    def merge(self, other: FeaturePairs) -> None:
        """Add what another shard has seen."""
        for real, batches in other._batches.items():
            self._batches[real] += batches

    def features(self, *, real: bool) -> np.ndarray:
        """All features of one side, `[N,D]`, in the order in which they came."""
        if not self._batches[real]:
            raise InputError(f"no features of {'real' if real else 'generated'} pictures yet; call update first")
        return np.concatenate(self._batches[real])


def as_matrix(features: np.ndarray | Tensor) -> np.ndarray:
    """Features as an array `[N,D]`.

    Raises:
        InputError: Another shape, or values that are not finite.
    """
    matrix = features.detach().cpu().numpy() if isinstance(features, Tensor) else np.asarray(features)
    if matrix.ndim != 2:
        raise InputError(f"features must be [N,D], not {list(matrix.shape)}")
    if not np.isfinite(matrix).all():
        raise InputError("features must be finite; these hold NaN or infinity")
    return matrix


def _kept(path: Path, source: dict[str, Any]) -> np.ndarray | None:
    """Features from an earlier call, if the file is whole and of the same source."""
    try:
        tensors, settings = storage.load_tensors(path)
    except ModelError:
        return None  # none yet, or damaged: make it again
    return tensors["features"].numpy() if settings == source and "features" in tensors else None
