"""What kind of product a picture shows: a linear classifier on a frozen network's features, trained on real photos.

It uses another network than the target, so what fools one need not fool the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gigs.errors import DataError, ModelError
from gigs.io import storage
from gigs.vision.backbone import Backbone

FILE = "category.safetensors"
# Ratio to the next family's probability below which gigs asks for the kind. On 420 held-out photos of the bundled
# pack it asks about 19%, and 69% of those taken for another family; in 91% of the questions one answer is right.
NEAR = 3.0
FEWEST = 50  # least photos of a category; rarer ones get no name


@dataclass(frozen=True)
class CategoryClassifier:
    """Pictures to probabilities of product types.

    Attributes:
        backbone_name: The frozen network.
        fingerprint: Hash of its weights.
        input_size: Side of its input.
        names: Names of the categories, `C`.
        weight: `[C,width]`, on standardised features.
        bias: `[C]`.
        mean: Of the training photos' features, `[width]`.
        spread: Their standard deviation, `[width]`.
        families: Family of each category, `C` indices: those that photos cannot tell apart reliably (a hoodie and a
            sweater) share one. Leaving the family counts as leaving the category.
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
    families: tuple[int, ...]
    about: dict[str, Any] = field(default_factory=dict)

    def logits(self, features: Tensor) -> Tensor:
        """`[N,C]` from backbone features `[N,width]`."""
        return ((features - self.mean) / self.spread) @ self.weight.T + self.bias

    def __call__(self, images: Tensor, backbone: Backbone) -> Tensor:
        """Probabilities `[N,C]` of pictures `[N,3,H,W]` in `[0,1]`."""
        return self.logits(backbone(images, self.input_size)).softmax(1)

    def family_probabilities(self, probabilities: Tensor) -> Tensor:
        """`[N,F]` from probabilities of categories `[N,C]`."""
        return probabilities @ _membership(self.families).to(probabilities)

    def question(self, probabilities: Tensor) -> tuple[tuple[str, float], ...]:
        """What to ask about one picture: the likeliest type of each of the two likeliest families, with probabilities.

        Empty if the first family is at least `NEAR` times as likely as the second.

        Args:
            probabilities: Probabilities of its categories, `[C]`.
        """
        kin = self.family_probabilities(probabilities[None])[0]
        first, second = (int(family) for family in kin.argsort(descending=True)[:2])
        if kin[first] >= NEAR * kin[second]:
            return ()
        own = torch.tensor(self.families, device=probabilities.device)
        best = [int(torch.where(own == family, probabilities, -1.0).argmax()) for family in (first, second)]
        return tuple((self.names[one], float(kin[family])) for one, family in zip(best, (first, second), strict=True))

    def family_name(self, family: int) -> str:
        """Its categories' names."""
        return " / ".join(name for name, own in zip(self.names, self.families, strict=True) if own == family)

    def save(self, path: Path) -> Path:
        """Save as safetensors."""
        tensors = {"weight": self.weight.half(), "bias": self.bias, "mean": self.mean, "spread": self.spread}
        header = {
            "kind": "category",
            "backbone": self.backbone_name,
            "fingerprint": self.fingerprint,
            "input_size": self.input_size,
            "names": list(self.names),
            "families": list(self.families),
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
            families=tuple(int(family) for family in header["families"]),
            about=dict(header["about"]),
        )
    except KeyError as error:
        raise ModelError(f"{path}: not a category classifier of this gigs ({error})") from error


