"""The reliability diagram of a pack's shares: what was promised beside what buyers took."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gigs.io.extras import require
from gigs.studies.share import Checked, ShareStudy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = (4.2, 4.0)  # inches


def draw_reliability(study: ShareStudy, path: Path) -> Path:
    """Write the diagram of a study as SVG: for all buyers, and for single shoppers where they were measured.

    Raises:
        InputError: matplotlib is not installed.
    """
    require("matplotlib", "plots", "the reliability diagram")
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    panels = [("all buyers", study.everybody)]
    panels += [] if study.single is None else [("single shoppers, by their own taste", study.single)]
    figure = Figure(figsize=(SIZE[0] * len(panels), SIZE[1]), layout="constrained")
    FigureCanvasSVG(figure)
    for place, (title, checked) in enumerate(panels, start=1):
        _panel(figure.add_subplot(1, len(panels), place), title, checked)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="svg", metadata={"Date": None})  # the same study, the same file
    return path


def _panel(axes: Axes, title: str, checked: Checked) -> None:
    promised, found, low, high = 100 * np.array(checked.bins).T
    ends = [min(48.0, np.nanmin(low)), max(60.0, np.nanmax(high), promised.max())]
    axes.plot(ends, ends, color="0.6", linewidth=1, label="promised = found")
    axes.errorbar(
        promised, found, yerr=[found - low, high - found], fmt="o", markersize=4, capsize=2, label="found, 95% interval"
    )
    axes.axhline(50, color="0.85", linewidth=1, zorder=0)
    axes.set(
        title=f"{title}\n{checked.pairs:,} choices of {checked.buyers:,} buyers",
        xlabel="promised: of 100 take the preferred one",
        ylabel="found",
        xlim=(min(49.0, promised.min() - 1), max(60.0, promised.max() + 1)),
        ylim=ends,
    )
    axes.title.set_fontsize(10)
    axes.legend(loc="upper left", fontsize=8, frameon=False)
