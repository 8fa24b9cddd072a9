"""`make bench BENCH="--shown --hm data/hm"`: redesigns as they are shown on the photo, beside what the generator drew.

    python -m benchmarks.shown --hm data/hm [--more data/hm_more] [--photos 100] [--arms fast fast-drawn preview]

Photos are of products that no model of the pack saw, all types in turn: held-out ones, or, with `--more`, products that
are not in the first folder at all. Every arm redesigns the same photos for the
same audience with the same seed. Each finished run is kept in OUT/runs.jsonl, with its pictures at 128 pixels beside
it, and not repeated. Two figures compare all of an arm's pictures with as many other held-out photos, on frozen
features at 128 pixels: the kernel distance (KID), and the area under the ROC curve of a classifier that tells them
apart; .5 is what it reaches where it cannot.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from rich.console import Console

from benchmarks import memory
from benchmarks.shown_tables import markdown
from benchmarks.transfer import alpha_of, energy, enlarged, in_turn, share
from gigs.errors import GigsError
from gigs.io import storage
from gigs.method.options import Options
from gigs.method.pipeline import Redesigns
from gigs.method.presets import DRAWN, Preset, get_preset
from gigs.method.product import Product
from gigs.packs import Pack
from gigs.packs.panel import types_of
from gigs.session import Session
from gigs.transfer import cut_out
from gigs.vision.images import fit_square, read_photo

SIDE = 128
errors = Console(stderr=True)


def main() -> None:
    """Parse options, run, print the table, write JSON and Markdown."""
    options = parse()
    session = Session(options.pack)
    drawn = photos(options, session.pack, options.photos + options.real)
    taken, real = drawn[: options.photos], drawn[options.photos :]
    (options.out / "pictures").mkdir(parents=True, exist_ok=True)
    rows = measure(session, taken, options)
    text = markdown(rows, options.out / "pictures", np.stack([square(read_photo(path)) for path, _ in real]))
    storage.write_text(options.out / "shown.md", text)
    print(text)


def parse(given: list[str] | None = None) -> argparse.Namespace:
    """Options of the bench."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hm", type=Path, required=True, help="the data in Kaggle's layout")
    parser.add_argument("--photos", type=int, default=100)
    parser.add_argument("--more", type=Path, help="further articles and photos: take products that are only there")
    parser.add_argument("--real", type=int, default=400, help="other held-out photos to compare with")
    parser.add_argument("--arms", nargs="+", default=["fast", "fast-drawn", "preview"], help="PRESET[:STEPS][-drawn]")
    parser.add_argument(
        "--sheets", action="store_true", help="keep OUT/sheets: each photo beside its redesigns, to look at"
    )
    parser.add_argument("--audience", default="everyone")
    parser.add_argument("--pack", default="hm-64")
    parser.add_argument("--seed", type=int, default=41)
    parser.add_argument("--out", type=Path, default=Path("bench/shown"))
    return parser.parse_args(given)


def arm(name: str) -> Preset:
    """A preset by an arm's name: `fast`, `fast-drawn`, or `fast:20` with 20 steps of inversion."""
    plain, _, drawn = name.partition("-drawn") if name.endswith("-drawn") else (name, "", None)
    named, _, steps = plain.partition(":")
    preset = get_preset(named)
    if steps:
        preset = replace(preset, inversion=replace(preset.inversion, steps=int(steps)), photo_steps=None)
    return preset if drawn is None else replace(preset, render=DRAWN)


def photos(options: argparse.Namespace, pack: Pack, count: int) -> list[tuple[Path, str]]:
    """Photos and their types, of those that the pack can tell.

    They are held-out ones, or of another folder those of products that the first does not have.
    """
    known = pd.read_csv(options.hm / "articles.csv", dtype=str)
    if options.more is None:
        table, folder, ending = known[known.product_code.isin(pack.info["held_out_products"])], options.hm, "jpg"
    else:
        table, folder, ending = pd.read_csv(options.more / "articles.csv", dtype=str), options.more, "webp"
        new = ~table.product_code.isin(known.product_code)
        table = table[new & table.index_group_name.isin(known.index_group_name)]
    table = table[table.product_type_name.isin(types_of(pack))]
    return in_turn(table, folder / "images", ending, count, options.seed)


