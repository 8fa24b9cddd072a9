"""Makes a catalogue from a shop's tables and photos, which come from files (`folder`) or a database (`sql`)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from gigs.data.catalogue import Catalogue, hold_out_products
from gigs.data.importers.catalogue_writer import CatalogueContent, check_size, write_catalogue
from gigs.data.importers.columns import Named, choose_columns
from gigs.data.importers.dropped_rows import DroppedRows
from gigs.data.importers.events import Events
from gigs.data.importers.item_photos import ItemPhotos
from gigs.data.importers.photos import Photos, loose_note
from gigs.data.importers.presets import prepared, preset_called
from gigs.data.importers.raw_table import RawTable
from gigs.data.importers.shop_tables import item_table, user_table
from gigs.data.splits import USUAL as USUAL_SPLIT
from gigs.data.splits import SplitSettings
from gigs.errors import DataError, InputError
from gigs.progress import OnStep

HELD_OUT_SHARE, HELD_OUT_MOST = 0.05, 1000
MOST_KINDS = 20


@dataclass(frozen=True, kw_only=True)
class ShopSettings:
    """How a shop's tables are read.

    Attributes:
        columns: Columns that the user named, by role (`item`, `user`, `event`, ...), then by table (or "" for any).
            Others are guessed.
        event_weights: Weights by kind of event. Kinds that are not in it are left out, unless it is empty.
        min_weight: Pairs whose weights add up to less are left out.
        k_core: Least number of partners of each user and item; 0 for no limit.
        hold_out: Number of products to hold out. None means one in twenty, at most 1000.
        time_format: Format of times, as for strptime; empty for ISO and epoch times.
        split: Which pairs are for training and which for testing.
        preset: Shop system whose columns are known (`presets`).
        seed: Draws the held-out products and the order of purchases of one time.
    """

    columns: Named = field(default_factory=dict)
    event_weights: Mapping[str, float] = field(default_factory=dict)
    min_weight: float = 0.0
    k_core: int = 0
    hold_out: int | None = None
    time_format: str = ""
    image_size: int = 128
    split: SplitSettings = USUAL_SPLIT
    preset: str = ""
    seed: int = 0

    def __post_init__(self) -> None:
        check_size(self.image_size)
        preset_called(self.preset)
        if not math.isfinite(self.min_weight) or self.k_core < 0 or self.seed < 0:
            raise InputError("`min_weight` must be a number, and `k_core` and `seed` must be 0 or more")
        for name, weight in self.event_weights.items():
            if not math.isfinite(weight):
                raise InputError(f"`event_weights` {name}={weight}: not a number")
        if self.event_weights and max(self.event_weights.values()) <= 0:
            raise InputError("`event_weights`: at least one kind of event needs a weight above 0")


def import_shop(
    tables: dict[str, RawTable],
    photos: Photos,
    out: str | Path,
    settings: ShopSettings,
    about: dict[str, Any],
    on_step: OnStep,
) -> Catalogue:
    """Make a catalogue from raw tables (`items`, `interactions`, perhaps `users`) and photos.

    Raises:
        DataError: A column cannot be found, or nothing usable is left. The message says why and what to do.
    """
    dropped = DroppedRows()
    tables, known = prepared(tables, preset_called(settings.preset))
    chosen, guessed = choose_columns(tables, settings.columns, known)
    items, cells = item_table(tables["items"], chosen["items"], dropped)
    events = Events(
        tables["interactions"], chosen["interactions"], dropped, time_format=settings.time_format, on_step=on_step
    )
    dated = _sift(events, items["item_id"], settings)
    if events.total and events.rows.empty:
        raise DataError(_nothing_left(tables["interactions"], dropped))
    seen = events.user_ids()
    users, added = user_table(tables.get("users"), chosen.get("users", {}), seen, settings.k_core, dropped)
    kinds = dict(list(events.kinds().items())[:MOST_KINDS])
    pairs, split = events.pairs(users["user_id"], dated, settings.split, settings.seed)
    del events  # the rows: they are as many as the pairs
    held_out = _hold_out(items["product_code"], settings.hold_out)
    items["held_out"] = hold_out_products(items["product_code"], held_out, settings.seed)
    pictures = ItemPhotos(photos, items, cells, settings.image_size)

    def info() -> dict[str, Any]:
        pictures.note(dropped)
        return about | {
            "seed": settings.seed, "held_out_products": held_out, "dated": dated, "split": split,
            "columns": chosen, "guessed": guessed,
            "items": len(items), "users": len(users), "interactions": len(pairs), "users_added": added,
            "events": kinds, "event_weights": dict(settings.event_weights), "photos_unused": pictures.unused,
            "dropped": dropped.summary(), "dropped_interactions": dropped.count("interactions"),
            "notes": [*(f"{one.source}: {note}" for one in tables.values() for note in one.notes), *loose_note(photos)],
        }  # fmt: skip

    content = CatalogueContent(
        tables={"items": items, "users": users, "interactions": pairs}, picture=pictures.decode, info=info,
        more_files={"dropped.csv": dropped.write},
    )  # fmt: skip
    return write_catalogue(out, content, image_size=settings.image_size, on_step=on_step)


def _sift(events: Events, item_ids: pd.Series, settings: ShopSettings) -> bool:
    """Drop rows that cannot be used or are not wanted. Returns whether the rest has times."""
    events.find_items(item_ids)
    dated = events.read_times()
    events.weigh(settings.event_weights)
    events.drop_repeats()
    events.drop_light(settings.min_weight)
    if settings.k_core > 1:
        events.keep_core(settings.k_core)
    return dated


def _hold_out(products: pd.Series, asked: int | None) -> int:
    if asked is not None:
        return asked
    return min(HELD_OUT_MOST, int(HELD_OUT_SHARE * products.nunique()))


def _nothing_left(table: RawTable, dropped: DroppedRows) -> str:
    """Say why no interaction is left: the most frequent reason, with its fix and the first rows."""
    kinds = [kind for kind in dropped.summary() if kind["table"] == "interactions"]
    worst = max(kinds, key=lambda kind: kind["count"])
    return (
        f"{table.source}: no interaction is left; {worst['count']:,} rows: {worst['reason']}, such as "
        f"{', '.join(worst['examples'][:2])}; {worst['fix']}"
    )
