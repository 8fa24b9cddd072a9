"""Everybody's tastes in one file: by scorer and audience, mean and covariance of the users' factors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from msgspec import Struct
from torch import Tensor

from gigs.audience.taste import Taste
from gigs.errors import ModelError
from gigs.io import documents, storage
from gigs.packs.audiences.header import TasteEntry

TASTES = "tastes.safetensors"
ADVICE = "build the pack's scorers again"


class TastesHeader(Struct):
    """The file's header: by `SCORER/AUDIENCE` the numbers of a taste."""

    kind: Literal["tastes"]
    tastes: dict[str, TasteEntry]


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
    said = documents.checked(header, TastesHeader, path, ADVICE).tastes
    found = {}
    for key, numbers in said.items():
        scorer, _, audience = key.partition("/")
        found[scorer, audience] = taste_of_file(tensors, key, numbers, path, ADVICE)
    return found


def taste_of_file(tensors: Mapping[str, Tensor], key: str, numbers: TasteEntry, path: Path, advice: str) -> Taste:
    """One taste of a file: `KEY/theta` `[K]`, `KEY/covariance` `[K,K]` and its numbers.

    Raises:
        ModelError: A tensor is missing or of another shape or kind; the message names file and tensor.
    """
    theta, covariance = (tensors.get(f"{key}/{name}") for name in ("theta", "covariance"))
    if theta is None or theta.ndim != 1 or not len(theta) or not theta.is_floating_point():
        raise ModelError(f"{path}: damaged ({key}/theta is no vector); {advice}")
    square = (len(theta), len(theta))
    if covariance is None or tuple(covariance.shape) != square or not covariance.is_floating_point():
        raise ModelError(f"{path}: damaged ({key}/covariance is not {square[0]} x {square[0]}); {advice}")
    return Taste(
        users=numbers.users,
        theta=theta.float(),
        covariance=covariance.float(),
        mean=numbers.mean,
        spread=numbers.spread,
        effective=numbers.effective,
        noise=numbers.noise,
    )
