"""One table as data: rows with figures, the paper's printed ones beside them, comparisons, and their origin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from torch import Tensor

from gigs.experiments import quality
from gigs.experiments.compare import lead, paired, retained, slope
from gigs.experiments.paper import DATA, LEVEL_FROM, PRINTED
from gigs.experiments.records import Records
from gigs.experiments.row_figures import (
    CATEGORY,
    JUDGES,
    JUDGES_GAIN,
    PREFERENCE,
    SHIFT,
    Z_GAIN,
    Record,
    Z,
    cell_figures,
    item_values,
)
from gigs.experiments.run_table import folder_of
from gigs.experiments.setup import Bench
from gigs.experiments.tasks import BASELINES, METHOD, photo_rows
from gigs.metrics.features import photo_features, picture_features
from gigs.metrics.figure import Figure
from gigs.metrics.inception import Classifier
from gigs.progress import OnStep, silent

Cells = Mapping[tuple[str, str], Sequence[Record]]
SCHEMA = 1


def describe_table(
    table: str, bench: Bench, records: Sequence[Record], network: Classifier, *, on_step: OnStep = silent
) -> dict[str, Any]:
    """All figures of a table, JSON-able.

    Args:
        table: Its name.
        bench: That made it.
        records: Its records.
        network: That Inception Score, Fréchet and kernel distance look through; its suffix is in their names.
        on_step: Progress of looking.
    """
    cells: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        cells.setdefault((record["cell"], record["method"]), []).append(record)
    viewer = _Viewer(table, bench, network, on_step)
    rows = []
    for (cell, method), own in cells.items():
        figures = cell_figures(own, bench.protocol, seed=bench.settings.seed)
        figures |= viewer.figures(cell, own)
        rows.append(_row(cell, method, own, figures, bench))
    return {
        "schema": SCHEMA,
        "table": table,
        "protocol": {"name": bench.protocol.name, "words": bench.protocol.words},
        "measured_on": _measured_on(bench),
        "paper_measured_on": DATA,
        "paper": PRINTED.get(table, {}),
        "settings": _settings(bench),
        "features": network.name,
        "opposite_ssim": bench.protocol.diversity,
        "why_no_judges": bench.buyers.why_no_judges,
        "scorers": [{"name": eye.name, "role": eye.role, "auc": eye.auc} for eye in bench.buyers.eyes],
        "rows": rows,
        "comparisons": comparisons(table, cells, bench),
        "from": bench.about,
    }


def _row(cell: str, method: str, own: Sequence[Record], figures: Mapping[str, Figure], bench: Bench) -> dict[str, Any]:
    row: dict[str, Any] = {
        "cell": cell,
        "method": method,
        "items": len(own),
        "users": own[0]["users"],
        "photos": sum("item_id" in one for one in own),
        "photos_of_trained_products": sum(bool(one["seen"]) for one in own),
        "seconds_an_item": round(sum(one["seconds"] for one in own) / len(own), 2),
        "figures": {name: value.record() for name, value in figures.items()},
    }
    target = bench.buyers.eyes[0].name
    if JUDGES_GAIN in figures:
        gains = (item_values(own, name, bench.protocol) for name in (JUDGES_GAIN, f"{Z_GAIN}:{target}"))
        row["retained"] = retained(*gains, seed=bench.settings.seed)
    return row


class _Viewer:
    """Looks at a table's pictures through one network."""

    def __init__(self, table: str, bench: Bench, network: Classifier, on_step: OnStep) -> None:
        self.table, self.bench, self.network, self.on_step = table, bench, network, on_step
        self.store = Records(folder_of(bench.work, table, bench.protocol.name), {})

    def figures(self, cell: str, own: Sequence[Record]) -> dict[str, Figure]:
        """Figures of a cell that need the pictures; of the suggestions that count."""
        images = [self._shown(record) for record in own]
        network, seed, suffix = self.network, self.bench.settings.seed, self.network.suffix
        pictures = picture_features(network, quality.pictures_of(images), on_step=self.on_step)
        features, real = quality.by_item(pictures, images), self._real(cell)
        figures = {
            f"IS{suffix}": quality.inception_score([network.probabilities(each) for each in features], seed=seed),
            f"FID{suffix}": quality.frechet(real, features, seed=seed),
            f"KID{suffix}": quality.kernel(real, features, seed=seed),
        }
        if text := quality.text_diversity(images, seed=seed):
            figures["opposite_ssim_text"] = text
        return figures

    def _real(self, cell: str) -> np.ndarray:
        """Features of photos to compare with: of held-out products, where there are any of the kind."""
        bench = self.bench
        where = bench.settings.segments.get(cell, "") if self.table == "table4" else ""
        held_out = set(bench.catalogue.held_out_items().tolist())
        rows = photo_rows(bench, where).tolist()
        rows = sorted(([row for row in rows if row in held_out] or rows)[: bench.protocol.real_pictures])
        return photo_features(self.network, bench.catalogue, rows, image_size=bench.side, on_step=self.on_step)  # type: ignore[arg-type]

    def _shown(self, record: Record) -> Tensor:
        from gigs.metrics.preference import best

        images = self.store.pictures(record)[1]
        return images[best(record["scores"]["suggestions"], self.bench.protocol.keep)]


