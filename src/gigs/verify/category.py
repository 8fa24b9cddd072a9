"""What kind of product a picture shows: a linear classifier on a frozen network's features, trained on real photos.

It looks through another network than the target recommender, so that what fools the one need not fool the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gigs import storage
from gigs.errors import DataError, ModelError
from gigs.recommender.backbone import Backbone

FILE = "category.safetensors"
FEWEST = 50  # photos of a category; rarer ones are not told apart and have no name


@dataclass(frozen=True)
class CategoryClassifier:
    """Pictures to probabilities of product types.

    Attributes:
        backbone_name: The frozen network.
        fingerprint: Of its weights.
        input_size: Side at which it looks.
        names: Of the categories, `C`.
        weight: `[C,width]`, on standardised features.
        bias: `[C]`.
        mean: Of the training photos' features, `[width]`.
        spread: Their standard deviation, `[width]`.
        about: Accuracy on held-out photos, and what it was trained on.
    """

    backbone_name: str
    fingerprint: str
    input_size: int
    names: tuple[str, ...]
    weight: Tensor
    bias: Tensor
    mean: Tensor
    spread: Tensor
    about: dict[str, Any] = field(default_factory=dict)

    def logits(self, features: Tensor) -> Tensor:
        """`[N,C]` from backbone features `[N,width]`."""
        return ((features - self.mean) / self.spread) @ self.weight.T + self.bias

    def __call__(self, images: Tensor, backbone: Backbone) -> Tensor:
        """Probabilities `[N,C]` of pictures `[N,3,H,W]` in `[0,1]`."""
        return self.logits(backbone(images, self.input_size)).softmax(1)

    def save(self, path: Path) -> Path:
        """Save as safetensors."""
        tensors = {"weight": self.weight.half(), "bias": self.bias, "mean": self.mean, "spread": self.spread}
        header = {
            "kind": "category",
            "backbone": self.backbone_name,
            "fingerprint": self.fingerprint,
            "input_size": self.input_size,
            "names": list(self.names),
            "about": self.about,
        }
        return storage.save_tensors(path, tensors, header)


def load_category(path: Path) -> CategoryClassifier:
    """Load what `CategoryClassifier.save` wrote.

    Raises:
        ModelError: Not such a file.
    """
    tensors, header = storage.load_tensors(path)
    try:
        if header["kind"] != "category" or len(header["names"]) != len(tensors["weight"]):
            raise ModelError(f"{path}: not a category classifier; build the pack again")
        return CategoryClassifier(
            backbone_name=header["backbone"],
            fingerprint=header["fingerprint"],
            input_size=int(header["input_size"]),
            names=tuple(header["names"]),
            weight=tensors["weight"].float(),
            bias=tensors["bias"].float(),
            mean=tensors["mean"].float(),
            spread=tensors["spread"].float(),
            about=dict(header["about"]),
        )
    except KeyError as error:
        raise ModelError(f"{path}: not a category classifier of this gigs ({error})") from error


def train_category(
    features: np.ndarray,
    labels: np.ndarray,
    held_out: np.ndarray,
    backbone: Backbone,
    input_size: int,
    *,
    strength: float = 0.003,
) -> CategoryClassifier:
    """Fit multinomial logistic regression on photos' features.

    Args:
        features: `[N,width]` of real photos.
        labels: Their categories, str `[N]`.
        held_out: bool `[N]`: photos that only measure the accuracy.
        backbone: What made the features.
        input_size: Side at which it looked.
        strength: Inverse of the regularisation, scikit-learn's C.

    Raises:
        DataError: Fewer than two categories have 50 photos to train on.
    """
    from sklearn.linear_model import LogisticRegression  # imported late: it takes a second

    names, counts = np.unique(labels[~held_out], return_counts=True)
    kept = names[counts >= FEWEST]
    if len(kept) < 2:
        raise DataError(f"{len(kept)} categories have {FEWEST} photos; two or more are needed to tell them apart")
    train = ~held_out & np.isin(labels, kept)
    mean, spread = features[train].mean(0), features[train].std(0).clip(1e-3)
    standard = (features[train] - mean) / spread
    fitted = LogisticRegression(C=strength, max_iter=300, tol=1e-3).fit(standard.astype(np.float32), labels[train])
    weight, bias = fitted.coef_, fitted.intercept_
    if len(kept) == 2:  # scikit-learn keeps one row for two classes
        weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    found = CategoryClassifier(
        backbone_name=backbone.name,
        fingerprint=backbone.fingerprint(),
        input_size=input_size,
        names=tuple(str(name) for name in fitted.classes_),
        weight=torch.as_tensor(weight, dtype=torch.float32),
        bias=torch.as_tensor(bias, dtype=torch.float32),
        mean=torch.as_tensor(mean, dtype=torch.float32),
        spread=torch.as_tensor(spread, dtype=torch.float32),
    )
    test = held_out & np.isin(labels, kept)
    found.about.update({"photos": int(train.sum()), "held_out_photos": int(test.sum()), "types": len(kept)})
    if test.any():
        answers = found.logits(torch.from_numpy(features[test].astype(np.float32))).argmax(1).numpy()
        found.about["accuracy"] = round(float((fitted.classes_[answers] == labels[test]).mean()), 4)
    return found
