"""From rows of events to distinct pairs of user and item: unreadable rows out, kinds weighed, small tastes cut off."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from gigs.data.importers.cell_values import as_time, clean_ids, remedy_for, unusable_ids
from gigs.data.importers.dropped_rows import DroppedRows
from gigs.data.importers.numerals import as_number
from gigs.data.importers.raw_table import RawTable
from gigs.data.importers.spelling import hint_for
from gigs.data.importers.variants import complete_orders
from gigs.data.splits import TIME, SplitSettings, split_pairs
from gigs.errors import DataError

TABLE = "interactions"
NUMBERS = "write weights as plain numbers, such as 1234 or 1.5: 1,234 may be a thousand or one and a bit"
STAMPS = (
    "write times as 2020-09-22 or 2020-09-22T10:00:00, or say how they are written with --time-format: 02/03/2024 may "
    "be two days"
)
ROUNDING = 1e-9  # 0.1 + 0.2 - 0.3 is no liking either


class Events:
    """The interaction table on its way to pairs. Each step leaves rows out and notes them; `rows` are those that stay.

    Columns of `rows` (index: row in the source): user_id and item_id (clean text), item (row of the item table), and
    once they are known event, weight (float64) and time.
    """

    def __init__(self, table: RawTable, columns: Mapping[str, str], dropped: DroppedRows) -> None:
        self._columns, self._dropped = columns, dropped
        frame, completed = complete_orders(table.frame, columns)
        if completed:
            table.notes.append(f"{completed:,} lines took over buyer or time from their order's first line")
        self._table = replace(table, frame=frame)
        dropped.add_broken(TABLE, table.broken)
        self.rows = pd.DataFrame(
            {f"{role}_id": clean_ids(frame[columns[role]]) for role in ("user", "item")}, index=frame.index
        )
        self.total = len(frame) + len(table.broken)
        for role in ("user", "item"):
            faults = unusable_ids(self.rows[f"{role}_id"])
            for fault in sorted(set(faults) - {""}):
                named = re.sub(r"\bid\b", f"{role} id", fault, count=1)
                self._leave_out(faults.loc[self.rows.index] == fault, named, remedy_for(fault))

    def _leave_out(
        self, mask: pd.Series, reason: str, fix: str = "correct these rows", severity: str = "warning"
    ) -> None:
        gone = self.rows[mask.to_numpy(dtype=bool)]
        names = gone["user_id"].astype(str) + " / " + gone["item_id"].astype(str)
        self._dropped.add(TABLE, gone.index, names, reason, fix, severity)
        self.rows = self.rows[~mask.to_numpy(dtype=bool)]

    def find_items(self, item_ids: pd.Series) -> None:
        """Replace item ids by rows of the item table; rows about other items go."""
        places = pd.Series(np.arange(len(item_ids)), index=item_ids.to_numpy())
        item_rows = self.rows["item_id"].map(places)
        asked = self.rows["item_id"][item_rows.isna()]
        hint = hint_for(asked, item_ids) or "complete the item table"
        self._leave_out(item_rows.isna(), "names an item that the item table does not have", hint)
        self.rows = self.rows.assign(item=item_rows.dropna().astype(np.int64))

    def read_times(self, form: str) -> bool:
        """Read the time column, if there is one; rows without a readable time go. Whether there are times."""
        if "time" not in self._columns:
            self.rows = self.rows.assign(time=pd.Series(pd.NaT, index=self.rows.index, dtype="datetime64[us]"))
            return False
        text = self._column("time")
        times = as_time(text, form)
        if len(times) and times.isna().mean() > 0.5:
            raise DataError(
                f"{self._table.source}: most times cannot be read, such as {text[times.isna()].iloc[0]!r} in row "
                f"{times.index[times.isna()][0]}; say how they are written, such as --time-format '%d/%m/%Y %H:%M', "
                "or name another column with --time"
            )
        self.rows = self.rows.assign(time=times)
        self._leave_out(times.isna(), "no readable time", STAMPS)
        return True

    def weigh(self, event_weights: Mapping[str, float]) -> None:
        """Give each row its weight: of its kind of event, times the weight column's value.

        Raises:
            DataError: There are weights for kinds of events, but no column that tells kinds.
        """
        weighted = "weight" in self._columns
        weight = as_number(self._column("weight")) if weighted else pd.Series(1.0, index=self.rows.index)
        self.rows = self.rows.assign(weight=weight)
        self._leave_out(weight.isna(), "no readable weight", NUMBERS)
        if not event_weights:
            return
        if "event" not in self._columns:
            raise DataError(f"{self._table.source}: --event-weight needs a column of events; name it with --event")
        known = {kind.strip().casefold(): share for kind, share in event_weights.items()}
        share = self.kinds().map(lambda kind: known.get(kind.casefold())).astype(np.float64)
        self.rows = self.rows.assign(weight=self.rows["weight"] * share)
        for kind in sorted(set(self.kinds()[share.isna()])):
            reason, fix = f"event {kind!r:.60} has no --event-weight", f"give it one: --event-weight {kind!r:.40}=1"
            self._leave_out(self.kinds() == kind, reason, fix, "note")

    def kinds(self) -> pd.Series:
        """The kind of event of each row that stays; blank where there is no such column."""
        if "event" not in self._columns:
            return pd.Series("", index=self.rows.index, dtype=object)
        return self._column("event").fillna("").str.strip()

    def _column(self, role: str) -> pd.Series:
        return self._table.frame.loc[self.rows.index, self._columns[role]]

    def drop_repeats(self) -> None:
        """Leave out rows that say the same as an earlier one, to the second: exports overlap.

        Rows that give only a day stay, as somebody may buy two of a thing; so do all where there are no times.
        """
        keys = ["user_id", "item_id", "time"]
        precise = self.rows["time"].notna() & (self.rows["time"] != self.rows["time"].dt.normalize())
        repeated = self.rows.assign(event=self.kinds()).duplicated([*keys, "event"]) & precise
        self._leave_out(repeated, "the same event at the same time as in an earlier row", "none needed", "note")

    def drop_light(self, least: float) -> None:
        """Leave out pairs whose weights add up to nothing, or to less than `least`."""
        total = self.rows.groupby(["user_id", "item_id"])["weight"].transform("sum")
        low = total < max(least, ROUNDING) - ROUNDING / 2
        reason = (
            "the pair's weights add up to 0 or less"
            if least <= 0
            else f"the pair's weights add up to less than {least:g}"
        )
        self._leave_out(low, reason, "none needed: that is no liking", "note")

    def keep_core(self, k: int) -> None:
        """Leave out users and items with fewer than `k` partners, until none is left (the k-core)."""
        pairs = self.rows[["user_id", "item"]].drop_duplicates()
        kept = pairs
        while len(kept):
            enough = kept.groupby("user_id")["item"].transform("size").ge(k) & kept.groupby("item")[
                "user_id"
            ].transform("size").ge(k)
            if enough.all():
                break
            kept = kept[enough]
        inside = pd.MultiIndex.from_frame(self.rows[["user_id", "item"]]).isin(pd.MultiIndex.from_frame(kept))
        outside = pd.Series(~inside, index=self.rows.index)
        self._leave_out(
            outside, f"outside the {k}-core (fewer than {k} items or users)", "none needed: --k-core", "note"
        )

    def pairs(
        self, user_ids: pd.Series, dated: bool, settings: SplitSettings, seed: int
    ) -> tuple[pd.DataFrame, dict[str, Any]]:
        """Distinct pairs with count, summed weight, first and last time, and split; and what is told of the split.

        Without times the order is drawn at random.

        Raises:
            DataError: They shall be split by time and have none.
        """
        if not dated and settings.kind == TIME:
            raise DataError(f"{self._table.source}: --split time needs times; name their column with --time")
        places = pd.Series(np.arange(len(user_ids)), index=user_ids.to_numpy())
        rows = self.rows.assign(user=self.rows["user_id"].map(places).astype(np.int64))
        grouped = rows.groupby(["user", "item"], sort=True)
        pairs = grouped.agg(
            count=("weight", "size"), weight=("weight", "sum"), first=("time", "min"), last=("time", "max")
        ).reset_index()
        order = pairs if dated else pairs.assign(first=0)
        split, about = split_pairs(order, settings, seed=seed)
        return pairs.assign(split=split), about
