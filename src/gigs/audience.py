"""Who a product is redesigned for: a name, a number of users, and one taste vector.

The score is linear in theta, so the mean score over users is the score of their mean: ten thousand users cost what one
costs. Where a recommender's score is not linear, the mean says nothing: an audience is then a sample of its users, and
every step costs what that many users cost.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from gigs.conditions import matching
from gigs.data.catalogue import Catalogue
from gigs.errors import InputError
from gigs.recommender.base import Recommender

EVERYONE = "everyone"
MINIMUM_USERS = 50  # a smaller mean says too much about its members
SAMPLE = 32  # users that stand for an audience where a score is not linear


@dataclass(frozen=True)
class Audience:
    """A named group of users and the mean of their factors, theta `[K]`.

    `sample`: factors `[S,K]` of users who stand for all of them, for a recommender whose score is not linear.
    """

    name: str
    users: int
    theta: Tensor
    sample: Tensor | None = None

    @property
    def scored_users(self) -> int:
        """Users whose mean score is optimised: all of them, or the sample."""
        return self.users if self.sample is None else len(self.sample)


def select_audience(
    spec: str, recommender: Recommender, catalogue: Catalogue | None = None, *, name: str | None = None
) -> Audience:
    """Resolve what a user wrote after `--audience`.

    Args:
        spec: `everyone`; `user:ID`; `@FILE` with one user id a line; otherwise a condition on the user table, such as
            `age >= 18 and age < 30` or `main_section == "Menswear"`.
        recommender: Must hold user factors.
        catalogue: Needed for a condition.
        name: What to call the audience; `spec` where not given.

    Raises:
        InputError: Unknown users, an empty audience, a condition that cannot be evaluated.
    """
    factors = audience_factors(spec, recommender, catalogue)
    sample = None if recommender.is_linear else _sample(factors)
    return Audience(name or spec, len(factors), factors.mean(dim=0), sample)


def _sample(factors: Tensor) -> Tensor:
    """At most `SAMPLE` rows, always the same ones."""
    rows = torch.randperm(len(factors), generator=torch.Generator().manual_seed(0))[:SAMPLE]
    return factors[rows.sort().values]


def audience_factors(spec: str, recommender: Recommender, catalogue: Catalogue | None = None) -> Tensor:
    """Factors `[U,K]` of every user of an audience; arguments and errors as `select_audience`."""
    if not recommender.user_ids:
        raise InputError(
            f"audience {spec!r}: this recommender carries no users; name one of the pack's audiences (gigs audiences), "
            "or give --recommender and --catalogue"
        )
    rows = _rows(spec.strip(), recommender, catalogue)
    if len(rows) == 0:
        raise InputError(f"audience {spec!r}: no user of the recommender belongs to it")
    return recommender.user_factors[rows].detach()


def require_minimum(audience: Audience, minimum: int = MINIMUM_USERS) -> None:
    """Refuse an audience so small that a result would tell what single people like.

    Raises:
        InputError: It has fewer users.
    """
    if audience.users < minimum:
        raise InputError(
            f"audience {audience.name!r} has {audience.users} users, and {minimum} or more are needed: the taste of so "
            f"few people can be read off the result; choose a wider audience (--min-audience {audience.users} is for "
            "people who agreed to it)"
        )


def _rows(spec: str, recommender: Recommender, catalogue: Catalogue | None) -> np.ndarray:
    """Rows of the recommender's users that belong to the audience."""
    if spec == EVERYONE:
        return np.arange(len(recommender.user_ids))
    if spec.startswith("user:"):
        return np.array([recommender.user_row(spec[5:].strip())])
    if spec.startswith("@"):
        return _listed(Path(spec[1:]), recommender)
    if catalogue is None:
        raise InputError(f"audience {spec!r}: not one of the pack's; a condition on users needs --catalogue DIR")
    users = user_table(catalogue)
    chosen = set(users.loc[matching(users, spec, "audience"), "user_id"])
    return np.array([row for row, user in enumerate(recommender.user_ids) if user in chosen], dtype=np.int64)


def _listed(path: Path, recommender: Recommender) -> np.ndarray:
    """Users named in a file, one id a line; blank lines and repetitions do not count."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"audience file {path}: cannot be read ({error})") from error
    ids = dict.fromkeys(line.strip() for line in lines if line.strip())
    return np.array([recommender.user_row(user) for user in ids], dtype=np.int64)


def user_table(catalogue: Catalogue) -> pd.DataFrame:
    """The catalogue's users with columns derived from what they bought in training.

    `purchases`: distinct items; `main_section`: the section most of them are from (the first in the alphabet on a tie);
    `bought_menswear` and the like, one a section: how many of them are from it.
    """
    bought = catalogue.interactions.loc[catalogue.interactions["split"] == "train", ["user", "item"]]
    sections = catalogue.items["section"].to_numpy()[bought["item"].to_numpy()]
    counts = pd.crosstab(bought["user"].to_numpy(), sections)
    users = catalogue.users.copy()
    users["purchases"] = bought.groupby("user").size().reindex(users.index, fill_value=0)
    users["main_section"] = counts.idxmax(axis=1).reindex(users.index)
    counts.columns = ["bought_" + re.sub(r"\W+", "_", str(name)).strip("_").lower() for name in counts.columns]
    return users.join(counts.reindex(users.index, fill_value=0))
