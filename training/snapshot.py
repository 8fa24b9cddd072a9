"""A snapshot of a running training: averaged weights, measured, with a card beside them.

    python training/snapshot.py autoencoder CATALOGUE RUN OUT [--photos 256]
    python training/snapshot.py flow CATALOGUE RUN OUT --autoencoder FILE [--photos 256]
    python training/snapshot.py cascade CATALOGUE RUN OUT --flow FILE [--photos 256]

Reads the run's last checkpoint, so it may go on meanwhile. An autoencoder's weights are written in half precision, a
flow's or a cascade's in eight bits (`gigs.io.eight_bits`), and what is measured is what is written. Files stay below
16 MB each; `python training/snapshot.py join OUT/flow-*.safetensors GENERATOR` makes one generator of the parts.
"""

from __future__ import annotations

import gigs  # noqa: F401 - before PyTorch: it says how threads wait

# isort: split
import argparse
import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gigs.data.catalogue import Catalogue
from gigs.generator.base import load_generator
from gigs.generator.convert.autoencoder import load_autoencoder
from gigs.generator.families.autoencoder import AutoencoderSettings, decode, encode, latents_id, save_autoencoder
from gigs.generator.families.cascade import Cascade, CascadeSettings
from gigs.generator.families.latent_flow import LatentFlow, LatentFlowSettings
from gigs.generator.train.reconstruct import even_choice, measure
from gigs.generator.train.refiner import origin_of, parts_of
from gigs.io import storage
from gigs.io.eight_bits import packed, unpacked
from gigs.training.checkpoint import load_checkpoint

LARGEST = 15_000_000  # bytes of a file
DECIDING = ("shortcut_in", "analysis.")  # parts of names: what makes latents of photos


