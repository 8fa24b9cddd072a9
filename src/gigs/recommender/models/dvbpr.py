"""DVBPR (Kang et al. 2017): a CNN-F learned from scratch, end to end with the user factors."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from gigs.errors import InputError
from gigs.recommender.base import Recommender, register


@register
class DVBPR(Recommender):
    """Siamese CNN-F with learned user factors; layers, padding and initial values as in the authors' code.

    Five convolutions (64@11x11 stride 4, 256@5x5, three of 256@3x3) with three 2x2 poolings, then two hidden layers
    with dropout, then K features. TensorFlow's `SAME` padding is kept, so 224 px give 7x7 maps and 64 px 2x2.

    Args:
        factors: K; the paper's 100.
        input_size: Side in pixels the network works at, 64 or more; the paper's 224.
        hidden: Width of the two hidden layers; the paper's 4096.
        width: Share of the paper's channels in each convolution; below 1 for small machines and tests.
        user_ids: Ids of the users, in the order of theta.
    """

    kind = "dvbpr"

    def __init__(
        self,
        *,
        factors: int = 100,
        input_size: int = 224,
        hidden: int = 4096,
        width: float = 1.0,
        user_ids: Sequence[str] = (),
    ) -> None:
        super().__init__(input_size=input_size, user_ids=user_ids)
        if factors < 1 or hidden < 1 or not 0 < width <= 1:
            raise InputError(f"DVBPR with factors={factors}, hidden={hidden}, width={width}: need >= 1, >= 1, in (0,1]")
        self.factors, self.hidden, self.width = int(factors), int(hidden), float(width)
        self.cnn, self.map_size = _cnn_f(input_size, factors, hidden, width)
        self.theta = nn.Parameter(torch.empty(len(self.user_ids), factors))
        self.reset_parameters()

    def reset_parameters(self, generator: torch.Generator | None = None) -> None:
        """Glorot-uniform weights, zero biases, theta uniform in [0, 0.01], as in the authors' code."""
        for module in self.cnn:
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(module.weight, generator=generator)
                nn.init.zeros_(module.bias) if module.bias is not None else None
        nn.init.uniform_(self.theta, 0.0, 0.01, generator=generator)

    def features(self, images: Tensor) -> Tensor:
        """phi, `[N,K]`, of pictures float32 `[N,3,H,W]` in `[0,1]` (Eq. 1)."""
        return self.cnn(self.resize(images) * 2.0 - 1.0)

    def decayed(self) -> list[Tensor]:
        """Parameters that weight decay applies to: weights, not biases, as in the authors' code."""
        return [parameter for name, parameter in self.cnn.named_parameters() if name.endswith("weight")]

    def architecture(self) -> dict[str, Any]:
        """Arguments that build this network again."""
        return {"factors": self.factors, "input_size": self.input_size, "hidden": self.hidden, "width": self.width}

    def preprocessing(self) -> dict[str, Any]:
        """How pictures reach the network."""
        return {"range": [0, 1], "resize": "bilinear", "size": self.input_size, "then": "2x - 1", "map": self.map_size}


def _cnn_f(input_size: int, factors: int, hidden: int, width: float) -> tuple[nn.Sequential, int]:
    """The layers by name, and the side of the last feature map."""
    first, wide = max(1, round(64 * width)), max(1, round(256 * width))
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    size = -(-input_size // 4)
    total = max((size - 1) * 4 + 11 - input_size, 0)  # SAME: the odd pixel goes to the right and below
    before, after = total // 2, total - total // 2
    layers["pad"] = nn.ZeroPad2d((before, after, before, after))
    layers["conv1"] = nn.Conv2d(3, first, 11, stride=4)
    for number, (channels, kernel) in enumerate([(first, 5), (wide, 3), (wide, 3), (wide, 3)], start=1):
        layers[f"relu{number}"] = nn.ReLU()
        if number <= 2:
            layers[f"pool{number}"], size = nn.MaxPool2d(2, ceil_mode=True), -(-size // 2)
        layers[f"conv{number + 1}"] = nn.Conv2d(channels, wide, kernel, padding=kernel // 2)
    layers["relu5"], layers["pool5"], size = nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True), -(-size // 2)
    layers["flatten"] = nn.Flatten()
    layers["fc1"] = nn.Linear(wide * size * size, hidden)
    layers["fc1_relu"], layers["fc1_dropout"] = nn.ReLU(), nn.Dropout(0.5)
    layers["fc2"] = nn.Linear(hidden, hidden)
    layers["fc2_relu"], layers["fc2_dropout"] = nn.ReLU(), nn.Dropout(0.5)
    layers["fc3"] = nn.Linear(hidden, factors)
    return nn.Sequential(layers), size
