"""The same photos through every family: reconstruction, gain and seconds, as a table for docs/reference/families.md.

Every generator draws at its own resolution and is looked at, compared and scored at one common size, so that figures of
families compare. One recommender and one audience (the pack's) judge all. Rows are kept in OUT/families.jsonl and not
measured twice. A generator is NAME=FILE, NAME=FILE@SPACE, or the pack's own under the name `pack`. One that knows
classes draws, for each photo, the class of whose random pictures one comes nearest to it (LPIPS):

    python -m benchmarks.families --catalogue data/hm --photos 20 pack style=runs/stylegan2-32/generator.safetensors@w
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console

from benchmarks import photos
from benchmarks.run import one
from gigs.audience import Audience
from gigs.data.catalogue import Catalogue
from gigs.errors import InputError
from gigs.generator.base import Generator, load_generator
from gigs.generator.use import Use
from gigs.io import storage
from gigs.method.models import Models
from gigs.method.presets import get_preset
from gigs.packs import Pack, load_pack
from gigs.vision.compute import suited
from gigs.vision.lpips import PerceptualLoss

errors = Console(stderr=True)
TRIED = 32  # random pictures of each class
FIGURES = ("lpips", "mse", "gain", "positive", "diversity")
HEAD = (
    "generator",
    "family, space",
    "drawn at",
    "LPIPS",
    "MSE",
    "gain vs photo",
    "above photo",
    "diversity",
    "seconds",
)


def main() -> None:
    """Parse options, measure what is not measured yet, print the table."""
    options = parse()
    options.out.mkdir(parents=True, exist_ok=True)
    pack = load_pack(options.pack)
    chosen = photos.held_out(Catalogue.open(options.catalogue), options.size, options.photos, 0)
    audience = pack.audience(options.audience)
    rows = [row for spec in options.generators for row in measure(spec, pack, audience, chosen, options)]
    about = {
        "photos": len(chosen), "size": options.size, "pack": pack.name, "audience": options.audience,
        "preset": options.preset, "seed": options.seed, "threads": torch.get_num_threads(),
        "compute": suited().describe(),
    }  # fmt: skip
    storage.write_json(options.out / "families.json", {"about": about, "rows": rows})
    print(table(rows, about))


def parse() -> argparse.Namespace:
    """Options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("generators", nargs="+", help="pack, or NAME=FILE, or NAME=FILE@SPACE")
    parser.add_argument("--catalogue", type=Path, required=True, help="with held-out products that none was trained on")
    parser.add_argument("--photos", type=int, default=20)
    parser.add_argument("--size", type=int, default=64, help="side in pixels at which all are compared")
    parser.add_argument("--pack", default="hm-64", help="whose recommender and audience judge all")
    parser.add_argument("--audience", default="women")
    parser.add_argument("--preset", default="fast")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("bench"))
    return parser.parse_args()


def measure(
    spec: str, pack: Pack, audience: Audience, chosen: list[tuple[str, torch.Tensor]], options: argparse.Namespace
) -> list[dict[str, Any]]:
    """One row a photo for one generator."""
    name, generator, digest, encoder = opened(spec, pack, options.size)
    path = options.out / "families.jsonl"
    known = [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []
    models = Models(generator, pack.recommender, PerceptualLoss("vgg"), encoder)
    compute, rows = suited(), []
    for number, (photo, picture) in enumerate(chosen, start=1):
        key = {
            "generator": name, "sha256": digest, "space": generator.space, "size": options.size, "photo": photo,
            "preset": options.preset, "audience": f"{pack.name} {audience.name}", "seed": options.seed,
        }  # fmt: skip
        row = next((row for row in known if all(row.get(part) == value for part, value in key.items())), None)
        if row is None:
            errors.print(f"{name} {number}/{len(chosen)} {photo}", highlight=False)
            models = replace(models, generator=of_nearest_class(generator, picture, models.perceptual))
            found = one(models, compute, get_preset(options.preset), picture, audience, None, options.seed)
            row = key | {"family": generator_family(generator), "drawn_at": generator.drawn_at} | found
            with path.open("a") as handle:
                handle.write(json.dumps(row) + "\n")
        rows.append(row)
    return rows


def opened(spec: str, pack: Pack, size: int) -> tuple[str, Generator, str, Any]:
    """Name, generator as used, hash of its file, and the encoder that goes with it."""
    if spec == "pack":
        return pack.name, Use(size=size)(pack.generator), pack.info["files"]["generator.safetensors"], pack.encoder
    name, given, rest = spec.partition("=")
    file, _, space = rest.partition("@")
    if not (name and given and file):
        raise InputError(f"generator {spec!r}: write pack, NAME=FILE or NAME=FILE@SPACE")
    return name, Use(size=size, space=space or None)(load_generator(file)), storage.sha256_of(Path(file)), None


@torch.no_grad()
def of_nearest_class(generator: Generator, photo: torch.Tensor, perceptual: PerceptualLoss) -> Generator:
    """The generator itself; of a class-conditional one, its class that has a random picture nearest to the photo."""
    names = getattr(drawn(generator), "class_names", ())
    if not names:
        return generator
    classes = [Use(label=label, size=photo.shape[-1])(drawn(generator)) for label in range(len(names))]
    target, z = perceptual.target(photo), generator.sample(TRIED, torch.Generator().manual_seed(0))
    nearest = [float(perceptual.distance_to(target, each(z).float()).min()) for each in classes]
    return classes[int(np.argmin(nearest))]


def drawn(generator: Generator) -> Generator:
    """The generator itself, or the one that is resized."""
    return getattr(generator, "drawn", generator)


def generator_family(generator: Generator) -> str:
    """Family of a generator, or of the one that is resized."""
    return drawn(generator).family


def table(rows: list[dict[str, Any]], about: dict[str, Any]) -> str:
    """Means over photos, as Markdown; a line above says of what."""
    lines = [
        f"Means over the same {about['photos']} held-out photos, all compared at {about['size']} px, preset "
        f"`{about['preset']}`, seed {about['seed']}, recommender and audience `{about['audience']}` of the pack "
        f"`{about['pack']}`; {about['threads']} thread(s).",
        "",
        "| " + " | ".join(HEAD) + " |",
        "|" + "---|" * len(HEAD),
    ]
    for name in dict.fromkeys(row["generator"] for row in rows):
        own = [row for row in rows if row["generator"] == name]
        mean = {figure: float(np.mean([row[figure] for row in own])) for figure in FIGURES}
        seconds = float(np.median([row["seconds"]["total"] for row in own]))
        cells = (
            name, f"{own[0]['family']}, {own[0]['space']}", f"{own[0]['drawn_at']} px", f"{mean['lpips']:.3f}",
            f"{mean['mse']:.4f}", f"{mean['gain']:+.2f}", f"{mean['positive']:.0%}", f"{mean['diversity']:.3f}",
            f"{seconds:.1f}",
        )  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
