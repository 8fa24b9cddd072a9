"""From rows of events to distinct pairs of user and item: reads, weighs and filters them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gigs.data.importers.cell_values import read_stamps, remedy_for, unusable_ids
from gigs.data.importers.dropped_rows import DroppedRows
from gigs.data.importers.event_rows import NOTHING, event_rows, per_value
from gigs.data.importers.numerals import as_number
from gigs.data.importers.raw_table import RawTable
from gigs.data.importers.spelling import hint_for
from gigs.data.splits import TIME, SplitSettings, split_pairs
from gigs.errors import DataError
from gigs.progress import OnStep, silent

TABLE = "interactions"
NUMBERS = "write weights as plain numbers, such as 1234 or 1.5: 1,234 may mean 1234 or 1.234"
STAMPS = "write times as 2020-09-22 or 2020-09-22T10:00:00, or name their format: 02/03/2024 may be two days"
ROUNDING = 1e-9  # 0.1 + 0.2 - 0.3 is no liking either


class Events:
    """The interaction table on its way to pairs. Each step drops rows and notes them; `rows` holds the remaining ones.

    `rows` is indexed by the row in the source. It has the columns of `event_rows`, `item` (row of the item table) and,
    once known, `weight` (float64) and `time`.
    """

    def __init__(
        self,
        table: RawTable,
        columns: Mapping[str, str],
        dropped: DroppedRows,
        *,
        time_format: str = "",
        on_step: OnStep = silent,
    ) -> None:
        self._columns, self._dropped, self._table, self._form = columns, dropped, table, time_format
        self.rows, completed = event_rows(table, columns, time_format, on_step)
        if completed:
            table.notes.append(f"{completed:,} lines took over buyer or time from their order's first line")
        dropped.add_broken(TABLE, table.broken)
        self.total = len(self.rows) + len(table.broken)
        for role in ("user", "item"):
            ids = pd.Series(self.rows[f"{role}_id"].cat.categories, dtype=object)
            faults = np.array([*unusable_ids(ids), "no id"], dtype=object)
            for fault in sorted(set(faults) - {""}):
                named = re.sub(r"\bid\b", f"{role} id", fault, count=1)
                self._leave_out((faults == fault)[self._codes(f"{role}_id")], named, remedy_for(fault))

    def _codes(self, name: str) -> np.ndarray:
        """Numbers of a column's texts, by row; -1 for blanks."""
        return self.rows[name].cat.codes.to_numpy()

    def _leave_out(
        self, mask: np.ndarray, reason: str, fix: str = "correct these rows", severity: str = "warning"
    ) -> None:
        if not mask.any():
            return
        gone = self.rows[mask]
        users, items = (gone[name].astype(object) for name in ("user_id", "item_id"))
        self._dropped.add(TABLE, gone.index, users.astype(str) + " / " + items.astype(str), reason, fix, severity)
        self.rows = self.rows[~mask]

    def user_ids(self) -> pd.Series:
        """User ids of the remaining rows, in order of appearance."""
        ids = self.rows["user_id"]
        return pd.Series(ids.cat.categories.to_numpy()[pd.unique(self._codes("user_id"))], dtype=object)

    def find_items(self, item_ids: pd.Series) -> None:
        """Find rows of the item table by item id; drop rows about other items."""
        places = {identifier: place for place, identifier in enumerate(item_ids)}
        item = per_value(self.rows["item_id"], lambda identifier: places.get(identifier, -1), -1, np.int64)
        item = item[self._codes("item_id")]
        asked = self.rows["item_id"][item < 0].astype(object)
        hint = hint_for(asked, item_ids) or "complete the item table"
        self.rows = self.rows.assign(item=item)
        self._leave_out(item < 0, "names an item that is not in the item table", hint)

    def read_times(self) -> bool:
        """Drop rows without a readable time, if there is a column of times. Returns whether there is one.

        Raises:
            DataError: Most times cannot be read.
        """
        if "time" not in self._columns:
            self.rows = self.rows.assign(time=pd.Series(pd.NaT, index=self.rows.index, dtype="datetime64[us]"))
            return False
        times, written = self.rows["time"].to_numpy(), self.rows["written_time"]
        if not self._form and (left := set(np.unique(self._codes("written_time")))) - {NOTHING}:
            read = read_stamps(written.cat.categories[sorted(left - {NOTHING})])
            found = per_value(written, read.get, None).astype("datetime64[us]")
            times = np.where(np.isnat(times), found[self._codes("written_time")], times)
        unread = np.isnat(times)
        if unread.mean() > 0.5 if len(times) else False:
            first = int(unread.argmax())
            text = written.iloc[first]
            raise DataError(
                f"{self._table.source}: most times cannot be read, such as {None if pd.isna(text) else text!r} "
                f"in row {self.rows.index[first]}; give their format as `time_format`, such as '%d/%m/%Y "
                "%H:%M', or name another column as `time`"
            )
        self.rows = self.rows.drop(columns="written_time").assign(time=times)
        self._leave_out(unread, "no readable time", STAMPS)
        return True

    def weigh(self, event_weights: Mapping[str, float]) -> None:
        """Set each row's weight: that of its kind of event, times the value in the weight column.

        Raises:
            DataError: There are weights for kinds of events, but no column of events.
        """
        weight = self._written_weights()
        self.rows = self.rows.drop(columns="written_weight", errors="ignore").assign(weight=weight)
        self._leave_out(np.isnan(weight), "no readable weight", NUMBERS)
        if not event_weights:
            return
        if "event" not in self._columns:
            raise DataError(f"{self._table.source}: `event_weights` needs a column of events; name it as `event`")
        known = {kind.strip().casefold(): share for kind, share in event_weights.items()}
        kinds = per_value(self.rows["event"], str, "")
        shares = np.array([known.get(kind.casefold(), np.nan) for kind in kinds], dtype=np.float64)
        codes = self._codes("event")
        self.rows = self.rows.assign(weight=self.rows["weight"] * shares[codes])
        for kind in sorted(set(kinds[codes[np.isnan(shares[codes])]])):
            reason, fix = f"event {kind!r:.60} has no weight", f"give it a weight, such as {kind!r:.40}=1"
            self._leave_out((kinds == kind)[self._codes("event")], reason, fix, "note")

    def _written_weights(self) -> np.ndarray:
        """The values of the weight column, float64 by row; NaN if not a number, and 1 without such a column."""
        if "weight" not in self._columns:
            return np.ones(len(self.rows))
        codes = self._codes("written_weight")
        values = np.full(len(self.rows["written_weight"].cat.categories) + 1, np.nan)
        used = np.setdiff1d(codes, [NOTHING])
        texts = pd.Series(self.rows["written_weight"].cat.categories[used], dtype=object)
        values[used] = as_number(texts).to_numpy()
        return values[codes]

    def kinds(self) -> dict[str, int]:
        """Count the remaining rows by kind of event, most frequent first; blank if there is no column of events."""
        if "event" not in self._columns:
            return {"": len(self.rows)} if len(self.rows) else {}
        names = per_value(self.rows["event"], str, "")
        counts = pd.Series(names[self._codes("event")], dtype=object).value_counts()
        return {str(kind): int(count) for kind, count in counts.items()}

    def drop_repeats(self) -> None:
        """Drop rows that repeat an earlier one to the second, as exports overlap.

        Rows that give only a day stay, as somebody may buy an item twice. Without times, all rows stay.
        """
        time = self.rows["time"]
        precise = (time.notna() & (time != time.dt.normalize())).to_numpy()
        said = {"pair": self._pair_keys()[precise], "time": time.to_numpy()[precise]}
        if "event" in self._columns:
            said["event"] = self._codes("event")[precise]
        repeated = np.zeros(len(time), dtype=bool)
        repeated[precise] = pd.DataFrame(said).duplicated().to_numpy()
        self._leave_out(repeated, "the same event at the same time as in an earlier row", "none needed", "note")

    def _pair_keys(self) -> np.ndarray:
        """A number for each row, int64: the same for rows with the same user and item."""
        items = int(self.rows["item"].max() + 1) if len(self.rows) else 1
        return self._codes("user_id").astype(np.int64) * items + self.rows["item"].to_numpy()

    def drop_light(self, least: float) -> None:
        """Drop pairs whose weights add up to 0 or less, or to less than `least`."""
        total = self.rows["weight"].groupby(self._pair_keys()).transform("sum")
        low = total < max(least, ROUNDING) - ROUNDING / 2
        reason = (
            "the pair's weights add up to 0 or less"
            if least <= 0
            else f"the pair's weights add up to less than {least:g}"
        )
        self._leave_out(low.to_numpy(), reason, "none needed: such a pair shows no liking", "note")

    def keep_core(self, k: int) -> None:
        """Drop users and items with fewer than `k` partners until none is left (the k-core)."""
        keys, first = np.unique(self._pair_keys(), return_index=True)
        users, items = self._codes("user_id")[first], self.rows["item"].to_numpy()[first]
        inside = np.ones(len(keys), dtype=bool)
        while inside.any():
            enough = inside.copy()
            for side in (users, items):
                enough &= np.bincount(side[inside], minlength=side.max() + 1)[side] >= k
            if (enough == inside).all():
                break
            inside = enough
        outside = ~np.isin(self._pair_keys(), keys[inside])
        self._leave_out(
            outside,
            f"outside the {k}-core (fewer than {k} items or users)",
            "none needed: the k-core was asked for",
            "note",
        )

    def pairs(
        self, user_ids: pd.Series, dated: bool, settings: SplitSettings, seed: int
    ) -> tuple[pd.DataFrame, dict[str, Any]]:
        """Distinct pairs with count, summed weight, first and last time, and split; and a description of the split.

        Without times the order is drawn at random.

        Raises:
            DataError: The split is by time, but there are no times.
        """
        if not dated and settings.kind == TIME:
            raise DataError(f"{self._table.source}: a split by time needs times; name their column as `time`")
        places = {identifier: place for place, identifier in enumerate(user_ids)}
        user = per_value(self.rows["user_id"], lambda identifier: places.get(identifier, -1), -1, np.int64)
        items = int(self.rows["item"].max() + 1) if len(self.rows) else 1
        keys = user[self._codes("user_id")] * items + self.rows["item"].to_numpy()
        grouped = self.rows[["weight", "time"]].groupby(keys, sort=True)
        pairs = grouped.agg(
            count=("weight", "size"), weight=("weight", "sum"), first=("time", "min"), last=("time", "max")
        )
        pairs.insert(0, "user", pairs.index.to_numpy() // items)
        pairs.insert(1, "item", pairs.index.to_numpy() % items)
        pairs = pairs.reset_index(drop=True)
        order = pairs if dated else pairs.assign(first=0)
        split, about = split_pairs(order, settings, seed=seed)
        return pairs.assign(split=split), about
