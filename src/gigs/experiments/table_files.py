"""A described table as files: JSON for programs, CSV for spreadsheets, Markdown for readers."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gigs.io import storage

HEADERS = {
    "preference": "preference score",
    "shift": "preference shift",
    "judges_gain": "judges' gain (z)",
    "judges_z": "judges' score (z)",
    "category_kept": "category kept",
}
PAIRED = "Each pair is compared over the items that both rows share. The p-values are not adjusted for their number."
PAPER = "paper"
RETAINED = "Retained is the judges' gain divided by the target's, both in standard deviations of real items' scores."
CAUTION = "The paper used another data set and other models. Compare signs and rank orders, not sizes."


def write_table(out: Path, described: Mapping[str, Any]) -> list[Path]:
    """Write `TABLE-PROTOCOL.json`, `.csv` and `.md` into a folder; returns the files."""
    stem = stem_of(described)
    return [
        storage.write_json(out / f"{stem}.json", dict(described)),
        storage.write_text(out / f"{stem}.csv", as_csv(described)),
        storage.write_text(out / f"{stem}.md", as_markdown(described)),
    ]


def stem_of(described: Mapping[str, Any]) -> str:
    """Name of a table's files without the ending."""
    return f"{described['table']}-{described['protocol']['name']}"


def as_csv(described: Mapping[str, Any]) -> str:
    """One line a figure; the paper's under the method `paper`."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["table", "protocol", "row", "method", "figure", "mean", "sd", "n", "items", "low", "high"])
    start = [described["table"], described["protocol"]["name"]]
    for row in described["rows"]:
        for name, one in row["figures"].items():
            numbers = [one[key] for key in ("mean", "sd", "n", "items", "low", "high")]
            writer.writerow([*start, row["cell"], row["method"], name, *("" if x is None else x for x in numbers)])
    for cell, printed in described["paper"].items():
        for name, (mean, sd) in printed.items():
            writer.writerow([*start, cell, PAPER, name, mean, "" if sd is None else sd, "", "", "", ""])
    return buffer.getvalue()


def as_markdown(described: Mapping[str, Any]) -> str:
    """The table in Markdown: rows, the paper's rows below them, paired comparisons, and what was measured."""
    settings = described["settings"]
    lines = [
        f"# {described['table']}, protocol {described['protocol']['name']}",
        "",
        f"Protocol: {described['protocol']['words']}.",
        "",
        f"Measured on {described['measured_on']}.",
        "",
        f"Preset {settings['preset']}: T={settings['T_inversion']} (inversion) and "
        f"T={settings['T_shifting']} (shifting), n={settings['n']}, of which {settings['counted']} count, "
        f"radius {settings['radius']}, seed {settings['seed']}.",
        "",
        "Each cell gives mean ± standard deviation over pictures [95% interval, resampling items].",
        "",
        *_rows(described),
        "",
        *_notes(described),
        *_paper(described),
        *_comparisons(described),
    ]  # fmt: skip
    return "\n".join(lines).rstrip() + "\n"


def _rows(described: Mapping[str, Any]) -> list[str]:
    columns = columns_of(described)
    judged = any("retained" in row for row in described["rows"])
    head = [
        "row",
        "method",
        "items",
        "pictures",
        *(_title(name) for name in columns),
        *(["retained"] if judged else []),
    ]
    rows = []
    for row in described["rows"]:
        start = [row["cell"], row["method"], str(row["items"]), str(row["figures"]["preference"]["n"])]
        cells = [_cell(row["figures"].get(name)) for name in columns]
        rows.append([*start, *cells, *([_share(row.get("retained"))] if judged else [])])
    return _grid(head, rows)


