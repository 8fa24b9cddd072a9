"""The best redesign of every product for every audience, and what they come to by category."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gigs.errors import InputError
from gigs.farm.rows import CHANGES
from gigs.farm.store import Store
from gigs.farm.tables import REDESIGNS, read_table
from gigs.metrics.figure import figure

BEST = [
    "item_id", "audience", "rank", "shown", "name", "category", "verdict", "words", "share", "share_low", "share_high",
    "gain", "gain_low", "gain_high", "gain_vs_photo", *(f"changes_{name}" for name in CHANGES),
]  # fmt: skip
NO_CATEGORY = "no category"


@dataclass(frozen=True)
class Summary:
    """What the page and the tables show.

    Attributes:
        best: A row for each product and audience: its best redesign, those that gain most first.
        categories: A row for each category and audience, and one for all categories.
        unit: Column of `best` that products are put in order by: `share`, `gain` where purchases have not set what a
            gain is worth, `gain_vs_photo` where no judge has looked.
    """

    best: pd.DataFrame
    categories: pd.DataFrame
    unit: str


def summary_of(store: Store) -> Summary:
    """The summary of a finished run.

    Raises:
        InputError: The run is not finished, or has made no redesign.
        ModelError: Its table is damaged.
    """
    if not store.has(REDESIGNS):
        raise InputError(f"{store.url}: the run is not finished; resume `gigs farm` in it first")
    rows = read_table(store, REDESIGNS, BEST, filters=[("rank", "==", 1)]).to_pandas()
    if rows.empty:
        raise InputError(f"{store.url}: the run has made no redesign; failures.parquet says why")
    return summarised(rows)


def summarised(rows: pd.DataFrame) -> Summary:
    """The summary of best redesigns, in the columns `BEST`."""
    unit = next((name for name in ("share", "gain") if rows[name].notna().any()), "gain_vs_photo")
    rows = rows.assign(category=rows["category"].replace("", NO_CATEGORY))
    best = rows.sort_values([unit, "item_id", "audience"], ascending=[False, True, True], na_position="last")
    best = best.reset_index(drop=True)
    groups = [
        *best.groupby(["category", "audience"]),
        *((("all", name), one) for name, one in best.groupby("audience")),
    ]
    found = [_category(category, audience, group, unit) for (category, audience), group in groups]
    categories = pd.DataFrame(found).sort_values(["category", "audience"], key=_all_first).reset_index(drop=True)
    return Summary(best, categories, unit)


def changes_in(row: Any) -> list[str]:
    """The kinds of change of one row, by name."""
    return [name for name in CHANGES if bool(getattr(row, f"changes_{name}"))]


def _category(category: str, audience: str, group: pd.DataFrame, unit: str) -> dict[str, Any]:
    """What a group of products gains on the mean over products, and which change its best redesigns make most often."""
    counts = {name: int(group[f"changes_{name}"].sum()) for name in CHANGES}
    most = max(counts, key=lambda name: counts[name])
    values: Sequence[float] = group[unit].dropna().tolist()
    mean = figure([[value] for value in values]) if values else None
    first = group.iloc[0]
    return {
        "category": category,
        "audience": audience,
        "products": len(group),
        "likely": int((group["verdict"] == "likely").sum()),
        f"mean_{unit}": None if mean is None else mean.mean,
        "low": None if mean is None else mean.low,
        "high": None if mean is None else mean.high,
        "most_often": most if counts[most] else "",
        **{f"changes_{name}": count for name, count in counts.items()},
        "gains_most": first["item_id"],
        f"its_{unit}": first[unit],
        "its_verdict": first["verdict"],
        "its_words": first["words"],
    }


def _all_first(column: pd.Series) -> pd.Series:
    return column.map(lambda value: "" if value == "all" else value)
