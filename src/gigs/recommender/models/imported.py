"""Recommenders that others trained: VBPR of cornac and of Elliot, and users' vectors of anything else.

In the letters of He & McAuley (2016), which both use: `Tu [U,D]` the users' visual factors, `E [F,D]` the embedding,
`Bp [F]` the visual bias, over visual features `f [F]` of an item. Nobody has bought a new picture yet, so what belongs
to items alone (`Gi`, `Bi`), and to users beside it (`Gu`), is left out; theta^T phi is the model's visual part.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gigs.errors import InputError, ModelError
from gigs.io.pickles import MALFORMED, RestrictedUnpickler
from gigs.io.regular import require_file
from gigs.recommender.models.callable import CallableRecommender
from gigs.recommender.models.vbpr import VBPR
from gigs.vision.backbone import Backbone, feature_width

SCALINGS = ("none", "max", "minmax")
CORNAC = {"Tu": "theta_user", "E": "emb_matrix", "Bp": "beta_prime"}
VECTORS = "user_factors"
_ARRAYS = [
    ("numpy", "ndarray"), ("numpy", "dtype"), ("collections", "OrderedDict"), ("collections", "defaultdict"),
    *((f"numpy.{core}.multiarray", name) for core in ("core", "_core") for name in ("_reconstruct", "scalar")),
    *((f"numpy.{core}.numeric", "_frombuffer") for core in ("core", "_core")),
]  # fmt: skip


def read_factors(source: str | Path) -> dict[str, np.ndarray]:
    """Factors by their letters, or `user_factors`; with `user_ids` where the file has them.

    Args:
        source: An `.npz` of plain arrays, or the `.pkl` that cornac's `save` wrote of a VBPR (or its folder: the
            latest). Nothing in a pickle is run: a file that names anything but arrays and cornac's classes is refused.

    Raises:
        ModelError: Missing, damaged, unsafe, or holding neither.
    """
    path = Path(source)
    if path.is_dir():
        path = max(path.rglob("*.pkl"), default=path)
    if not path.is_file():
        raise ModelError(f"{source}: no such file (an .npz of factors, or what cornac's save() wrote)")
    factors = _from_cornac(path) if path.suffix == ".pkl" else _from_npz(path)
    if VECTORS not in factors and not {"Tu", "E"} <= set(factors):
        raise ModelError(
            f"{path}: holds neither Tu and E (VBPR) nor {VECTORS}; it has {', '.join(sorted(factors)) or 'nothing'}"
        )
    return factors


@dataclass(frozen=True)
class FeatureScaling:
    """What a framework did to the backbone's features before it trained on them.

    Attributes:
        name: `max`, divided by the largest magnitude (Elliot); `minmax`, brought to `[0,1]` as a whole (cornac's
            `normalized=True`); `none`.
        features: The features `[items,F]` that the model was trained on, before scaling; needed for `max` and `minmax`.
    """

    name: str = "none"
    features: np.ndarray | None = None


UNSCALED = FeatureScaling()


def vbpr_from_factors(
    factors: dict[str, np.ndarray],
    *,
    backbone: str,
    input_size: int,
    user_ids: Sequence[str],
    scaling: FeatureScaling = UNSCALED,
    network: Backbone | None = None,
) -> VBPR:
    """A VBPR whose scores are the visual part of the model that `factors` come from.

    Args:
        factors: From `read_factors`.
        backbone: The network whose pooled features the model was trained on, as for training.
        input_size: Side in pixels at which that network saw the pictures.
        user_ids: In the order of the factors' rows.
        scaling: Of the features that the model was trained on.
        network: The network itself, instead of fetching it.

    Raises:
        InputError: Factors, features, ids and backbone do not fit together.
        ModelError: The backbone's weights cannot be had.
    """
    users, embedding = factors["Tu"], factors["E"]
    if embedding.ndim != 2 or users.ndim != 2 or embedding.shape[1] != users.shape[1]:
        raise InputError(f"Tu {list(users.shape)} and E {list(embedding.shape)} do not fit: need [U,D] and [F,D]")
    width = feature_width(backbone)
    if len(embedding) != width:
        raise InputError(
            f"E is for features of length {len(embedding)}, but {backbone} gives {width}: it is another network"
        )
    if len(user_ids) != len(users):
        raise InputError(
            f"{len(user_ids)} user ids for {len(users)} rows of Tu; give one id per line, in the rows' order"
        )
    shift, scale = _shift_and_scale(scaling, width)
    model = VBPR(factors=users.shape[1], input_size=input_size, backbone=backbone, user_ids=list(user_ids))
    model.attach(network or Backbone.pretrained(backbone))
    with torch.no_grad():
        model.embedding.copy_(torch.from_numpy(embedding.T.astype(np.float32)))
        model.bias.copy_(torch.from_numpy(factors.get("Bp", np.zeros(width)).reshape(-1).astype(np.float32)))
        model.theta.copy_(torch.from_numpy(users.astype(np.float32)))
        model.mean.fill_(shift)
        model.std.fill_(scale)
    return model.freeze()  # type: ignore[return-value]


def callable_from_factors(
    factors: dict[str, np.ndarray],
    *,
    features: str,
    input_size: int,
    user_ids: Sequence[str],
    scorer: str | None = None,
) -> CallableRecommender:
    """A `callable` recommender from `user_factors [U,K]` and the names of its functions."""
    vectors = torch.from_numpy(np.ascontiguousarray(factors[VECTORS], dtype=np.float32))
    return CallableRecommender.from_vectors(features, user_ids, vectors, input_size=input_size, scorer=scorer)


def user_ids_of(factors: dict[str, np.ndarray], file: str | Path | None) -> list[str]:
    """Users' ids in the order of the factors' rows: from a file with one a line, or from where the factors came.

    Raises:
        InputError: Neither has them.
    """
    if file is not None:
        try:
            lines = require_file(Path(file)).read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"users' file {file}: cannot be read ({error})") from error
        return [line.strip() for line in lines if line.strip()]
    if "user_ids" not in factors:
        raise InputError(
            "the factors come without users' ids; give a file of `users` with one id per line, in the order of the rows"
        )
    return [str(identifier) for identifier in factors["user_ids"].tolist()]


def read_features(file: str | Path) -> np.ndarray:
    """Items' features `[items,F]`: one `.npy`, or a folder with one `.npy` an item (Elliot's other layout).

    Raises:
        InputError: Neither, or of a wrong shape.
    """
    path = Path(file)
    try:
        if path.is_dir():
            rows = [np.load(each, allow_pickle=False).reshape(-1) for each in sorted(path.glob("*.npy"))]
            return np.stack(rows)
        matrix = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"features {file}: not a matrix of numbers, nor a folder of vectors ({error})") from error
    if matrix.ndim != 2:
        raise InputError(f"features {file}: of shape {list(matrix.shape)}, not [items,F]")
    return matrix


def _shift_and_scale(scaling: FeatureScaling, width: int) -> tuple[float, float]:
    """What is taken away from a raw feature, and what it is then divided by."""
    name, features = scaling.name, scaling.features
    if name not in SCALINGS:
        raise InputError(f"scaling {name!r} is unknown; choose one of {', '.join(SCALINGS)}")
    if features is not None and features.shape[1:] != (width,):
        raise InputError(f"features of shape {list(features.shape)}: the backbone gives vectors of length {width}")
    if name == "none":
        return 0.0, 1.0
    if features is None:
        raise InputError(f"scaling {name} needs the features that the model was trained on; give `item_features`")
    lowest = float(features.min()) if name == "minmax" else 0.0
    largest = float(features.max()) - lowest if name == "minmax" else float(np.abs(features).max())
    if not largest > 0:
        raise InputError("all features are equal, so they cannot be scaled")
    return lowest, largest


def _from_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError, EOFError, AttributeError) as error:
        raise ModelError(f"{path}: not an .npz of plain arrays ({error})") from error


def _from_cornac(path: Path) -> dict[str, np.ndarray]:
    try:
        with path.open("rb") as handle:
            model = _Reader(handle, _ARRAYS).load()
    except ModelError as error:
        raise ModelError(f"{path}: {error}; nothing was run") from error
    except (pickle.UnpicklingError, EOFError, MemoryError, RecursionError, *MALFORMED) as error:
        raise ModelError(f"{path}: damaged, or not what cornac's save() wrote ({error})") from error
    state = model.state if isinstance(model, _CornacObject) else {}
    missing = [name for name in CORNAC.values() if not isinstance(state.get(name), np.ndarray)]
    if missing:
        raise ModelError(f"{path}: not a trained VBPR of cornac ({missing[0]} is missing)")
    factors = {ours: state[theirs] for ours, theirs in CORNAC.items()}
    ids = state.get("uid_map")
    if isinstance(ids, dict) and sorted(ids.values()) == list(range(len(ids))):
        factors["user_ids"] = np.array([str(name) for name, _ in sorted(ids.items(), key=lambda pair: pair[1])])
    return factors


class _CornacObject:
    """An object of cornac's: its attributes, and no behaviour."""

    state: dict[str, Any]

    def __setstate__(self, state: Any) -> None:
        self.state = dict(state)


class _Reader(RestrictedUnpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Cornac's classes become `_CornacObject`s; beside them only arrays are known."""
        return _CornacObject if module.split(".")[0] == "cornac" else super().find_class(module, name)