def halved(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Large tensors in half precision; biases, norms and moments are few and stay as they are, and so does what decides
    the latents that a flow learns."""
    return {
        name: tensor.half()
        if tensor.ndim > 1 and tensor.numel() > 64 and not any(part in name for part in DECIDING)
        else tensor
        for name, tensor in tensors.items()
    }


def about_run(state: dict[str, Any], run: Path) -> dict[str, Any]:
    """What a checkpoint says of how it was trained."""
    history = json.loads(state["history"])
    photos = storage.read_json(run / "settings.json")["photos"]
    return {"images_shown": state["shown"], "photos": photos, "seed": history[0]["train"]["seed"], "training": history}


def snapshot_autoencoder(catalogue: Catalogue, run: Path, out: Path, count: int) -> Path:
    """Write `OUT/autoencoder.safetensors` and its card; returns the weights' file."""
    state = load_checkpoint(run)
    settings = AutoencoderSettings(**state["network"])
    path, weights = out / "autoencoder.safetensors", halved(state["nets"]["averaged"]["autoencoder"])
    about = about_run(state, run)
    save_autoencoder(path, weights, settings.config(), about)
    network, _ = load_autoencoder(path)
    rows = even_choice(catalogue.held_out_items(), count)
    figures = measure(
        lambda photos: decode(network, encode(network, photos)), catalogue.images(settings.resolution), rows
    )
    about |= {"precision": "float16"}
    save_autoencoder(path, weights, settings.config(), about | {"held_out": figures})
    write_card(out / "autoencoder.md", "Autoencoder", about, {"autoencoder alone": figures}, catalogue)
    return path


def snapshot_flow(catalogue: Catalogue, run: Path, out: Path, autoencoder: Path, count: int) -> list[Path]:
    """Write `OUT/flow-N.safetensors` and their card; returns the weights' files."""
    state = load_checkpoint(run)
    network, known = state["network"], storage.read_json(run / "latents.json")
    coder, coder_about = load_autoencoder(autoencoder)
    if latents_id(coder) != network["autoencoder"]:
        raise SystemExit(f"{autoencoder}: not an autoencoder whose latents this flow has learned")
    flow = state["nets"]["modules"]["flow"] | state["nets"]["averaged"]["flow"]
    settings = {
        "unet": network["unet"],
        "autoencoder": dict(coder.config),
        "conditions": network["conditions"],
        "directions": len(flow["path.lengths"]),
        "prior": network.get("prior"),
    }
    generator = LatentFlow(LatentFlowSettings(**settings))
    generator.flow.load_state_dict(flow)
    generator.autoencoder.load_state_dict(coder.state_dict())
    for name in ("mean", "deviation"):
        getattr(generator, name).copy_(torch.tensor(known[name])[:, None, None])
    weights = packed(halved(generator.state_dict()), exact=("flow.path.", *DECIDING))
    generator.load_state_dict(unpacked(weights))
    generator.freeze()
    about = about_run(state, run) | {"autoencoder": coder_about, "latents": network["autoencoder"]}
    rows = even_choice(catalogue.held_out_items(), count)
    figures = measure(
        lambda photos: generator(generator.start_from(photos)), catalogue.images(generator.resolution), rows
    )
    about |= {"held_out_through_the_flow": figures, "precision": "int8"}
    settings = {"kind": "generator", "family": generator.family, "network": generator.settings(), "about": about}
    write_card(out / "flow.md", "Flow", about, {"photo to noise and back": figures}, catalogue)
    return split(weights, settings, out / "flow")


def snapshot_cascade(catalogue: Catalogue, run: Path, out: Path, flow: Path, count: int) -> list[Path]:
    """Write `OUT/cascade-N.safetensors` and their card; returns the weights' files."""
    state = load_checkpoint(run)
    generator = Cascade(CascadeSettings(**state["network"]))
    given = load_generator(flow)
    kept = parts_of(given)
    refiner = {f"refiner.{name}": tensor for name, tensor in state["nets"]["averaged"]["refiner"].items()}
    generator.load_state_dict(kept | refiner)
    weights = packed(halved(generator.state_dict()), exact=("path.", *DECIDING))
    generator.load_state_dict(unpacked(weights))
    generator.freeze()
    generator, whole = generator.in_space("coarse"), generator.in_space("z")
    about = about_run(state, run) | {"flow": origin_of(given), "precision": "int8"}
    rows, photos = even_choice(catalogue.held_out_items(), count), catalogue.images(generator.resolution)
    figures = {
        "components and refiner": measure(lambda some: generator.draw(generator.latents_of(some)), photos, rows),
        "photo to noise and back": measure(lambda some: whole(whole.start_from(some)), photos, rows),
        "coarse part alone": measure(lambda some: generator(generator.start_from(some)), photos, rows),
    }
    about |= {"held_out": figures}
    settings = {"kind": "generator", "family": generator.family, "network": generator.settings(), "about": about}
    write_card(out / "cascade.md", "Cascade", about, figures, catalogue)
    return split(weights, settings, out / "cascade")


def split(tensors: dict[str, Tensor], settings: dict[str, Any], stem: Path) -> list[Path]:
    """Write `STEM-1.safetensors`, `STEM-2.safetensors`, ..., none above the size; each has all settings."""
    parts: list[dict[str, Tensor]] = [{}]
    size = 0
    for name, tensor in tensors.items():
        bytes_ = tensor.numel() * tensor.element_size()
        if size and size + bytes_ > LARGEST:
            parts.append({})
            size = 0
        parts[-1][name] = tensor
        size += bytes_
    return [
        storage.save_tensors(stem.with_name(f"{stem.name}-{index}.safetensors"), part, settings)
        for index, part in enumerate(parts, start=1)
    ]


def join(files: list[Path], target: Path) -> Path:
    """One file of what `split` made."""
    tensors: dict[str, Tensor] = {}
    settings: dict[str, Any] = {}
    for file in files:
        part, settings = storage.load_tensors(file)
        tensors |= part
    return storage.save_tensors(target, unpacked(tensors), settings)


def write_card(
    path: Path, title: str, about: dict[str, Any], figures: dict[str, dict[str, Any]], catalogue: Catalogue
) -> None:
    """Markdown beside the weights: how trained, on what, how good, when."""
    train = about["training"][-1]["train"]
    lines = [
        f"# {title} at {train.get('network', {}).get('resolution', 128)} px, a snapshot of a run that goes on", "",
        f"- Date: {datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC",
        f"- Shown: {about['images_shown']:,} images, drawn from {about['photos']:,} photos; seed {about['seed']}",
        f"- Catalogue: {catalogue.info['source']}, {len(catalogue.items):,} items, "
        f"{catalogue.info['held_out_products']:,} products held out; non-commercial and academic use only",
        f"- Weights: average over training, matrices and kernels in {about['precision']}, measured as such", "",
        "| held-out photos | figure | mean | 95% interval | n |", "|---|---|---|---|---|",
        *(
            f"| {what} | {name} | {each['mean']:.4f} | {each['low']:.4f} to {each['high']:.4f} | {each['n']} |"
            for what, found in figures.items()
            for name, each in found.items()
        ),
        "", "Settings of the last piece:", "", "```", json.dumps(train, indent=1, sort_keys=True), "```", "",
    ]  # fmt: skip
    storage.write_text(path, "\n".join(lines))


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="what", required=True)
    for name in ("autoencoder", "flow", "cascade"):
        command = "refiner" if name == "cascade" else name
        each = commands.add_parser(name, help=f"snapshot of a run of `gigs train {command}`")
        for argument in ("catalogue", "run", "out"):
            each.add_argument(argument, type=Path)
        each.add_argument("--photos", type=int, default=256, help="held-out photos to measure on (256)")
        if name == "flow":
            each.add_argument("--autoencoder", type=Path, required=True, help="the file that the flow was trained on")
        if name == "cascade":
            each.add_argument("--flow", type=Path, required=True, help="the file that the refiner was trained on")
    joining = commands.add_parser("join", help="one generator of the parts of a snapshot")
    joining.add_argument("files", type=Path, nargs="+")
    joining.add_argument("target", type=Path)
    given = parser.parse_args()
    if given.what == "join":
        print(join(given.files, given.target))
    elif given.what == "flow":
        catalogue = Catalogue.open(given.catalogue)
        print(*snapshot_flow(catalogue, given.run, given.out, given.autoencoder, given.photos), sep="\n")
    elif given.what == "cascade":
        catalogue = Catalogue.open(given.catalogue)
        print(*snapshot_cascade(catalogue, given.run, given.out, given.flow, given.photos), sep="\n")
    else:
        print(snapshot_autoencoder(Catalogue.open(given.catalogue), given.run, given.out, given.photos))


if __name__ == "__main__":
    main()
