"""What the chaos test kills: small real runs of everything long, each with what must come out of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from gigs.batch import Request
from gigs.batch import run as run_request
from gigs.data.catalogue import Catalogue
from gigs.data.importers.hm import HmSettings, import_hm
from gigs.generator.families.progan import ProGANSettings
from gigs.generator.train.dvbpr_gan import train_dvbpr_gan
from gigs.generator.train.dvbpr_settings import DVBPRTrainSettings
from gigs.generator.train.progressive import train_generator
from gigs.generator.train.schedule import Growth
from gigs.generator.train.settings import TrainSettings
from gigs.inversion.encoder_steps import EncoderSettings
from gigs.inversion.train_encoder import TrainingPictures, train_encoder
from gigs.io import folders, storage
from gigs.method.options import Options
from gigs.recommender import defaults_for, train_recommender
from gigs.training.start import Start
from gigs.vision.compute import Compute
from tests.helpers.small_models import small_generator, write_small_pack
from tests.helpers.tiny import write_tiny_kaggle

GENERATOR = TrainSettings(
    network=ProGANSettings(resolution=16, latent_dim=8, fmap_base=32, fmap_max=8),
    growth=Growth(images_below_top=(16,), top_fade_images=8),
    objective="adversarial", images=48, batch=4, checkpoint_every=12, grid_every=16, snapshot_every=24,
)  # fmt: skip
BASELINE = DVBPRTrainSettings(
    resolution=16, z_dim=8, fmap_base=32, fmap_max=8, fewest_photos=2,
    images=48, batch=4, checkpoint_every=12, grid_every=16, snapshot_every=24,
)  # fmt: skip
ENCODER = EncoderSettings(
    images=48, batch=4, fmap_base=32, fmap_max=8, checkpoint_every=12, lpips_weight=0.0
)  # fmt: skip
PHOTOS = 3
TIMED = {"report.html", "manifest.json"}  # hold how long it took, or hashes of what does


@dataclass(frozen=True)
class Task:
    """A run `(work, out, on_step)` that can be begun again any time, and what to compare of its folder."""

    name: str
    run: Callable[[Path, Path, Callable[..., None]], object]
    content: Callable[[Path], dict[str, Any]]


def prepare(work: Path) -> int:
    """Make what the tasks start from: a shop's files, its catalogue, a pack and photos."""
    torch.set_num_threads(1)
    write_tiny_kaggle(work / "shop", items=24, users=6)
    import_hm(work / "shop", work / "catalogue", HmSettings(image_size=64, hold_out=3))
    write_small_pack(work / "pack", encoder=True)
    for number in range(PHOTOS):
        picture = Image.new("RGB", (64, 96), (245, 244, 240))
        picture.paste((200 - 60 * number, 40, 30 + 70 * number), (14, 10, 50, 86))
        picture.save(work / f"item{number}.png")
    return 0


def _resumable(out: Path) -> bool:
    return any((out / name).is_file() for name in ("checkpoint.pt", "checkpoint.previous.pt"))


def _import(work: Path, out: Path, on_step: Callable[..., None]) -> None:
    import_hm(work / "shop", out, HmSettings(image_size=16, hold_out=3), on_step=on_step)


def _generator(work: Path, out: Path, on_step: Callable[..., None]) -> None:
    torch.set_num_threads(1)
    catalogue = Catalogue.open(work / "catalogue")
    train_generator(catalogue, out, GENERATOR, Compute(), start=Start(resume=_resumable(out)), on_step=on_step)
    folders.check_manifest(out)


def _baseline(work: Path, out: Path, on_step: Callable[..., None]) -> None:
    torch.set_num_threads(1)
    catalogue = Catalogue.open(work / "catalogue")
    train_dvbpr_gan(catalogue, out, BASELINE, Compute(), resume=_resumable(out), on_step=on_step)
    folders.check_manifest(out)


def _encoder(work: Path, out: Path, on_step: Callable[..., None]) -> None:
    torch.set_num_threads(1)
    pictures = TrainingPictures(Catalogue.open(work / "catalogue"), small_generator())
    train_encoder(pictures, out, ENCODER, Compute(), start=Start(resume=_resumable(out)), on_step=on_step)
    folders.check_manifest(out)


def _recommender(work: Path, out: Path, on_step: Callable[..., None]) -> None:
    torch.set_num_threads(1)
    settings = defaults_for("dvbpr", input_size=64, hidden=16, width=0.125, factors=8, epochs=3, batch_size=32)
    train_recommender(Catalogue.open(work / "catalogue"), settings, out, resume=_resumable(out), on_step=on_step)


def _suggest(work: Path, out: Path, on_step: Callable[..., None]) -> None:
    torch.set_num_threads(1)
    photos = tuple(work / f"item{number}.png" for number in range(PHOTOS))
    options = Options.of(preset="preview", n=2, steps=1)
    run_request(Request(options=options, out=out, photos=photos, pack=str(work / "pack"), resume=True), on_step)
    for photo in photos:
        folders.check_manifest(out / photo.stem)


def _bytes(out: Path, *, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Every visible file of a folder, byte for byte."""
    files = {path.relative_to(out).as_posix(): path for path in out.rglob("*") if path.is_file()}
    return {
        name: path.read_bytes() for name, path in files.items() if not path.name.startswith(".") and name not in without
    }


def _weights(out: Path) -> dict[str, Any]:
    """Tensors, log and pictures of a training run, byte for byte; the history in the header tells of resuming."""
    found: dict[str, Any] = {path.name: path.read_bytes() for path in (*out.glob("*.png"), out / "log.csv")}
    for path in out.rglob("*.safetensors"):
        for name, tensor in storage.load_tensors(path)[0].items():
            found[f"{path.name}: {name}"] = tensor.numpy().tobytes()
    return found


def _model(out: Path) -> dict[str, Any]:
    folders.check_manifest(out)
    own = frozenset(("checkpoint.pt", "checkpoint.previous.pt", "manifest.json"))  # tell how often it was resumed
    return _bytes(out, without=own)


def _results(out: Path) -> dict[str, Any]:
    found = {name: content for name, content in _bytes(out).items() if Path(name).name not in TIMED}
    for name in found:
        if name.endswith("result.json"):
            found[name] = {**json.loads(found[name]), "seconds": None}
    return found


TASKS = {
    task.name: task
    for task in (
        Task("import", _import, _bytes),
        Task("generator", _generator, _weights),
        Task("baseline", _baseline, _weights),
        Task("encoder", _encoder, _weights),
        Task("recommender", _recommender, _model),
        Task("suggest", _suggest, _results),
    )
}
