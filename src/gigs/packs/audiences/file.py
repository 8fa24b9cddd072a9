"""An audience in a file of its own: its tastes under every scorer of a pack, and where they come from.

A safetensors file, `NAME.audience` by custom. Nobody's own vector and nobody's id is in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from gigs.audience.base import Audience
from gigs.errors import InputError, ModelError
from gigs.io import storage
from gigs.packs.load import Pack
from gigs.packs.panel import panel_for, require_scorers
from gigs.verify.panel import Panel
from gigs.verify.scorer import Taste

SUFFIX = ".audience"
SCHEMA = 1


@dataclass(frozen=True)
class AudienceFile:
    """What a file holds.

    Attributes:
        name: Short, for folders and results.
        label: In words.
        users: Members, under the target.
        tastes: By scorer.
        quantiles: 101 of the real items' scores under the target.
        about: Where it comes from: `from`, `pack`, `scorers` (hashes of their files), `members` (`own halves`: under
            each scorer those of the buyers it was trained with; `all`: everybody under each), `description`, `privacy`.
    """

    name: str
    label: str
    users: int
    tastes: dict[str, Taste]
    quantiles: list[float]
    about: dict[str, Any]

    def audience(self, pack: Pack) -> Audience:
        """As `gigs suggest` takes it.

        Raises:
            InputError: It was made for other scorers than the pack's.
        """
        self.require_pack(pack)
        taste = self.tastes[next(iter(require_scorers(pack)))]
        privacy = self.about.get("privacy")
        return Audience(self.name, self.users, taste.theta, covariance=taste.covariance, privacy=privacy)

    def panel(self, pack: Pack) -> Panel:
        """Who checks redesigns for it; errors as `audience`."""
        self.require_pack(pack)
        members = self.about["members"] == "own halves" and not self.about.get("privacy")
        return panel_for(pack, self.tastes, self.name, members=members)

    def percentile(self, score: float) -> float:
        """Share of the pack's real items in `[0,1]` that score lower."""
        return float(np.interp(score, self.quantiles, np.linspace(0, 1, len(self.quantiles))))

    def require_pack(self, pack: Pack) -> None:
        """Refuse a pack with other scorers.

        Raises:
            InputError: They are others than those the audience was made for.
        """
        if self.about["scorers"] != hashes_of_scorers(pack):
            raise InputError(
                f"audience {self.name!r}: made for the scorers of the pack {self.about['pack']}, not for those of "
                f"{pack.name} as it is now; make it again with `gigs audience create --pack {pack.name}`"
            )

    def save(self, path: Path) -> Path:
        """Write the file, atomically."""
        tensors: dict[str, Tensor] = {}
        numbers = {}
        for scorer, taste in self.tastes.items():
            tensors |= {f"{scorer}/theta": taste.theta, f"{scorer}/covariance": taste.covariance}
            numbers[scorer] = {
                "users": taste.users, "mean": taste.mean, "spread": taste.spread, "effective": taste.effective,
                "noise": taste.noise,
            }  # fmt: skip
        header = {
            "schema": SCHEMA, "kind": "audience", "name": self.name, "label": self.label, "users": self.users,
            "quantiles": self.quantiles, "tastes": numbers, "about": self.about,
        }  # fmt: skip
        return storage.save_tensors(path, tensors, header)


def hashes_of_scorers(pack: Pack) -> dict[str, str]:
    """SHA-256 of every scorer's file, by name: vectors mean nothing to other scorers."""
    return {name: pack.info["files"].get(about["file"], "") for name, about in require_scorers(pack).items()}


def load_audience(path: Path) -> AudienceFile:
    """Read what `AudienceFile.save` wrote.

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
        about = dict(header["about"])
        if not {"pack", "scorers", "members"} <= set(about) or not tastes:
            raise KeyError("about")
        quantiles = [float(value) for value in header["quantiles"]]
        if len(quantiles) < 2 or quantiles != sorted(quantiles):
            raise ValueError("quantiles")
        name, label = str(header["name"]), str(header["label"])
        return AudienceFile(name, label, int(header["users"]), tastes, quantiles, about)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"{path}: not an audience ({error}); make it again with `gigs audience create`") from error


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
