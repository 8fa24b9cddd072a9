"""What sets an audience apart from everybody, in figures and in words: favourite kinds, colours, sections, ages.

It uses lift: how many times as often a value occurs among the members' purchases as among everybody's. A value is named
only if that is not chance. Members count, not purchases, because one buyer's thirty dresses are one opinion.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from gigs.data.catalogue import Catalogue

COLUMNS = ("section", "type", "colour", "appearance")
LEAST_LIFT = 1.25
LEAST_SHARE = 0.04  # least share of the members' purchases for a favourite
CERTAIN = 3.0  # standard errors over the members
YEARS = 4  # years between the medians; less is not mentioned


@dataclass(frozen=True)
class Favourite:
    """A value of an item column that members buy more often than others.

    `share` of members' purchases, the average over members; `lift` over everybody's share.
    """

    column: str
    value: str
    share: float
    lift: float


@dataclass(frozen=True)
class Description:
    """What sets an audience apart; `age` and `age_of_all` are medians, None if ages are not known."""

    favourites: tuple[Favourite, ...]
    age: float | None
    age_of_all: float | None

    def record(self) -> dict[str, Any]:
        """As JSON-compatible values."""
        return {
            "favourites": [asdict(one) for one in self.favourites],
            "age": self.age,
            "age_of_all": self.age_of_all,
        }

    def words(self) -> str:
        """Such as `younger (24), dresses and tops, black, Divided`."""
        parts = [self._years(), *self._named("type", 2), *self._named("colour", 2), *self._named("section", 1)]
        if len(parts) == 1:
            parts += self._named("appearance", 2)
        return ", ".join(part for part in parts if part) or "much like everybody"

    def _years(self) -> str:
        if self.age is None or self.age_of_all is None or abs(self.age - self.age_of_all) < YEARS:
            return ""
        return f"{'younger' if self.age < self.age_of_all else 'older'} (median age {self.age:.0f})"

    def _named(self, column: str, most: int) -> list[str]:
        values = [one.value for one in self.favourites if one.column == column][:most]
        if not values:
            return []
        plain = [_plural(value.lower()) if column == "type" else value for value in values]
        if column in ("colour", "appearance"):
            plain = [value.lower() for value in plain]
        return [" and ".join(plain)]


def describe(members: Iterable[str], catalogue: Catalogue) -> Description:
    """Compare what the members bought in training with what everybody bought.

    Args:
        members: Ids of the members.
        catalogue: The catalogue; its item columns listed in `COLUMNS`, and the users' `age`, are used if present.
    """
    inside = catalogue.users["user_id"].astype(str).isin(set(members)).to_numpy()
    bought = catalogue.interactions[catalogue.interactions["split"] == "train"]
    users, items = bought["user"].to_numpy(), bought["item"].to_numpy()
    favourites: list[Favourite] = []
    for column in COLUMNS:
        if column in catalogue.items:
            favourites += _favourites(column, catalogue.items[column].to_numpy()[items], users, inside)
    age, age_of_all = None, None
    if "age" in catalogue.users and inside.any():
        ages = pd.to_numeric(catalogue.users["age"], errors="coerce")
        age, age_of_all = _median(ages[inside]), _median(ages)
    return Description(tuple(favourites), age, age_of_all)


def _favourites(column: str, values: np.ndarray, users: np.ndarray, inside: np.ndarray) -> list[Favourite]:
    """Values that members buy more often, largest certain excess first."""
    shares = pd.crosstab(users, values, normalize="index")  # one row per buyer, so everybody counts once
    shares = shares.loc[:, [name for name in shares.columns if str(name).strip() not in ("", "nan", "Unknown")]]
    own = shares[inside[shares.index.to_numpy()]]
    if len(own) < 2:
        return []
    everybody, mean = shares.mean(), own.mean()
    error = own.std(ddof=1) / len(own) ** 0.5
    lift = mean / everybody
    certain = (mean - everybody) > CERTAIN * error
    kept = (lift >= LEAST_LIFT) & (mean >= LEAST_SHARE) & certain
    order = (mean - everybody)[kept].sort_values(ascending=False, kind="stable").index
    return [Favourite(column, str(v), round(float(mean[v]), 4), round(float(lift[v]), 3)) for v in order]


def _median(ages: pd.Series) -> float | None:
    known = ages.dropna()
    return float(known.median()) if len(known) else None


def _plural(word: str) -> str:
    """English plural: dresses, blouses, body suits; a word ending in a single s (trousers) is one already."""
    if word.endswith(("ss", "sh", "ch", "x")):
        return word + "es"
    return word if word.endswith("s") else word + "s"
