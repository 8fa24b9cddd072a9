"""Frozen ImageNet networks that turn pictures into general visual features."""

from __future__ import annotations

import hashlib

import timm
import torch
from torch import Tensor, nn

from gigs.errors import InputError, ModelError
from gigs.recommender.base import resize_bilinear

# The published EfficientNet-Lite weights come from TensorFlow: its padding, its epsilon, inputs in [-1,1].
TIMM_NAMES = {f"efficientnet-lite{number}": f"tf_efficientnet_lite{number}" for number in range(5)}
FEATURES = 1280


class Backbone(nn.Module):
    """A frozen network: pictures `[N,3,H,W]` in `[0,1]` to pooled features `[N,1280]`. It never leaves eval mode.

    Args:
        name: One of `TIMM_NAMES`.
        state: Its weights by timm's names; a classifier among them is left out. None leaves random weights (tests).

    Raises:
        InputError: The name is unknown.
        ModelError: The weights are of another network.
    """

    def __init__(self, name: str, state: dict[str, Tensor] | None = None) -> None:
        super().__init__()
        if name not in TIMM_NAMES:
            raise InputError(f"backbone {name!r} is unknown; choose one of {', '.join(TIMM_NAMES)}")
        self.name = name
        self.network = timm.create_model(TIMM_NAMES[name], pretrained=False, num_classes=0)
        if state is not None:
            kept = {key: tensor for key, tensor in state.items() if not key.startswith("classifier.")}
            try:
                self.network.load_state_dict(kept, strict=True)
            except RuntimeError as error:
                raise ModelError(f"weights of {name} do not fit the network: {str(error).splitlines()[0]}") from error
        self.network.to(memory_format=torch.channels_last)  # a third less time on a CPU
        self.requires_grad_(False)
        self.eval()

    @classmethod
    def pretrained(cls, name: str) -> Backbone:
        """The network with its ImageNet weights, from the cache or the network (`gigs.weights`)."""
        from gigs import weights  # not at the top: scoring from a file that holds its backbone needs no download code

        if name not in TIMM_NAMES:
            raise InputError(f"backbone {name!r} is unknown; choose one of {', '.join(TIMM_NAMES)}")
        return cls(name, weights.fetch(name))

    def train(self, mode: bool = True) -> Backbone:
        """Stay in evaluation mode, whatever the module around this one does."""
        return super().train(False)

    def forward(self, images: Tensor, size: int) -> Tensor:
        """Pooled features `[N,1280]` of `[N,3,H,W]` in `[0,1]`, seen at `size` pixels a side."""
        ready = resize_bilinear(images, size) * 2.0 - 1.0
        return self.network(ready.contiguous(memory_format=torch.channels_last))

    def fingerprint(self) -> str:
        """Hex SHA-256 over names and values of all weights."""
        digest = hashlib.sha256(self.name.encode())
        for name, tensor in sorted(self.network.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()


def as_half(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Convolution kernels in half precision, for small files; the small tensors beside them stay exact."""
    large = {name: tensor.half() for name, tensor in tensors.items() if tensor.ndim > 1}
    return tensors | {name: half for name, half in large.items() if bool(torch.isfinite(half).all())}
