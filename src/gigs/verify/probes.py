"""The attributes that a picture shows, in the shop's own words: linear probes on a frozen network's features.

They share the network of the category classifier (`verify.category`), so their answers cost only one more matrix
product. A probe answers only if such answers were right four times in five, on photos set aside and on their
reconstructions. Redrawn products are softer than photos and harder to classify.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gigs.errors import DataError, ModelError
from gigs.io import storage
from gigs.io.documents import Fraction
from gigs.verify.category import PhotoFeatures, fit_linear

FILE = "probes.safetensors"
FEWEST = 40  # least photos of a value; rarer values are left out
PRECISION = 0.8  # of the reported answers
MARGIN = 0.05  # added to it when thresholds are set, because they are set on few photos
ENOUGH = 10  # least answers above a threshold for a reliable precision
NEVER = 2.0  # a threshold that no probability reaches


@dataclass(frozen=True)
class Answer:
    """A probe's answer: its best guess, its confidence in `[0,1]`, and whether that is enough to report it."""

    value: str
    confidence: Fraction
    sure: bool


@dataclass(frozen=True)
class Probe:
    """One attribute.

    Attributes:
        names: Its possible values, `C`.
        weight: `[C,width]`, on standardised features.
        bias: `[C]`.
        thresholds: Probability from which each value is reported, `[C]`; `NEVER` for values that are not reliable.
        about: Photos, and on held-out photos: `accuracy` of all guesses, `precision` of those reported, and the `said`
            share; under `redrawn` the same of those photos redrawn.
    """

    names: tuple[str, ...]
    weight: Tensor
    bias: Tensor
    thresholds: Tensor
    about: dict[str, Any]

    def __call__(self, standard: Tensor) -> list[Answer]:
        """Answers for standardised features `[N,width]`."""
        best, index = (standard @ self.weight.T + self.bias).softmax(1).max(1)
        return [
            Answer(self.names[place], float(sure), bool(sure >= self.thresholds[place]))
            for sure, place in zip(best.tolist(), index.tolist(), strict=True)
        ]


@dataclass(frozen=True)
class Probes:
    """The probes of a pack, by column of its catalogue; `mean` and `spread` `[width]` standardise features."""

    fingerprint: str
    mean: Tensor
    spread: Tensor
    probes: Mapping[str, Probe]

    def __call__(self, features: Tensor) -> list[dict[str, Answer]]:
        """By picture and column the answers, from backbone features `[N,width]`."""
        standard = (features.float().cpu() - self.mean) / self.spread
        answers = {name: probe(standard) for name, probe in self.probes.items()}
        return [{name: found[row] for name, found in answers.items()} for row in range(len(standard))]

    def save(self, path: Path) -> Path:
        """Save as safetensors, weights in half precision."""
        tensors = {"mean": self.mean, "spread": self.spread}
        header: dict[str, Any] = {"kind": "probes", "fingerprint": self.fingerprint, "probes": {}}
        for name, probe in self.probes.items():
            tensors |= {f"{name}.weight": probe.weight.half(), f"{name}.bias": probe.bias}
            tensors[f"{name}.thresholds"] = probe.thresholds
            header["probes"][name] = {"names": list(probe.names), "about": probe.about}
        return storage.save_tensors(path, tensors, header)


def load_probes(path: Path) -> Probes:
    """Load what `Probes.save` wrote.

    Raises:
        ModelError: Not such a file.
    """
    tensors, header = storage.load_tensors(path)
    try:
        if header["kind"] != "probes":
            raise ModelError(f"{path}: holds no probes; make them again with `gigs pack probes`")
        probes = {
            name: Probe(
                tuple(about["names"]), tensors[f"{name}.weight"].float(), tensors[f"{name}.bias"].float(),
                tensors[f"{name}.thresholds"].float(), dict(about["about"]),
            )
            for name, about in header["probes"].items()
        }  # fmt: skip
        return Probes(header["fingerprint"], tensors["mean"].float(), tensors["spread"].float(), probes)
    except (KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path}: no probes of this gigs ({error}); make them with `gigs pack probes`") from error


def train_probes(
    photos: PhotoFeatures,
    labels: Mapping[str, np.ndarray],
    products: np.ndarray,
    *,
    redrawn: Mapping[int, np.ndarray] | None = None,
    strength: float = 0.003,
) -> Probes:
    """Fit a multinomial logistic regression for every column.

    Thresholds are set on a fifth of the training products (`kept_back`), by a fit without them. Held-out photos are
    used only to measure.

    Args:
        photos: Features of the catalogue's items.
        labels: By column, str `[N]`; empty if a photo has no value.
        products: Product of each photo, `[N]`: colour variants of one product stay on one side.
        redrawn: By row, features `[width]` of photos as the generator redraws them: of those kept back, which raise
            thresholds, and of held-out ones.
        strength: Inverse of the regularisation, scikit-learn's C.

    Raises:
        DataError: A column has fewer than two values with 40 photos.
    """
    mean, spread = photos.standardisation(~photos.held_out)
    rows = np.array(sorted(redrawn or {}), dtype=int)
    again = np.stack([redrawn[row] for row in rows]) if redrawn else photos.values[:0]
    lessons = _Lessons(
        standard=((photos.values - mean) / spread).astype(np.float32), held_out=photos.held_out,
        kept_back=kept_back(products, photos.held_out),
        redrawn_rows=rows, redrawn=((again - mean) / spread).astype(np.float32),
    )  # fmt: skip
    probes = {name: _train(lessons, values, name, strength) for name, values in labels.items()}
    as_tensor = torch.from_numpy
    return Probes(photos.backbone.fingerprint(), as_tensor(mean).float(), as_tensor(spread).float(), probes)


