"""Build a pack from trained models and a catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gigs.audience import MINIMUM_USERS, select_audience
from gigs.audience.differences import require_no_small_difference
from gigs.audience.select import audience_rows
from gigs.data.catalogue import Catalogue
from gigs.errors import InputError
from gigs.generator.base import load_generator
from gigs.inversion.encoder import check_pair, load_encoder
from gigs.io import storage, written
from gigs.io.eight_bits import in_eight_bits
from gigs.packs.load import SCHEMA, Pack, load_pack
from gigs.progress import OnStep, silent
from gigs.recommender import Recommender, load_recommender
from gigs.recommender.features import catalogue_phi
from gigs.vision.images import save_png

QUANTILES = 101
MODELS = ("generator.safetensors", "encoder.safetensors", "recommender.safetensors", "audiences.safetensors")
# Files that `packs.build.scorers`, and `packs.build.probes` after it, write beside others.
CHECKERS = ("judge-", "target-", "tastes.", "gallery.", "category.", "probes.")


@dataclass(frozen=True, kw_only=True)
class ModelFiles:
    """Files of the trained models that a pack is built of.

    Attributes:
        generator: From `gigs train generator`; stored in half precision.
        recommender: From `gigs train recommender`, with its users; stored without them.
        encoder: From hybrid training or `gigs train encoder`, if there is one.
    """

    generator: Path
    recommender: Path
    encoder: Path | None = None


@dataclass(frozen=True, kw_only=True)
class PackDescription:
    """A pack's name, audiences, examples and card.

    Attributes:
        name: The pack's name.
        audiences: By name: a label in words, and the definition of the audience. At least 50 users each.
        examples: By name, the seed of a picture that the generator draws.
        card: Provenance, licence and whatever else users should know.
    """

    name: str
    audiences: Mapping[str, tuple[str, str]]
    examples: Mapping[str, int] = field(default_factory=dict)
    card: Mapping[str, Any] = field(default_factory=dict)


def build_pack(
    out: str | Path,
    description: PackDescription,
    models: ModelFiles,
    catalogue: Catalogue,
    *,
    on_step: OnStep = silent,
) -> Pack:
    """Put trained models and audience vectors into one folder.

    Args:
        out: Folder to write; `pack.json` comes last.
        description: Name, audiences, examples and card.
        models: The trained models.
        catalogue: Where the audiences' conditions and the score statistics come from.
        on_step: Progress of scoring the catalogue.

    Raises:
        InputError: An audience is smaller than 50 users, or so is what audiences leave of one another; or the folder
            holds files that are not ours, or that are read.
    """
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    _spare(out, models)
    (out / "pack.json").unlink(missing_ok=True)
    drawing = load_generator(models.generator)
    files = [_half(models.generator, out / "generator.safetensors")]
    if models.encoder is not None:
        files.append(_half(models.encoder, out / "encoder.safetensors"))
    target = load_recommender(models.recommender)
    target.require_linear("a pack's audience")
    phi = catalogue_phi(target, catalogue, image_size=drawing.resolution, on_step=on_step).astype(np.float64)
    thetas, audiences = _audiences(target, phi, catalogue, description.audiences)
    files.append(storage.save_tensors(out / "audiences.safetensors", thetas, {"kind": "audiences"}))
    files.append(target.save(out / "recommender.safetensors", with_users=False))
    for example, seed in description.examples.items():
        note = f"drawn by {description.name}, seed {seed}"
        files.append(save_png(draw_example(drawing, seed), out / "examples" / f"{example}.png", note=note))
    _write_description(out, description, files, audiences, drawing.resolution, catalogue)
    written.finished(out)
    return load_pack(out)


def _spare(out: Path, models: ModelFiles) -> None:
    """Refuse a folder with somebody else's files, or with the very models that are read."""
    for path in filter(None, (models.generator, models.encoder, models.recommender)):
        if path.resolve() in {(out / name).resolve() for name in MODELS}:
            raise InputError(f"{path}: would be replaced by the pack's copy; choose another folder for the pack")
    info = storage.read_json(out / "pack.json") if (out / "pack.json").is_file() else None
    ours = isinstance(info, dict) and {"schema", "files", "audiences"} <= set(info)
    written.begin(out, (*MODELS, "pack.json", "examples/*.png"), ours=("pack.json",) if ours else ())