def measure(session: Session, taken: list[tuple[Path, str]], options: argparse.Namespace) -> list[dict[str, Any]]:
    """One row a photo and arm."""
    path, rows = options.out / "runs.jsonl", []
    known = [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []
    for number, (photo, kind) in enumerate(taken, start=1):
        for name in options.arms:
            key = {"photo": photo.name, "kind": kind, "arm": name, "audience": options.audience, "seed": options.seed}
            row = next((one for one in known if all(one.get(part) == value for part, value in key.items())), None)
            if row is None:
                errors.print(f"{number}/{len(taken)} {photo.name}: {name}", highlight=False)
                row = key | one(session, photo, Options.of(preset=arm(name), seed=0, force=True), options)
                with path.open("a") as handle:
                    handle.write(json.dumps(row) + "\n")
            rows.append(row)
    return rows


def one(session: Session, photo: Path, asked: Options, options: argparse.Namespace) -> dict[str, Any]:
    """Redesign one photo and measure what came out; its pictures are kept at `SIDE` pixels."""
    memory.reset_peak()
    audience = session.audience(options.audience)
    panel, began, spent = session.panel(audience, asked), time.perf_counter(), time.process_time()
    try:
        product = session.product(photo, asked)
        found, _ = session.run(product, audience, asked, panel)
    except GigsError as error:
        return {"failed": str(error)}
    pictures = finished(found, product)
    seconds = {"wall": time.perf_counter() - began, "processor": time.process_time() - spent}
    name = f"{photo.stem}-{asked.preset.render}-{asked.preset.name}-{asked.preset.inversion.steps}.npy"
    if options.sheets:
        sheet(options.out / "sheets" / name.replace(".npy", ".png"), [np.asarray(read_photo(photo)), *pictures])
    np.save(options.out / "pictures" / name, np.stack([square(Image.fromarray(each)) for each in pictures]))
    return {
        "pictures": name,
        "seconds": {key: round(value, 3) for key, value in seconds.items()} | found.seconds,
        "peak_mb": memory.peak_mb(),
        "steps": found.reconstruction.pivot.steps if found.reconstruction.pivot else 0,
        "energy": detail(found, pictures, read_photo(photo)),
        "residual": [found.rendering.residual(row) for row in range(len(pictures))],
        "diversity": session.perceptual.pairwise(found.rendering.images).mean().item() if len(pictures) > 1 else None,
        **judged(found),
    }


def sheet(path: Path, pictures: list[np.ndarray]) -> None:
    """Pictures in a row, at their own size."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate(pictures, axis=1)).save(path)


def finished(found: Redesigns, product: Product) -> list[np.ndarray]:
    """The redesigns at the photo's own size, as a user gets them, uint8 `[H,W,3]` each."""
    if found.rendering.on_photo:
        return [found.rendering.picture(row) for row in range(len(found.rendering.images))]
    assert product.fit is not None
    return enlarged(found.shifted.images.cpu(), (product.fit.height, product.fit.width))


def detail(found: Redesigns, pictures: list[np.ndarray], photo: Image.Image) -> list[float | None]:
    """Shares of the photo's high-frequency energy inside of the product, or where it was, for what was drawn."""
    alpha, canvas, changes = cut_out(photo).alpha, found.rendering.canvas, found.rendering.changes
    before = energy(np.asarray(photo), alpha)
    if canvas is None or changes is None:
        return [share(energy(picture, alpha), before) for picture in pictures]
    pairs = zip(pictures, changes, strict=True)
    return [share(energy(picture, alpha_of(canvas, change)), before) for picture, change in pairs]


def judged(found: Redesigns) -> dict[str, Any]:
    """What the panel says: gains by judge, and how many redesigns kept their category."""
    said = found.verification
    if said is None:
        return {"gains": None, "kept": None, "share": None}
    return {
        "gains": {one.name: [z - one.photo_z for z in one.suggestions_z] for one in said.summary.judges},
        "target": [z - said.summary.target.photo_z for z in said.summary.target.suggestions_z],
        "kept": [check.category.kept for check in said.checks],
        "share": [None if one is None else one.of_100 for one in said.shares],
    }


def square(photo: Image.Image) -> np.ndarray:
    """A picture as the features see it, uint8 `[SIDE,SIDE,3]`."""
    return fit_square(photo, SIDE)[0]


if __name__ == "__main__":
    try:
        main()
    except GigsError as error:
        raise SystemExit(f"error: {error}") from error
