"""From the results of one row of a table to its figures, each with n and an interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gigs.experiments.protocol import Protocol
from gigs.metrics.figure import Figure, figure
from gigs.metrics.preference import best

Record = dict[str, Any]
PREFERENCE, SHIFT, CATEGORY = "preference", "shift", "category_kept"
Z, Z_GAIN = "z", "z_gain"  # before a scorer's name
JUDGES, JUDGES_GAIN = "judges_z", "judges_gain"


def cell_figures(records: Sequence[Record], protocol: Protocol, *, seed: int = 0) -> dict[str, Figure]:
    """Figures of one cell and method by name, without those that need the pictures (`quality`).

    `preference`; `shift`, against the protocol's baseline (the sampled design where there is no photo); with judges
    also `z:SCORER`, scores in standard deviations of real items, `judges_z`, their mean over judges, and gains of the
    same: `z_gain:SCORER`, `judges_gain`, always against the photo where there is one; `category_kept`;
    `opposite_ssim_code` and `opposite_ssim_pairs`. What needs a base is left out where nothing was redesigned.
    """
    names = [PREFERENCE, SHIFT, CATEGORY, "opposite_ssim_code", "opposite_ssim_pairs"]
    if protocol.judges:
        scorers = list(records[0]["z"])
        names += [f"{kind}:{scorer}" for kind in (Z, Z_GAIN) for scorer in scorers]
        names += [JUDGES, JUDGES_GAIN] if len(scorers) > 1 else []
    by_name = {name: [values_of(one, name, protocol) for one in records] for name in names}
    return {name: figure(values, seed=seed) for name, values in by_name.items() if all(values)}


def values_of(record: Record, name: str, protocol: Protocol) -> list[float]:
    """One figure of `cell_figures` for the suggestions of one result that count; empty where it has no such figure."""
    kind, _, scorer = name.partition(":")
    if name == PREFERENCE:
        return counted(record, record["scores"]["suggestions"], protocol)
    if name == SHIFT:
        return shift_of(record, protocol)
    if kind in (Z, Z_GAIN):
        return _z(record, scorer, protocol, gain=kind == Z_GAIN)
    if name in (JUDGES, JUDGES_GAIN):
        each = [_z(record, judge, protocol, gain=name == JUDGES_GAIN) for judge in judges_of(record)]
        return np.mean(each, axis=0).tolist() if each and all(each) else []
    if name == "opposite_ssim_pairs":
        return [float(value) for value in record.get(name, ())]
    source = record.get("kept" if name == CATEGORY else name)
    return [] if source is None else counted(record, [float(value) for value in source], protocol)


def counted(record: Record, values: Sequence[float], protocol: Protocol) -> list[float]:
    """Values of those suggestions that the protocol counts: all, or the best by the target's score."""
    return [float(values[number]) for number in best(record["scores"]["suggestions"], protocol.keep)]


def shift_of(record: Record, protocol: Protocol) -> list[float]:
    """Scores less the baseline's, of those that count; empty where nothing was redesigned."""
    base = record["scores"].get("photo" if protocol.baseline == "photo" else "base", record["scores"].get("base"))
    if base is None:
        return []
    return [value - base[0] for value in counted(record, record["scores"]["suggestions"], protocol)]


def judges_of(record: Record) -> list[str]:
    """Names of the judges; the first scorer is the target."""
    return list(record["z"])[1:]


def _z(record: Record, scorer: str, protocol: Protocol, *, gain: bool) -> list[float]:
    """Scores under one scorer in its standard deviations, or their gains."""
    z = record["z"][scorer]
    values = counted(record, z["suggestions"], protocol)
    if not gain:
        return values
    base = z.get("photo", z.get("base"))
    return [] if base is None else [value - base[0] for value in values]


def item_values(records: Sequence[Record], name: str, protocol: Protocol) -> dict[int, float]:
    """One number an item, for paired comparisons: the mean over its suggestions; items without it are left out."""
    by_item = {int(one["item"]): values_of(one, name, protocol) for one in records}
    return {item: float(np.mean(values)) for item, values in by_item.items() if values}