def _audiences(
    target: Recommender, phi: np.ndarray, catalogue: Catalogue, wanted: Mapping[str, tuple[str, str]]
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """By audience its taste vector, and its entry for `pack.json`."""
    phi = phi[catalogue.items["has_image"].to_numpy()]
    thetas, described, groups = {}, {}, {}
    for key, (label, spec) in wanted.items():
        audience = select_audience(spec, target, catalogue, name=key)
        if audience.users < MINIMUM_USERS:
            raise InputError(f"audience {key!r} has {audience.users} users; a pack needs {MINIMUM_USERS} or more")
        groups[key] = np.isin(np.arange(len(target.user_ids)), audience_rows(spec, target, catalogue))
        scores = phi @ audience.theta.double().numpy()
        quantiles = np.quantile(scores, np.linspace(0, 1, QUANTILES)).round(5).tolist()
        described[key] = {"label": label, "condition": spec, "users": audience.users, "quantiles": quantiles}
        thetas[key] = audience.theta
    require_no_small_difference(groups)
    return thetas, described


def update_pack(
    root: str | Path,
    *,
    generator: str | Path,
    encoder: str | Path | None,
    examples: Mapping[str, int],
    card: Mapping[str, Any],
) -> Pack:
    """Put a newer generator and encoder into a pack; recommender, audiences and their statistics stay.

    The pack's gate was calibrated with the older ones and goes: calibrate the pack again. So do its judges, gallery and
    classifier (`packs.build.scorers`): they know the older generator's pictures, the gallery the older encoder's codes.

    Args:
        root: Folder of the pack.
        generator: Of the resolution the pack has, as its scores are of pictures of that size.
        encoder: For this generator; None for one that needs none (`Generator.inverts`).
        examples: In place of the old ones, by name the seed of a picture that the generator draws.
        card: Laid over the old card's entries.

    Raises:
        InputError: A generator of another resolution, or without the encoder that it needs.
    """
    pack = load_pack(root)
    drawing = load_generator(generator)
    if encoder is not None:
        check_pair(load_encoder(encoder), drawing)
    elif not drawing.inverts:
        raise InputError(f"{generator}: a generator of family {drawing.family} needs an encoder; set `encoder`")
    resolution = (pack.info.get("preprocessing") or {}).get("resolution")
    if drawing.resolution != resolution:
        raise InputError(
            f"{generator}: draws at {drawing.resolution} px, but the pack's scores are for {resolution} px; "
            "build a new pack"
        )
    info = {key: value for key, value in pack.info.items() if key not in ("gate", "verify", "probes", "share")}
    stale = [name for name in info["files"] if name.startswith(("examples/", "encoder.", *CHECKERS))]
    for name in stale:
        (pack.root / name).unlink()
    new = [_half(Path(generator), pack.root / "generator.safetensors")]
    if encoder is not None:
        new.append(_half(Path(encoder), pack.root / "encoder.safetensors"))
    for name, seed in examples.items():
        note = f"drawn by {pack.name}, seed {seed}"
        new.append(save_png(draw_example(drawing, seed), pack.root / "examples" / f"{name}.png", note=note))
    kept = {name: digest for name, digest in info["files"].items() if name not in stale}
    hashes = {path.relative_to(pack.root).as_posix(): storage.sha256_of(path) for path in new}
    storage.write_json(pack.root / "pack.json", info | {"files": kept | hashes, "card": info["card"] | dict(card)})
    return load_pack(pack.root)


@torch.no_grad()
def draw_example(generator: Any, seed: int) -> Tensor:
    """One picture of the generator's own, `[3,R,R]`."""
    return generator(generator.sample(1, torch.Generator().manual_seed(seed)))[0]


def _half(source: Path, target: Path) -> Path:
    """Copy weights in half precision, 5e-4 relative: invisible in the pictures, half the download.

    Weights that are in eight bits already stay as they are.
    """
    tensors, settings = storage.load_tensors(source)
    if not in_eight_bits(tensors):
        tensors = {key: tensor.half() for key, tensor in tensors.items()}
    return storage.save_tensors(target, tensors, settings)


def _write_description(
    out: Path,
    description: PackDescription,
    files: list[Path],
    audiences: dict[str, Any],
    resolution: int,
    catalogue: Catalogue,
) -> None:
    """Write `pack.json`; only what was written here is listed, whatever else lies in the folder."""
    held_out = sorted(set(catalogue.items.loc[catalogue.items["held_out"], "product_code"]))
    storage.write_json(
        out / "pack.json",
        {
            "schema": SCHEMA,
            "name": description.name,
            "files": {path.relative_to(out).as_posix(): storage.sha256_of(path) for path in files},
            "preprocessing": {
                "resolution": resolution,
                "range": [0, 1],
                "fit": "padded to the square, never stretched",
            },
            "audiences": audiences,
            "card": dict(description.card),
            "held_out_products": held_out,
        },
    )
