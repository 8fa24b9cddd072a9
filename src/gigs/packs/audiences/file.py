"""An audience in a file of its own: its tastes under every scorer of a pack, and where they come from.

A safetensors file, `NAME.audience` by custom. Nobody's own vector and nobody's id is in it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from gigs.audience.base import Audience
from gigs.audience.taste import Taste
from gigs.errors import InputError, ModelError
from gigs.io import storage
from gigs.packs.load import Pack

SUFFIX = ".audience"
SCHEMA = 1


def save_audience(audience: Audience, path: Path) -> Path:
    """Write an audience with its tastes and its origin, atomically."""
    tensors: dict[str, Tensor] = {}
    numbers = {}
    for scorer, taste in audience.tastes.items():
        tensors |= {f"{scorer}/theta": taste.theta, f"{scorer}/covariance": taste.covariance}
        numbers[scorer] = {
            "users": taste.users, "mean": taste.mean, "spread": taste.spread, "effective": taste.effective,
            "noise": taste.noise,
        }  # fmt: skip
    header = {
        "schema": SCHEMA, "kind": "audience", "name": audience.name, "label": audience.label, "users": audience.users,
        "quantiles": list(audience.quantiles), "target": next(iter(audience.tastes)), "tastes": numbers,
        "privacy": audience.privacy, "origin": dict(audience.origin),
    }  # fmt: skip
    return storage.save_tensors(path, tensors, header)


def require_pack(audience: Audience, pack: Pack) -> None:
    """Refuse a pack with other scorers than those that an audience from a file was made for.

    Raises:
        InputError: They are others.
    """
    if audience.origin["scorers"] != hashes_of_scorers(pack):
        raise InputError(
            f"audience {audience.name!r}: made for the scorers of the pack {audience.origin['pack']}, not for those of "
            f"{pack.name} as it is now; make it again with `gigs audience create --pack {pack.name}`"
        )


def hashes_of_scorers(pack: Pack) -> dict[str, str]:
    """SHA-256 of every scorer's file, by name: vectors mean nothing to other scorers."""
    return {name: pack.info["files"].get(about["file"], "") for name, about in pack.scorers.items()}


def load_audience(path: Path) -> Audience:
    """Read what `save_audience` wrote.

    Raises:
        InputError: There is no such file.
        ModelError: It is damaged, or no audience.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; make one with `gigs audience create`")
    tensors, header = storage.load_tensors(path)
    if header.get("kind") != "audience" or header.get("schema") != SCHEMA:
        raise ModelError(f"{path}: not an audience of this gigs; make it again with `gigs audience create`")
    try:
        return _audience_of(tensors, header)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"{path}: not an audience ({error}); make it again with `gigs audience create`") from error


def _audience_of(tensors: dict[str, Tensor], header: dict[str, Any]) -> Audience:
    """From a file's content. Raises KeyError, TypeError, ValueError or AttributeError where it is malformed."""
    tastes = {
        str(scorer): Taste(
            users=int(numbers["users"]),
            theta=_shaped(tensors[f"{scorer}/theta"], 1),
            covariance=_shaped(tensors[f"{scorer}/covariance"], 2),
            mean=float(numbers["mean"]),
            spread=_positive(numbers["spread"]),
            effective=None if numbers["effective"] is None else float(numbers["effective"]),
            noise=float(numbers["noise"]),
        )
        for scorer, numbers in header["tastes"].items()
    }
    target, origin, privacy = str(header["target"]), dict(header["origin"]), header["privacy"]
    if not {"pack", "scorers", "members"} <= set(origin):
        raise KeyError("origin")
    quantiles = tuple(float(value) for value in header["quantiles"])
    if len(quantiles) < 2 or list(quantiles) != sorted(quantiles):
        raise ValueError("quantiles")
    found = Audience.of_tastes(
        str(header["name"]), {target: tastes[target], **tastes}, label=str(header["label"]), quantiles=quantiles,
        origin=origin, privacy=None if privacy is None else dict(privacy),
    )  # fmt: skip
    return replace(found, users=int(header["users"]))


def _shaped(tensor: Tensor, dimensions: int) -> Tensor:
    if tensor.ndim != dimensions or len(set(tensor.shape)) != 1:
        raise ValueError(f"a tensor of {tuple(tensor.shape)}")
    return tensor.float()


def _positive(value: Any) -> float:
    if not float(value) > 0:
        raise ValueError(f"a spread of {value}")
    return float(value)


def target_quantiles(taste: Taste, items: Tensor, count: int) -> list[float]:
    """Quantiles of the real items' scores (phi `[N,K]`) under the target, as `pack.json` has them of its audiences."""
    scores = (items.double() @ taste.theta.double()).numpy()
    return [float(value) for value in np.quantile(scores, np.linspace(0, 1, count)).round(5)]
