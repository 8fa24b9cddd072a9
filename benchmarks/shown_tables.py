"""The table of `benchmarks.shown`: one column an arm, each figure with its n and interval over photos."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gigs.metrics.features import feature_network, picture_features
from gigs.metrics.figure import figure
from gigs.metrics.kid import kernel_distance

NETWORKS = ("vgg16", "efficientnet-lite0")
FOLDS, SUBSET, SUBSETS = 5, 100, 50
FINE = 0.8  # of the photo's high-frequency energy: enough to call a picture as sharp


def markdown(rows: list[dict[str, Any]], folder: Path, real: np.ndarray) -> str:
    """The table as Markdown.

    Args:
        rows: Of `benchmarks.shown.measure`.
        folder: Where their pictures are.
        real: Photos to compare with, uint8 `[N,S,S,3]`.
    """
    arms = list(dict.fromkeys(row["arm"] for row in rows))
    columns = {name: _column([row for row in rows if row["arm"] == name]) for name in arms}
    for network in NETWORKS:
        features = _features(network, real)
        for name in arms:
            done = [row for row in rows if row["arm"] == name and "pictures" in row]
            columns[name] |= _compared(network, features, _pictures(done, folder))
    lines = ["| | " + " | ".join(arms) + " |", "|---" * (len(arms) + 1) + "|"]
    lines += [f"| {what} | " + " | ".join(columns[name][what] for name in arms) + " |" for what in columns[arms[0]]]
    return "\n".join(lines) + "\n"


def _column(rows: list[dict[str, Any]]) -> dict[str, str]:
    """What is known of an arm from its rows."""
    done = [row for row in rows if "pictures" in row]
    found = {"photos redesigned": f"{len(done)} of {len(rows)}"}
    found["redesigns a photo"] = _mean([[float(len(row["kept"]))] for row in done])
    for judge in done[0]["gains"]:
        found[f"gain granted by {judge}, z"] = _mean([row["gains"][judge] for row in done])
        found[f"positive, {judge}"] = _share([[gain > 0 for gain in row["gains"][judge]] for row in done])
    every = [[all(gains) for gains in zip(*_signs(row), strict=True)] for row in done]
    found["positive under every judge"] = _share(every)
    found["of 100 buyers"] = _mean([[one for one in row["share"] if one is not None] for row in done], 1)
    found["category kept"] = _share([row["kept"] for row in done])
    found["pairwise LPIPS"] = _mean([[row["diversity"]] for row in done if row["diversity"] is not None], 3)
    detail = [[one for one in row["energy"] if one is not None] for row in done]
    medians = [float(np.median(one)) for one in detail if one]
    found["high-frequency energy, median (quartiles)"] = _quartiles(medians)
    found[f"photos with {FINE:g} of it"] = f"{np.mean(np.array(medians) >= FINE):.0%}"
    residuals = [[one for one in row["residual"] if one is not None] for row in done]
    flat = [one for each in residuals for one in each]
    found["residual, median"] = f"{np.median(flat):.2f}" if flat else "-"
    for stage in ("inversion", "shifting", "verification", "wall", "processor"):
        found[f"seconds: {stage}"] = _quartiles([row["seconds"][stage] for row in done])
    found["peak memory, MB"] = f"{np.median([row['peak_mb'] for row in done]):.0f}"
    return found


def _signs(row: dict[str, Any]) -> list[list[bool]]:
    return [[gain > 0 for gain in gains] for gains in row["gains"].values()]


def _pictures(rows: list[dict[str, Any]], folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """All pictures of an arm, uint8 `[M,S,S,3]`, and the photo of each, `[M]`."""
    pictures = [np.load(folder / row["pictures"]) for row in rows]
    groups = np.repeat(np.arange(len(pictures)), [len(each) for each in pictures])
    return np.concatenate(pictures), groups


def _features(network: str, pictures: np.ndarray) -> np.ndarray:
    return picture_features(feature_network(network), pictures)


def _compared(network: str, real: np.ndarray, shown: tuple[np.ndarray, np.ndarray]) -> dict[str, str]:
    """KID, and how well a classifier tells an arm's pictures from photos it has not seen."""
    features, photos = _features(network, shown[0]), shown[1]
    rng = np.random.default_rng(0)
    size = min(SUBSET, len(real), len(features))
    distance = kernel_distance(real, features, subsets=SUBSETS, subset_size=size, rng=rng)
    found = {f"KID x 1000, {network}": f"{1000 * distance.mean:.2f} ({1000 * distance.sd:.2f})"}
    found[f"two-sample AUC, {network}"] = f"{two_sample_auc(real, features, photos):.2f}"
    return found


def two_sample_auc(real: np.ndarray, shown: np.ndarray, photos: np.ndarray, seed: int = 0) -> float:
    """Area under the ROC curve of a logistic regression between photos and redesigns, in folds of whole photos.

    Args:
        real: Features of photos `[N,D]`.
        shown: Features of redesigns `[M,D]`.
        photos: Which photo each redesign is of, `[M]`; all of one are in the same fold.
        seed: Orders the photos.
    """
    features = np.concatenate([real, shown])
    labels = np.repeat([0, 1], [len(real), len(shown)])
    groups = np.concatenate([photos.max() + 1 + np.arange(len(real)), photos])
    order = np.random.default_rng(seed).permutation(groups.max() + 1)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1e-3, max_iter=2000, class_weight="balanced"))
    said = cross_val_predict(
        model, features, labels, groups=order[groups], cv=GroupKFold(FOLDS), method="decision_function"
    )
    return float(roc_auc_score(labels, said))


def _mean(values: list[list[float]], digits: int = 2) -> str:
    """Mean over photos of their means, with its 95% interval."""
    known = [each for each in values if each]
    if not known:
        return "-"
    one = figure(known)
    return f"{one.mean:.{digits}f} [{one.low:.{digits}f}, {one.high:.{digits}f}]"


def _share(values: list[list[bool]]) -> str:
    known = [[float(one) for one in each] for each in values if each]
    one = figure(known)
    return f"{one.mean:.0%} [{one.low:.0%}, {one.high:.0%}]"


def _quartiles(values: list[float]) -> str:
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return f"{middle:.2f} ({low:.2f}, {high:.2f})"