def columns_of(described: Mapping[str, Any]) -> list[str]:
    """Figures that are shown in Markdown; JSON and CSV have them all."""
    have = {name for row in described["rows"] for name in row["figures"]}
    target = described["scorers"][0]["name"]
    kinds = ("IS", "FID", "KID")
    looks = [name for kind in kinds for name in sorted(have) if name == kind or name.startswith(f"{kind}-")]
    wanted = ["preference", "shift"]
    wanted += [f"z:{target}", "judges_z"] if described["table"] == "table2" else []
    wanted += [f"z_gain:{target}", "judges_gain", "category_kept", described["opposite_ssim"], *looks]
    return [name for name in wanted if name in have]


def _title(name: str) -> str:
    kind, _, scorer = name.partition(":")
    if scorer:
        return f"target's {'gain' if kind == 'z_gain' else 'score'} (z)"
    return HEADERS.get(name, name)


def _cell(one: Mapping[str, Any] | None) -> str:
    if one is None:
        return "-"
    digits = 3 if abs(one["mean"]) < 1 else 2
    spread = "" if one["sd"] is None else f" ± {one['sd']:.{digits}f}"
    interval = "" if one["low"] is None else f" [{one['low']:.{digits}f}, {one['high']:.{digits}f}]"
    return f"{one['mean']:.{digits}f}{spread}{interval}"


def _share(one: Mapping[str, Any] | None) -> str:
    if not one or one["share"] is None:
        return "-"
    return f"{one['share']:.2f} [{one['low']:.2f}, {one['high']:.2f}]"


def _notes(described: Mapping[str, Any]) -> list[str]:
    """What a reader must know to use the figures."""
    lines = []
    if described["why_no_judges"]:
        lines.append(f"No judges: {described['why_no_judges']}.")
    elif any("retained" in row for row in described["rows"]):
        lines.append(RETAINED)
    lines.append(f"IS, FID and KID use the features of {described['features']}.")
    trained = {row["cell"]: row["photos_of_trained_products"] for row in described["rows"]}
    some = ", ".join(f"{count} in the row {cell}" for cell, count in trained.items() if count)
    if any(row["photos"] for row in described["rows"]):
        lines.append(f"Photos of products that the generator was trained with: {some or 'none'}.")
    return [" ".join(lines), ""]


def _paper(described: Mapping[str, Any]) -> list[str]:
    printed = described["paper"]
    if not printed:
        return []
    names = list(dict.fromkeys(name for row in printed.values() for name in row))
    cells = [[cell, *(_printed(row.get(name)) for name in names)] for cell, row in printed.items()]
    return [
        "## As printed in the paper",
        "",
        f"Measured on {described['paper_measured_on']}. {CAUTION}",
        "",
        *_grid(["row", *(name.replace("_", " ") for name in names)], cells),
        "",
    ]


def _printed(pair: Sequence[float | None] | None) -> str:
    if pair is None:
        return "-"
    return f"{pair[0]}" if pair[1] is None else f"{pair[0]} ± {pair[1]}"


def _comparisons(described: Mapping[str, Any]) -> list[str]:
    pairs = [one for one in described["comparisons"] if one["kind"] == "paired"]
    if not pairs:
        return []
    rows = [
        [
            " / ".join(one["first_row"]), " / ".join(one["second_row"]), _title(one["figure"]), str(one["n"]),
            _difference(one), _p(one["wilcoxon_p"]), _p(one["t_test_p"]),
        ]
        for one in pairs
    ]  # fmt: skip
    head = ["first", "second", "figure", "items", "first - second [95%]", "Wilcoxon p", "paired t p"]
    return ["## Paired comparisons", "", PAIRED, "", *_grid(head, rows), ""]


def _difference(one: Mapping[str, Any]) -> str:
    if one["low"] is None:
        return f"{one['difference']:+.3f}"
    return f"{one['difference']:+.3f} [{one['low']:+.3f}, {one['high']:+.3f}]"


def _p(value: float | None) -> str:
    if value is None:
        return "-"
    return "< 0.0001" if value < 1e-4 else f"{value:.4f}"


def _grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table."""
    return [
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
        *("| " + " | ".join(row) + " |" for row in rows),
    ]
