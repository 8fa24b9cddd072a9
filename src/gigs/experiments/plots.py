"""Figures: the box plot of shifts by number of users (Fig. 6), and what a larger radius brings and costs."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gigs.experiments.protocol import Protocol
from gigs.experiments.row_figures import JUDGES_GAIN, SHIFT, Record, item_values
from gigs.io import storage

Cells = Mapping[tuple[str, str], Sequence[Record]]
PANELS = (
    ("target's gain (z)", "z_gain:"), ("judges' gain (z)", JUDGES_GAIN), ("category kept", "category_kept"),
    ("opposite SSIM among suggestions", "opposite_ssim_pairs"),
)  # fmt: skip


class BoxSeries(NamedTuple):
    """Boxes of one figure: which, how far beside their tick, in which colour, and what the legend calls them."""

    figure: str
    offset: float
    colour: str
    label: str


TARGET_BOXES = BoxSeries(SHIFT, -0.17, "#4878a8", "target, its own scale")
JUDGES_BOXES = BoxSeries(JUDGES_GAIN, 0.17, "#c06030", "judges, standard deviations")


def by_cell(records: Sequence[Record]) -> dict[tuple[str, str], list[Record]]:
    """Records by row and method, in the order of the table."""
    cells: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        cells.setdefault((record["cell"], record["method"]), []).append(record)
    return cells


def users_box_plot(path: Path, table_records: Sequence[Record], protocol: Protocol) -> Path:
    """Fig. 6: gains of items by number of users, a panel a method; judges' gains beside the target's where known."""
    cells = by_cell(table_records)
    methods = list(dict.fromkeys(method for _, method in cells))
    figure, axes = _subplots(1, len(methods), (6.2 * len(methods), 4.2))
    for axis, method in zip(axes[0], methods, strict=True):
        own = {cell: records for (cell, name), records in cells.items() if name == method}
        _boxes(axis, own, TARGET_BOXES, protocol)
        if protocol.judges:
            _boxes(axis, own, JUDGES_BOXES, protocol)
        axis.axhline(0, color="grey", linewidth=0.7)
        axis.set_xticks(range(len(own)), list(own))
        axis.set_title(f"{method} ({len(next(iter(own.values())))} items)")
        axis.set_xlabel("users in the audience")
        axis.set_ylabel("preference shift")
        axis.legend(loc="upper right", fontsize=8)
    return _save(figure, path)


def _boxes(axis: Any, own: Mapping[str, Sequence[Record]], series: BoxSeries, protocol: Protocol) -> None:
    values = [list(item_values(records, series.figure, protocol).values()) for records in own.values()]
    if not all(values):
        return
    drawn = axis.boxplot(
        values, positions=np.arange(len(values)) + series.offset, widths=0.3, patch_artist=True, manage_ticks=False,
        flierprops={"markersize": 3}, medianprops={"color": "black"},
    )  # fmt: skip
    for box in drawn["boxes"]:
        box.set_facecolor(series.colour)
    drawn["boxes"][0].set_label(series.label)


def radius_plot(path: Path, described: Mapping[str, Any]) -> Path:
    """Gain, judges' gain, category kept and diversity over epsilon, with 95% intervals."""
    rows = described["rows"]
    target = described["scorers"][0]["name"]
    names = [(title, f"{name}{target}" if name.endswith(":") else name) for title, name in PANELS]
    names = [(title, name) for title, name in names if all(name in row["figures"] for row in rows)]
    if not names:
        names = [("preference shift", SHIFT)]
    figure, axes = _subplots(1, len(names), (3.6 * len(names), 3.4))
    radii = [float(row["cell"]) for row in rows]
    for axis, (title, name) in zip(axes[0], names, strict=True):
        figures = [row["figures"][name] for row in rows]
        axis.plot(radii, [one["mean"] for one in figures], marker="o", markersize=3, color="#4878a8")
        if all(one["low"] is not None for one in figures):
            low, high = [one["low"] for one in figures], [one["high"] for one in figures]
            axis.fill_between(radii, low, high, alpha=0.25, color="#4878a8")
        axis.axvline(0.4, color="grey", linewidth=0.7, linestyle="--")
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("search radius (dashed: the paper's)")
    return _save(figure, path)


def _subplots(rows: int, columns: int, size: tuple[float, float]) -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure  # not pyplot: it would look for a screen

    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, squeeze=False)


def _save(figure: Any, path: Path) -> Path:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return storage.write_bytes(path, buffer.getvalue())
