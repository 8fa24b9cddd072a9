"""Build a pack from trained models and a catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gigs import storage
from gigs.audience import select_audience
from gigs.data.catalogue import Catalogue
from gigs.errors import InputError
from gigs.generator.base import load_generator
from gigs.images import save_png
from gigs.packs.load import SCHEMA, Pack, load_pack
from gigs.progress import OnStep, silent
from gigs.recommender import load_recommender
from gigs.recommender.features import catalogue_phi

MINIMUM_USERS = 50  # a smaller mean says too much about its members
QUANTILES = 101


def build_pack(
    out: str | Path,
    name: str,
    *,
    catalogue: Catalogue,
    generator: str | Path,
    recommender: str | Path,
    encoder: str | Path | None = None,
    audiences: Mapping[str, tuple[str, str]],
    examples: Mapping[str, int] | None = None,
    card: Mapping[str, Any] | None = None,
    on_step: OnStep = silent,
) -> Pack:
    """Put trained models and audience vectors into one folder.

    Args:
        out: Folder to write; `pack.json` comes last.
        name: The pack's name.
        catalogue: Where the audiences' conditions and the score statistics come from.
        generator: File from `gigs train generator`; stored in half precision.
        recommender: File from `gigs train recommender`, with its users; stored without them.
        encoder: Optional file from hybrid training.
        audiences: By name: (label in words, what `--audience` would be given). At least 50 users each.
        examples: By name, the seed of a picture that the generator draws.
        card: Provenance, licence and whatever else users should know.
        on_step: Progress of scoring the catalogue.

    Raises:
        InputError: An audience is smaller than 50 users.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "pack.json").unlink(missing_ok=True)
    drawing = load_generator(generator)
    files = [_half(Path(generator), out / "generator.safetensors")]
    if encoder is not None:
        files.append(_half(Path(encoder), out / "encoder.safetensors"))
    target = load_recommender(recommender)
    described, thetas = {}, {}
    phi = catalogue_phi(target, catalogue, image_size=drawing.resolution, on_step=on_step).astype(np.float64)
    phi = phi[catalogue.items["has_image"].to_numpy()]
    for key, (label, spec) in audiences.items():
        audience = select_audience(spec, target, catalogue, name=key)
        if audience.users < MINIMUM_USERS:
            raise InputError(f"audience {key!r} has {audience.users} users; a pack needs {MINIMUM_USERS} or more")
        scores = phi @ audience.theta.double().numpy()
        quantiles = np.quantile(scores, np.linspace(0, 1, QUANTILES)).round(5).tolist()
        described[key] = {"label": label, "condition": spec, "users": audience.users, "quantiles": quantiles}
        thetas[key] = audience.theta
    files.append(storage.save_tensors(out / "audiences.safetensors", thetas, {"kind": "audiences"}))
    files.append(target.save(out / "recommender.safetensors", with_users=False))
    for example, seed in (examples or {}).items():
        note = f"drawn by {name}, seed {seed}"
        files.append(save_png(draw_example(drawing, seed), out / "examples" / f"{example}.png", note=note))
    _write_card(out, name, files, described, dict(card or {}), drawing.resolution, catalogue)
    return load_pack(out)


@torch.no_grad()
def draw_example(generator: Any, seed: int) -> Tensor:
    """One picture of the generator's own, `[3,R,R]`."""
    return generator(generator.sample(1, torch.Generator().manual_seed(seed)))[0]


def _half(source: Path, target: Path) -> Path:
    """Copy weights in half precision, 5e-4 relative: invisible in the pictures, half the download."""
    tensors, settings = storage.load_tensors(source)
    return storage.save_tensors(target, {key: tensor.half() for key, tensor in tensors.items()}, settings)


def _write_card(
    out: Path,
    name: str,
    files: list[Path],
    audiences: dict[str, Any],
    card: dict[str, Any],
    resolution: int,
    catalogue: Catalogue,
) -> None:
    """Write `pack.json`; only what was written here is listed, whatever else lies in the folder."""
    held_out = sorted(set(catalogue.items.loc[catalogue.items["held_out"], "product_code"]))
    storage.write_json(
        out / "pack.json",
        {
            "schema": SCHEMA,
            "name": name,
            "files": {path.relative_to(out).as_posix(): storage.sha256_of(path) for path in files},
            "preprocessing": {
                "resolution": resolution,
                "range": [0, 1],
                "fit": "padded to the square, never stretched",
            },
            "audiences": audiences,
            "card": card,
            "held_out_products": held_out,
        },
    )
