"""How much of a photo's detail its transferred redesigns keep, what the fit leaves undone, and how long it takes.

    python -m benchmarks.transfer --hm data/hm [--photos 52] [--preset fast] [--longest 1500] [--out FILE]

Photos are of products that the pack's models never saw, all types in turn, drawn with a seed. The share of
high-frequency energy is that of L* less its Gaussian blur (sigma 1.5 pixels), inside of the garment and three pixels
away from its edge, after over before; of a drawn redesign it is taken inside of the photo's garment.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import torch
from PIL import Image
from scipy import ndimage
from skimage.color import rgb2lab

from gigs.errors import GigsError
from gigs.io import storage
from gigs.method.options import Options
from gigs.packs import Pack
from gigs.session import Session
from gigs.transfer import Canvas, Change, Keep, apply_change, canvas_of, cut_out, fit_change
from gigs.transfer.sampling import sample
from gigs.vision.images import fit_square, read_photo, to_uint8

T = TypeVar("T")
COMMON = 4  # least number of products of a type that is drawn from


def main() -> None:
    """Parse options, measure, print, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hm", type=Path, required=True, help="the data in Kaggle's layout")
    parser.add_argument("--photos", type=int, default=52)
    parser.add_argument("--preset", default="fast")
    parser.add_argument("--longest", type=int, help="enlarge each photo to this first, to time large ones")
    parser.add_argument("--seed", type=int, default=19)
    parser.add_argument("--pack", default="hm-64")
    parser.add_argument("--out", type=Path, default=Path("bench/transfer.json"))
    options = parser.parse_args()
    session, asked = Session(options.pack), Options.of(preset=options.preset, render="drawn")
    audience = session.audience("everyone")
    panel = session.panel(audience, asked)
    records = []
    for path, kind in held_out(options.hm, session.pack, options.photos, options.seed):
        photo = read_photo(path)
        found, _ = session.run(session.product(photo, asked), audience, asked, panel)
        if options.longest:
            scale = options.longest / max(photo.size)
            photo = photo.resize((round(photo.width * scale), round(photo.height * scale)), Image.Resampling.BICUBIC)
        records.append(
            {"file": path.name, "kind": kind, **measured(photo, found.reconstruction.image, found.shifted.images)}
        )
        print(path.name, kind, records[-1]["seconds"], flush=True)
    summary = summarised(records)
    print(summary)
    storage.write_json(options.out, {"options": str(vars(options)), "summary": summary, "photos": records})


def held_out(folder: Path, pack: Pack, count: int, seed: int) -> list[tuple[Path, str]]:
    """Photos of the pack's held-out products and their types; one of each type in turn, products only once."""
    table = pd.read_csv(folder / "articles.csv", dtype=str)
    table = table[table.product_code.isin(pack.info["held_out_products"])]
    return in_turn(table, folder / "images", "jpg", count, seed)


def in_turn(table: pd.DataFrame, images: Path, ending: str, count: int, seed: int) -> list[tuple[Path, str]]:
    """Photos of some articles and their types; one of each type that is common in turn, products only once."""
    table = table.assign(path=[images / name[:3] / f"{name}.{ending}" for name in table.article_id])
    table = table[[path.is_file() for path in table.path]].drop_duplicates("product_code")
    rng = np.random.default_rng(seed)
    kinds = {kind: list(rng.permutation(group.path.values)) for kind, group in table.groupby("product_type_name")}
    common = [kind for kind, number in table.product_type_name.value_counts().items() if number >= COMMON]
    longest = max(len(kinds[kind]) for kind in common)
    turns = [(kinds[kind][turn], str(kind)) for turn in range(longest) for kind in common if turn < len(kinds[kind])]
    return turns[:count]