@dataclass(frozen=True)
class PhotoFeatures:
    """Features of real photos from a frozen network, from which classifiers and probes learn.

    Attributes:
        values: Features `[N,width]`.
        held_out: bool `[N]`: photos used only to measure accuracy.
        backbone: The network that computed the features.
        input_size: Side of its input.
    """

    values: np.ndarray
    held_out: np.ndarray
    backbone: Backbone
    input_size: int

    def standardisation(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation `[width]` of the features of some rows."""
        return self.values[rows].mean(0), self.values[rows].std(0).clip(1e-3)


def train_category(
    photos: PhotoFeatures, labels: np.ndarray, *, strength: float = 0.003, reliable: float = 0.9
) -> CategoryClassifier:
    """Fit multinomial logistic regression on photos' features, and find families of categories that it can tell apart.

    Args:
        photos: Features of the catalogue's items.
        labels: Their categories, str `[N]`.
        strength: Inverse of the regularisation, scikit-learn's C.
        reliable: Accuracy that families must reach on a tenth of the training photos, set aside for this.

    Raises:
        DataError: Fewer than two categories have 50 photos to train on.
    """
    held_out = photos.held_out
    names, counts = np.unique(labels[~held_out], return_counts=True)
    names = names[counts >= FEWEST]
    if len(names) < 2:
        raise DataError(f"{len(names)} categories have {FEWEST} photos; two or more are needed to tell them apart")
    known = np.isin(labels, names)
    train = np.flatnonzero(~held_out & known)
    mean, spread = photos.standardisation(train)
    standard = ((photos.values - mean) / spread).astype(np.float32)
    kept_back = np.arange(len(train)) % 10 == 0
    first = fit_linear(standard[train[~kept_back]], labels[train[~kept_back]], names, strength)
    families = families_of(
        _answers(first, standard[train[kept_back]]), _index(labels[train[kept_back]], names), reliable
    )
    weight, bias = fit_linear(standard[train], labels[train], names, strength)
    test = np.flatnonzero(held_out & known)
    about: dict[str, Any] = {"photos": len(train), "held_out_photos": len(test), "types": len(names)}
    about["families"] = len(set(families))
    if len(test):
        answers, truth = _answers((weight, bias), standard[test]), _index(labels[test], names)
        kin = np.array(families)
        about["accuracy"] = round(float((answers == truth).mean()), 4)
        about["family_accuracy"] = round(float((kin[answers] == kin[truth]).mean()), 4)
    return CategoryClassifier(
        backbone_name=photos.backbone.name,
        fingerprint=photos.backbone.fingerprint(),
        input_size=photos.input_size,
        names=tuple(str(name) for name in names),
        weight=torch.as_tensor(weight, dtype=torch.float32),
        bias=torch.as_tensor(bias, dtype=torch.float32),
        mean=torch.as_tensor(mean, dtype=torch.float32),
        spread=torch.as_tensor(spread, dtype=torch.float32),
        families=families,
        about=about,
    )


def families_of(answers: np.ndarray, truth: np.ndarray, reliable: float) -> tuple[int, ...]:
    """Merge the two groups of categories that are confused most often, until the rest is reliable.

    Args:
        answers: The classifier's answers, int `[N]`.
        truth: True categories of the same photos, int `[N]`.
        reliable: Share of answers within the right family at which to stop.

    Returns:
        A family for every category; at least two families remain.
    """
    count = int(max(answers.max(), truth.max())) + 1
    confusion = np.zeros((count, count))
    np.add.at(confusion, (truth, answers), 1)
    families = np.arange(count)
    while len(np.unique(families)) > 2:
        groups = np.unique(families)
        member = (families[None] == groups[:, None]).astype(float)
        between = member @ confusion @ member.T
        if np.trace(between) >= reliable * between.sum():
            break
        size = between.sum(1)
        rate = (between + between.T) / np.maximum(np.minimum(size[:, None], size[None]), 1)
        np.fill_diagonal(rate, -1)
        one, other = np.unravel_index(rate.argmax(), rate.shape)
        families[families == groups[other]] = groups[one]
    return tuple(int(family) for family in np.unique(families, return_inverse=True)[1])


def fit_linear(
    features: np.ndarray, labels: np.ndarray, names: np.ndarray, strength: float
) -> tuple[np.ndarray, np.ndarray]:
    """Multinomial logistic regression: weights `[C,width]` and biases `[C]` in the order of `names`.

    Args:
        features: Standardised, `[N,width]`.
        labels: `[N]`.
        names: The values, sorted.
        strength: Inverse of the regularisation, scikit-learn's C.
    """
    from sklearn.linear_model import LogisticRegression  # imported late, because it takes a second

    fitted = LogisticRegression(C=strength, max_iter=300, tol=1e-3).fit(features, labels)
    weight, bias = fitted.coef_, fitted.intercept_
    if len(names) == 2:  # scikit-learn keeps one row for two classes
        weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
    return weight, bias


def _answers(model: tuple[np.ndarray, np.ndarray], features: np.ndarray) -> np.ndarray:
    return (features @ model[0].T + model[1]).argmax(1)


def _index(labels: np.ndarray, names: np.ndarray) -> np.ndarray:
    return np.searchsorted(names, labels)


def _membership(families: tuple[int, ...]) -> Tensor:
    """`[C,F]`: 1 where a category belongs to a family."""
    member = torch.zeros(len(families), max(families) + 1)
    member[torch.arange(len(families)), torch.tensor(families)] = 1
    return member
