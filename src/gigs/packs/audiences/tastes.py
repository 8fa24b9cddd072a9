"""Everybody's tastes in one file: by scorer and audience, mean and covariance of the users' factors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from gigs.audience.taste import Taste
from gigs.errors import ModelError
from gigs.io import storage

TASTES = "tastes.safetensors"


def save_tastes(root: Path, tastes: Mapping[tuple[str, str], Taste], first: str) -> list[Path]:
    """Everybody's tastes, and the target's mean vectors where every pack has them."""
    tensors: dict[str, Tensor] = {}
    header = {}
    for (scorer, audience), taste in tastes.items():
        key = f"{scorer}/{audience}"
        tensors |= {f"{key}/theta": taste.theta, f"{key}/covariance": taste.covariance}
        header[key] = {"users": taste.users, "mean": taste.mean, "spread": taste.spread}
    means = {audience: taste.theta for (scorer, audience), taste in tastes.items() if scorer == first}
    return [
        storage.save_tensors(root / TASTES, tensors, {"kind": "tastes", "tastes": header}),
        storage.save_tensors(root / "audiences.safetensors", means, {"kind": "audiences"}),
    ]


def load_tastes(path: Path) -> dict[tuple[str, str], Taste]:
    """Read `TASTES` of a pack: the taste by scorer and audience.

    Raises:
        ModelError: Missing or malformed.
    """
    tensors, header = storage.load_tensors(path)
    found = {}
    try:
        for key, numbers in header["tastes"].items():
            scorer, _, audience = key.partition("/")
            theta, covariance = tensors[f"{key}/theta"], tensors[f"{key}/covariance"]
            found[scorer, audience] = Taste(theta=theta, covariance=covariance, **_numbers(numbers))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path}: not the tastes of a pack ({error}); build its scorers again") from error
    return found


def _numbers(about: dict[str, Any]) -> dict[str, Any]:
    return {"users": int(about["users"]), "mean": float(about["mean"]), "spread": float(about["spread"])}