def kept_back(products: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """The photos on which thresholds are set, bool `[N]`: every fifth product of the training photos."""
    return np.isin(products, np.unique(products[~held_out])[::5]) & ~held_out


def thresholds_of(probabilities: np.ndarray, truth: np.ndarray, precision: float) -> np.ndarray:
    """The least probability `[C]` from which a best guess of each value is right often enough; else `NEVER`.

    Args:
        probabilities: `[N,C]` on photos that the fit did not see.
        truth: Index of the true value, `[N]`.
        precision: Share of right answers among those reported.
    """
    guess, sure = probabilities.argmax(1), probabilities.max(1)
    thresholds = np.full(probabilities.shape[1], NEVER)
    for value in range(len(thresholds)):
        mine = guess == value
        order = np.argsort(-sure[mine])
        right = (truth[mine] == value)[order]
        share = np.cumsum(right) / np.arange(1, len(right) + 1)
        good = np.flatnonzero(share >= precision)
        if len(good) and good[-1] + 1 >= ENOUGH:
            thresholds[value] = sure[mine][order][good[-1]]
    return thresholds


@dataclass(frozen=True, kw_only=True)
class _Lessons:
    """Standardised features of photos `[N,width]`, what each is for (bool `[N]`), and of redrawn photos `[M,width]`."""

    standard: np.ndarray
    held_out: np.ndarray
    kept_back: np.ndarray
    redrawn_rows: np.ndarray
    redrawn: np.ndarray


def _train(lessons: _Lessons, labels: np.ndarray, column: str, strength: float) -> Probe:
    """Fit the probe of one column."""
    standard, fifth, held_out = lessons.standard, lessons.kept_back, lessons.held_out
    names, counts = np.unique(labels[~held_out & (labels != "")], return_counts=True)
    names = names[counts >= FEWEST]
    if len(names) < 2:
        raise DataError(f"column {column!r}: {len(names)} values have {FEWEST} photos; two or more are needed")
    known = np.isin(labels, names)
    train, kept, test = (np.flatnonzero(known & rows) for rows in (~held_out & ~fifth, ~held_out & fifth, held_out))
    index = np.searchsorted(names, labels)
    first = fit_linear(standard[train], labels[train], names, strength)
    thresholds = thresholds_of(_probabilities(first, standard[kept]), index[kept], PRECISION + MARGIN)
    rows, soft = lessons.redrawn_rows, lessons.redrawn
    mine = fifth[rows] & known[rows]
    if mine.any():
        theirs = thresholds_of(_probabilities(first, soft[mine]), index[rows[mine]], PRECISION + MARGIN)
        thresholds = np.maximum(thresholds, theirs)
    both = np.concatenate([train, kept])
    fitted = fit_linear(standard[both], labels[both], names, strength)
    about = _measure(_probabilities(fitted, standard[test]), index[test], thresholds) | {"photos": len(both)}
    mine = held_out[rows] & known[rows]
    if mine.any():
        about["redrawn"] = _measure(_probabilities(fitted, soft[mine]), index[rows[mine]], thresholds)
    weight, bias = (torch.as_tensor(part, dtype=torch.float32) for part in fitted)
    return Probe(tuple(str(name) for name in names), weight, bias, torch.as_tensor(thresholds).float(), about)


def _probabilities(model: tuple[np.ndarray, np.ndarray], features: np.ndarray) -> np.ndarray:
    logits = features @ model[0].T + model[1]
    return torch.from_numpy(np.ascontiguousarray(logits)).double().softmax(1).numpy()


def _measure(probabilities: np.ndarray, truth: np.ndarray, thresholds: np.ndarray) -> dict[str, Any]:
    """On held-out photos: how often guesses and reported answers are right, and how many are reported."""
    if not len(truth):
        return {"held_out_photos": 0}
    guess = probabilities.argmax(1)
    said = probabilities.max(1) >= thresholds[guess]
    right = guess == truth
    return {
        "held_out_photos": len(truth),
        "accuracy": round(float(right.mean()), 4),
        "precision": round(float(right[said].mean()), 4) if said.any() else None,
        "said": round(float(said.mean()), 4),
    }