def measured(photo: Image.Image, base: torch.Tensor, drawn: torch.Tensor) -> dict[str, Any]:
    """One photo: seconds of each stage, residuals, and shares of energy, shown and drawn."""
    seconds: dict[str, float] = {}

    def timed(stage: str, work: Callable[[], T]) -> T:
        started = time.perf_counter()
        result = work()
        seconds[stage] = round(time.perf_counter() - started, 3)
        return result

    base, drawn = base.cpu(), drawn.cpu()
    pixels = np.asarray(photo)
    _, fit = fit_square(photo, base.shape[-1])
    cutout = timed("cut-out", lambda: cut_out(photo))
    keep = Keep(shape=cutout.person is not None)
    product = cutout.in_square(fit, base.shape[-1])
    change = timed("fit", lambda: fit_change(base, drawn, product=product, keep=keep))
    canvas = timed("canvas", lambda: canvas_of(pixels, cutout, fit))
    shown = timed("apply", lambda: [apply_change(canvas, change.one(number)) for number in range(len(change))])
    before = energy(pixels, cutout.alpha)
    return {
        "confidence": cutout.confidence,
        "person": cutout.person is not None,
        "seconds": seconds,
        "residual": change.residual.tolist(),
        "shown": [
            share(energy(each, alpha_of(canvas, change.one(number))), before) for number, each in enumerate(shown)
        ],
        "drawn": [share(energy(each, cutout.alpha), before) for each in enlarged(drawn, pixels.shape[:2])],
    }


def energy(pixels: np.ndarray, alpha: np.ndarray) -> float | None:
    """Mean square of L*'s fine detail inside of a garment; None where hardly any pixel is inside."""
    size = (pixels.shape[1], pixels.shape[0])
    inside = np.asarray(Image.fromarray(alpha).resize(size, Image.Resampling.BILINEAR)) > 0.95
    inside = ndimage.binary_erosion(inside, iterations=3)
    lightness = rgb2lab(pixels)[..., 0]
    detail = lightness - ndimage.gaussian_filter(lightness, 1.5)
    return float((detail[inside] ** 2).mean()) if inside.sum() > 50 else None


def share(after: float | None, before: float | None) -> float | None:
    """One energy over the other, where both are known."""
    return after / before if after is not None and before else None


def alpha_of(canvas: Canvas, change: Change) -> np.ndarray:
    """The garment's alpha in the result, `[H,W]`."""
    height, width = canvas.photo.shape[:2]
    fit = canvas.fit
    origin, size = torch.tensor([fit.left, fit.top]), torch.tensor([fit.right - fit.left, fit.bottom - fit.top])
    x, y = (torch.arange(width) + 0.5) / width, (torch.arange(height) + 0.5) / height
    places = (change.warp.at(origin[0] + x * size[0], origin[1] + y * size[1])[0] - origin) / size
    return sample(canvas.layers.alpha, places)[0].numpy()


def enlarged(drawn: torch.Tensor, shape: tuple[int, ...]) -> list[np.ndarray]:
    """What the generator drew at the photo's size, padding cut away, uint8 `[H,W,3]` each."""
    side, (height, width) = max(shape), shape[:2]
    left, top = (side - width) // 2, (side - height) // 2
    wide = [Image.fromarray(each).resize((side, side), Image.Resampling.BICUBIC) for each in to_uint8(drawn)]
    return [np.asarray(each)[top : top + height, left : left + width] for each in wide]


def summarised(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Over photos, each by its median redesign; residuals over redesigns."""
    found: dict[str, Any] = {"photos": len(records)}
    for what in ("shown", "drawn"):
        known = [[value for value in record[what] if value is not None] for record in records]
        medians = [float(np.median(values)) for values in known if values]
        found[what] = [round(float(value), 3) for value in np.quantile(medians, [0.25, 0.5, 0.75])]
        found[f"{what} at least .8"] = round(float((np.array(medians) >= 0.8).mean()), 3)
    residuals = np.concatenate([record["residual"] for record in records])
    found["residual"] = [round(float(value), 3) for value in np.quantile(residuals, [0.1, 0.25, 0.5, 0.75, 0.9])]
    for stage in ("cut-out", "fit", "canvas", "apply"):
        found[f"seconds, {stage}"] = round(float(np.median([record["seconds"][stage] for record in records])), 2)
    return found


if __name__ == "__main__":
    try:
        main()
    except GigsError as error:
        raise SystemExit(f"error: {error}") from error
