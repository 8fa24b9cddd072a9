"""Inception Score (Salimans et al. 2016, arXiv:1606.03498), and the classifiers for it and FID.

With torchvision's InceptionV3, as the paper's code has it, the figures are called IS, FID and KID. Where its weights
cannot be had, EfficientNet-Lite0 stands in and the names say so: `IS-lite0`, `FID-lite0`, `KID-lite0`. Those compare
methods with one another and with nothing printed elsewhere.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gigs.errors import InputError, ModelError
from gigs.io.weights import fetch
from gigs.metrics.features import EfficientNetLite0, FeatureNetwork, as_matrix
from gigs.vision.resize import resize_bilinear

INCEPTION_SIZE = 299  # pixels


class Classifier(FeatureNetwork):
    """A feature network with its ImageNet classes. `suffix` goes behind the names of figures made with it."""

    suffix: str = ""
    head: nn.Linear

    @torch.inference_mode()
    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Class probabilities float64 `[N,1000]` of features `[N,width]`."""
        values = torch.from_numpy(as_matrix(features)).to(self.head.weight.device, torch.float32)
        return torch.softmax(self.head(values).double(), dim=1).cpu().numpy()


class InceptionV3(Classifier):
    """torchvision's InceptionV3: the 2048 pooled features, and its classes.

    Raises:
        ModelError: Its weights cannot be had.
    """

    name = "inception-v3"
    width = 2048

    def __init__(self) -> None:
        super().__init__()
        state = fetch(self.name)
        network = _empty_inception()
        try:
            network.load_state_dict(state, strict=True, assign=True)
        except RuntimeError as error:
            raise ModelError(f"{self.name}: the weights do not fit the network; fetch them again") from error
        self.head, network.fc = network.fc, nn.Identity()
        self.network = network
        self.requires_grad_(False)
        self.eval()

    def forward(self, images: Tensor) -> Tensor:
        """`[N,3,H,W]` in `[0,1]` to `[N,2048]`, seen at 299 px with values in [-1,1], as these weights want them."""
        return self.network(2 * resize_bilinear(images, INCEPTION_SIZE) - 1)


def _empty_inception() -> Any:
    from torchvision.models import inception_v3  # imported late: only these figures need it

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about how its weights would be drawn
        return inception_v3(weights=None, aux_logits=False, transform_input=False, init_weights=False)


class Lite0Classifier(EfficientNetLite0, Classifier):
    """EfficientNet-Lite0 with its classifier, as a substitute for InceptionV3."""

    suffix = "-lite0"

    def __init__(self) -> None:
        super().__init__()
        state = fetch(self.name)
        self.head = nn.Linear(self.width, len(state["classifier.bias"]))
        self.head.load_state_dict({part: state[f"classifier.{part}"] for part in ("weight", "bias")})
        self.requires_grad_(False)


def figure_network() -> Classifier:
    """InceptionV3 if its weights can be downloaded, otherwise EfficientNet-Lite0.

    Raises:
        ModelError: Neither.
    """
    try:
        return InceptionV3()
    except ModelError:
        return Lite0Classifier()


class InceptionScore:
    """exp of the mean divergence of a picture's class probabilities from the mean of all; sums in float64.

    1 where all pictures look alike (or like nothing), at most the number of classes. The usual split into ten parts is
    not made: it lowers the figure of a small set further. Sums of shards are added.
    """

    def __init__(self) -> None:
        self.count = 0
        self.total: np.ndarray | None = None
        self.entropy = 0.0

    def update(self, probabilities: np.ndarray | Tensor) -> None:
        """Add class probabilities `[N,C]`."""
        matrix = as_matrix(probabilities).astype(np.float64)
        if self.total is not None and len(self.total) != matrix.shape[1]:
            raise InputError(f"probabilities of {matrix.shape[1]} classes, {len(self.total)} expected")
        self.count += len(matrix)
        total = matrix.sum(0)
        self.total = total if self.total is None else self.total + total
        self.entropy += plogp(matrix)

    def merge(self, other: InceptionScore) -> None:
        """Add what another shard has seen."""
        if other.total is None:
            return
        if self.total is not None and len(self.total) != len(other.total):
            raise InputError(f"probabilities of {len(other.total)} classes, {len(self.total)} expected")
        self.count += other.count
        self.total = other.total.copy() if self.total is None else self.total + other.total
        self.entropy += other.entropy

    def compute(self) -> float:
        """The score of what was added so far.

        Raises:
            InputError: Nothing was.
        """
        if self.total is None or not self.count:
            raise InputError("no class probabilities yet; call update first")
        return float(np.exp(self.entropy / self.count - plogp(self.total / self.count)))


def plogp(p: np.ndarray) -> float:
    """Sum of p ln p over all entries, where 0 ln 0 is 0."""
    return float((p * np.log(np.where(p > 0, p, 1.0))).sum())