def comparisons(table: str, cells: Cells, bench: Bench) -> list[dict[str, Any]]:
    """Paired comparisons of a table's rows, over the items that they share."""
    target = bench.buyers.eyes[0].name
    gains = [SHIFT, "opposite_ssim_pairs"]
    if bench.protocol.judges:
        gains += [f"{Z_GAIN}:{target}", JUDGES_GAIN, CATEGORY]
    pairs: list[tuple[tuple[str, str], tuple[str, str], list[str]]] = []
    names = list(cells)
    if table == "table2":
        levels = [PREFERENCE, "opposite_ssim_pairs", f"{Z}:{target}", JUDGES]
        pairs = [(one, other, levels) for one in names for other in names if one[0] == METHOD and other[0] in BASELINES]
    else:
        pairs = [(a, b, gains) for a, b in pairwise(names) if a[0] == b[0]]
    if table in ("table3", "table5"):
        for method in dict.fromkeys(method for _, method in names):
            own = [name for name in names if name[1] == method]
            pairs += [(a, b, gains) for a, b in pairwise(own)]
    compared = [_compared(cells, one, other, name, bench) for one, other, kinds in pairs for name in kinds]
    return [each for each in compared if each["n"]] + (_slopes(cells, bench) if table == "table5" else [])


def _compared(cells: Cells, one: tuple[str, str], other: tuple[str, str], name: str, bench: Bench) -> dict[str, Any]:
    a, b = (item_values(cells[key], name, bench.protocol) for key in (one, other))
    seed = bench.settings.seed
    about = {"kind": "paired", "figure": name, "first_row": list(one), "second_row": list(other)}
    return about | paired(a, b, seed=seed) | {"lead": lead(a, b, seed=seed)}


def _slopes(cells: Cells, bench: Bench) -> list[dict[str, Any]]:
    """Change of the gain with ten times as many users, from where the paper finds it constant."""
    slopes = []
    for method in dict.fromkeys(method for _, method in cells):
        keys = [key for key in cells if key[1] == method and int(key[0]) >= LEVEL_FROM]
        for name in (SHIFT, JUDGES_GAIN):
            values = [item_values(cells[key], name, bench.protocol) for key in keys]
            if len(keys) > 1 and all(values):
                measured = slope([int(key[0]) for key in keys], values, seed=bench.settings.seed)
                slopes.append({"kind": "slope", "figure": name, "method": method, **measured})
    return slopes


def _measured_on(bench: Bench) -> str:
    about = bench.about["catalogue"]
    return (
        f"{about.get('source')}: {about.get('items')} items, {about.get('interactions')} purchases; "
        f"{bench.buyers.count} users of the recommender; models of the pack {bench.pack.name}, unless others were given"
    )


def _settings(bench: Bench) -> dict[str, Any]:
    shifting = bench.preset.shifting
    return {
        "items": bench.settings.items,
        "seed": bench.settings.seed,
        "preset": bench.preset.name,
        "T_inversion": bench.preset.inversion.steps,
        "T_shifting": shifting.steps,
        "n": shifting.n,
        "counted": bench.protocol.keep or shifting.n,
        "radius": shifting.radius,
        "weights": [shifting.class_weight, shifting.shift_weight, shifting.preference_weight],
        "gain_against": bench.protocol.baseline,
        "dropout": bench.protocol.dropout,
    }
