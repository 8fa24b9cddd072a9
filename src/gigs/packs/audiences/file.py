"""An audience in its own file: its tastes under every scorer of a pack, and their origin.

The file is a safetensors file, usually `NAME.audience`. It holds no vector or id of a single user.
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
from gigs.io import documents, storage
from gigs.packs.audiences.header import SCHEMA, AudienceHeader
from gigs.packs.audiences.tastes import taste_of_file
from gigs.packs.load import Pack

SUFFIX = ".audience"
ADVICE = "make it again with `gigs audience create`"


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
            f"audience {audience.name!r}: made for the scorers of the pack {audience.origin['pack']}, not for "
            f"those of {pack.name} as it is now; make it again with `gigs audience create`"
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
        raise ModelError(f"{path}: not an audience that this version of gigs reads; {ADVICE}")
    return _audience_of(tensors, header, documents.checked(header, AudienceHeader, path, ADVICE), path)


def _audience_of(tensors: dict[str, Tensor], header: dict[str, Any], said: AudienceHeader, path: Path) -> Audience:
    """From a file's content, whose header is of the right form."""
    tastes = {scorer: taste_of_file(tensors, scorer, numbers, path, ADVICE) for scorer, numbers in said.tastes.items()}
    found = Audience.of_tastes(
        said.name, {said.target: tastes[said.target], **tastes}, label=said.label, quantiles=tuple(said.quantiles),
        origin=header["origin"], privacy=header.get("privacy"),
    )  # fmt: skip
    return replace(found, users=said.users)


def target_quantiles(taste: Taste, items: Tensor, count: int) -> list[float]:
    """Quantiles of the real items' scores (phi `[N,K]`) under the target, as `pack.json` has them of its audiences."""
    scores = (items.double() @ taste.theta.double()).numpy()
    return [float(value) for value in np.quantile(scores, np.linspace(0, 1, count)).round(5)]
