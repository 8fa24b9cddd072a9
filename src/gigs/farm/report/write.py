"""The report's files: a page, its data, its pictures, and two tables."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from gigs.farm import parts
from gigs.farm.report.summary import Summary, changes_in, summary_of
from gigs.farm.report.thumbnails import name_of, thumbnail, wanted
from gigs.farm.run import about_of
from gigs.farm.store import Store
from gigs.farm.tables import FAILED, read_table
from gigs.io.text import harmless_cell
from gigs.progress import OnStep, Step, silent
from gigs.report.templating import environment
from gigs.report.texts import STAMP, STAMPS_BOTH, VERDICTS

FOLDER, PAGE, DATA = "report", "index.html", "data.js"
UNITS = {
    "share": "Buyers of 100",
    "gain": "Gain, judges",
    "gain_vs_photo": "Gain, unchecked",
}
UNIT_WORDS = {
    "share": "of 100 buyers who choose between the product as it is and the redesign, how many take the redesign",
    "gain": "the independent judges' gain over the photo, in standard deviations of real items",
    "gain_vs_photo": "the target's score minus the photo's; no independent judge has checked it",
}


def write_report(url: str, on_step: OnStep = silent) -> str:
    """Write the report of a finished run into its folder.

    Args:
        url: The run's folder.
        on_step: Progress of the pictures.

    Returns:
        The page's path or URL.

    Raises:
        InputError: There is no finished run.
        ModelError: A file of it is damaged.
    """
    store = Store.open(url)
    about = about_of(store)
    with store.held():
        summary = summary_of(store)
        items = {item: number for number, item in enumerate(sorted(summary.best["item_id"].unique()))}
        audiences = {name: number for number, name in enumerate(sorted(summary.best["audience"].unique()))}
        _write_pictures(store, items, audiences, on_step)
        _write_tables(store, summary)
        failed = len(read_table(store, FAILED, ["stage"]))
        write_page(store, summary, about, failed)
    return f"{store.url.rstrip('/')}/{FOLDER}/{PAGE}"


def write_page(store: Store, summary: Summary, about: dict[str, Any], failed: int) -> None:
    """Write the page and its data, without the pictures that it names."""
    data = data_of(summary, about)
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    store.write(f"{FOLDER}/{DATA}", f"window.FARM={text};\n".encode())
    page = environment(package="gigs.farm").get_template("farm.html").render(
        title=f"Redesigns of {len(data['items']):,} products",
        products=len(data["items"]), audiences=data["labels"], failed=failed, stamp=STAMP, stamps=STAMPS_BOTH,
        unit=UNITS[summary.unit], unit_words=UNIT_WORDS[summary.unit], unit_key=summary.unit, verdicts=VERDICTS,
        categories=summary.categories.to_dict("records"), about=about,
    )  # fmt: skip
    store.write(f"{FOLDER}/{PAGE}", page.encode())


def data_of(summary: Summary, about: dict[str, Any]) -> dict[str, Any]:
    """What the page's script reads: words once, and numbers in their place, so that ten thousand rows stay small."""
    best = summary.best
    items, audiences = sorted(best["item_id"].unique()), sorted(best["audience"].unique())
    categories, verdicts = sorted(best["category"].unique()), sorted(best["verdict"].unique())
    places = [{value: number for number, value in enumerate(values)} for values in (items, audiences, categories)]
    names = dict(zip(best["item_id"], best["name"], strict=True))
    ends = ("share_low", "share_high") if summary.unit == "share" else ("gain_low", "gain_high")
    rows = [
        [
            places[0][row.item_id], places[1][row.audience], places[2][row.category],
            _number(getattr(row, summary.unit)),
            *(_number(getattr(row, end)) if summary.unit != "gain_vs_photo" else None for end in ends),
            verdicts.index(row.verdict), changes_in(row), row.words,
        ]
        for row in best.itertuples()
    ]  # fmt: skip
    labels = {one["name"]: one["label"] for one in about["audiences"]}
    return {
        "items": items,
        "names": [names[item] for item in items],
        "labels": [labels.get(name, name) for name in audiences],
        "categories": categories,
        "verdicts": [[name, VERDICTS.get(name, name)] for name in verdicts],
        "unit": summary.unit,
        "rows": rows,
    }


def _write_pictures(store: Store, items: dict[str, int], audiences: dict[str, int], on_step: OnStep) -> None:
    total = len(items) * (1 + len(audiences))
    for done, one in enumerate(wanted(parts.pictures(store)), start=1):
        if one["item_id"] in items:
            audience = audiences.get(one["audience"])
            name = name_of(items[one["item_id"]], audience)
            store.write(f"{FOLDER}/{name}", thumbnail(one["picture"]))
        on_step(Step("pictures", min(done, total), total))


def _write_tables(store: Store, summary: Summary) -> None:
    for name, frame in (("products", summary.best.drop(columns=["rank"])), ("categories", summary.categories)):
        store.write(f"{FOLDER}/{name}.csv", _harmless(frame).to_csv(index=False).encode())


def _harmless(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.apply(lambda column: column.map(lambda cell: harmless_cell(cell) if isinstance(cell, str) else cell))


def _number(value: float) -> float | None:
    return None if pd.isna(value) else round(float(value), 3)
