"""Run experiments and write their files to one folder; the summary is rebuilt from the tables there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gigs.errors import ModelError
from gigs.experiments.claims import answers
from gigs.experiments.grids import method_grid, product_grid
from gigs.experiments.plots import radius_plot, users_box_plot
from gigs.experiments.row_figures import Record
from gigs.experiments.run_table import Tell, quiet, run_table
from gigs.experiments.settings import TABLES
from gigs.experiments.setup import Bench
from gigs.experiments.table import describe_table
from gigs.experiments.table_files import stem_of, write_table
from gigs.io import storage
from gigs.io.extras import require
from gigs.metrics.inception import Classifier, figure_network
from gigs.progress import OnStep, silent

PLOTTED = {"table5", "radius", "figures"}
GRIDS = ("table2", "table3")  # whose pictures Fig. 4 and 5 show


def run_experiments(
    names: Sequence[str],
    bench: Bench,
    out: Path,
    *,
    photos: bool = False,
    tell: Tell = quiet,
    on_step: OnStep = silent,
) -> list[Path]:
    """Run tables, write their files, their plots and the summary.

    Args:
        names: Tables of `TABLES`, and `figures` for Fig. 4 and 5.
        bench: What to work with.
        out: Folder for files.
        photos: Let Fig. 5 show the catalogue's photos, which are not ours to publish.
        tell: Is told estimates, and what was written.
        on_step: Progress.

    Returns:
        The files, the summary last.

    Raises:
        InputError: matplotlib is not installed, and one of them has a plot.
    """
    if PLOTTED & set(names):
        require("matplotlib", "plots", "an experiment with figures")
    network: Classifier | None = None
    written: list[Path] = []
    for name in names:
        if name == "figures":
            written += _figures(bench, out, photos, tell, on_step)
            continue
        records = run_table(name, bench, tell=tell, on_step=on_step)
        network = network or figure_network().to(bench.compute.device)
        described = describe_table(name, bench, records, network, on_step=on_step)
        written += write_table(out, described) + _plots(name, described, records, bench, out)
        tell(f"{name}: {out / stem_of(described)}.md")
    written.append(write_summary(out, bench.protocol.name))
    return written


def _plots(name: str, described: dict[str, Any], records: Sequence[Record], bench: Bench, out: Path) -> list[Path]:
    if name == "table5":
        return [users_box_plot(out / f"fig6-{bench.protocol.name}.png", records, bench.protocol)]
    if name == "radius":
        return [radius_plot(out / f"radius-{bench.protocol.name}.png", described)]
    return []


def _figures(bench: Bench, out: Path, photos: bool, tell: Tell, on_step: OnStep) -> list[Path]:
    """Fig. 4 and 5, of tables 2 and 3 (which are run where they were not)."""
    second, third = (run_table(name, bench, tell=tell, on_step=on_step) for name in GRIDS)
    protocol = bench.protocol.name
    name = f"fig5-{protocol}{'-with-photos' if photos else ''}.png"
    return [
        method_grid(out / f"fig4-{protocol}.png", second, bench),
        product_grid(out / name, third, bench, photos=photos),
    ]


def write_summary(out: Path, protocol: str) -> Path:
    """`summary-PROTOCOL.md`: the paper's claims, answered by the tables in a folder."""
    tables = {name: described for name in TABLES if (described := _described(out / f"{name}-{protocol}.json"))}
    lines = [f"# What the tables say, protocol {protocol}", ""]
    for name, table in tables.items():
        settings = table["settings"]
        lines.append(
            f"- [{name}]({name}-{protocol}.md): {table['rows'][0]['items']} items per row, preset {settings['preset']} "
            f"(T={settings['T_inversion']} and {settings['T_shifting']}), on {table['measured_on']}"
        )
    missing = [name for name in TABLES if name not in tables]
    if missing:
        lines.append(f"- not run yet: {', '.join(missing)}")
    lines.append("")
    for paragraph in answers(tables):
        goes_on = paragraph.startswith("- ") and lines[-1].startswith("- ")
        lines += [paragraph] if goes_on else ["", paragraph]
    return storage.write_text(out / f"summary-{protocol}.md", "\n".join(lines).rstrip() + "\n")


def _described(path: Path) -> dict[str, Any] | None:
    try:
        return storage.read_json(path)
    except ModelError:
        return None
