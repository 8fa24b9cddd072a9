"""What an experiment works with, loaded once: models, users, protocol, folders."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gigs.data.catalogue import Catalogue
from gigs.experiments.baseline import Baseline
from gigs.experiments.buyers import Crowd, find_buyers
from gigs.experiments.protocol import Protocol
from gigs.experiments.settings import ExperimentSettings
from gigs.generator.use import Use
from gigs.inversion.gate import Gate
from gigs.io import storage
from gigs.io.fingerprint import fingerprint
from gigs.method.models import Models
from gigs.method.presets import Preset
from gigs.packs import Pack
from gigs.progress import OnStep, silent
from gigs.session import OwnModels, Session
from gigs.vision.compute import Compute
from gigs.vision.images import to_tensor


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Which models and buyers; users that a recommender lacks are folded in from the catalogue.

    Attributes:
        catalogue: Photos and purchases.
        pack: Whose judges are asked, and whose networks are used where no own ones are given.
        models: Files that take the place of the pack's networks.
        baseline: Folder with Kang et al.'s GAN.
        device: As for `gigs suggest`.
    """

    catalogue: Path
    pack: str = "hm-64"
    models: OwnModels = field(default_factory=OwnModels)
    baseline: Path | None = None
    device: str = "cpu"


@dataclass(frozen=True)
class Bench:
    """Everything that a table is measured with.

    Attributes:
        settings: Items, seed, rows of the tables.
        protocol: How it is measured.
        preset: Of the redesigns, with the protocol's numbers in it.
        pack: Whose judges are asked.
        catalogue: Photos and purchases.
        models: On their device.
        buyers: The target's users, under every scorer.
        gate: Of the pack, where its own models draw and see; otherwise None.
        baseline: Kang et al.'s GAN, where one was given.
        compute: Precision and layout.
        work: Folder of results and reconstructions.
        about: What the results follow from, JSON-able.
        kept: What the last tasks computed and the next may need.
    """

    settings: ExperimentSettings
    protocol: Protocol
    preset: Preset
    pack: Pack
    catalogue: Catalogue
    models: Models
    buyers: Crowd
    gate: Gate | None
    baseline: Baseline | None
    compute: Compute
    work: Path
    about: dict[str, Any]
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def side(self) -> int:
        """Side of the pictures, in pixels."""
        return self.models.generator.resolution

    def photo(self, row: int) -> Tensor:
        """Photo of a catalogue's item, `[1,3,R,R]`, on the device."""
        return to_tensor(self.catalogue.images(self.side)[row]).to(self.compute.device)

    def rng(self, item: int) -> torch.Generator:
        """The same draws for an item's every cell and method, so that they differ by nothing else."""
        return torch.Generator().manual_seed(self.settings.seed * 1_000_003 + item)


def load_bench(
    parts: Parts,
    protocol: Protocol,
    preset: Preset,
    settings: ExperimentSettings,
    work: Path,
    *,
    on_step: OnStep = silent,
) -> Bench:
    """Load the parts and find the users.

    Raises:
        InputError: The generator draws larger pictures than the catalogue holds, or the score is not linear.
        DataError: The catalogue does not know the recommender's users, or nobody bought anything.
    """
    session = Session(parts.pack, device=parts.device, models=parts.models)
    pack, catalogue, side = session.pack, Catalogue.open(parts.catalogue), session.generator.resolution
    preset = protocol.applied(preset)
    compute = session.compute(preset)
    buyers = find_buyers(session.recommender, pack, catalogue, side=side, on_step=on_step)
    if buyers.panel is not None:
        buyers.panel.to(session.device)
    own_drawing = parts.models.draw_as_packed and parts.models.encoder is None
    if not own_drawing and buyers.panel is not None and "supported" in settings.methods:
        settings = replace(settings, methods=tuple(m for m in settings.methods if m != "supported") or ("gradient",))
    about = {
        "protocol": protocol.name,
        "preset": _described(preset),
        "settings": settings.record(),
        "compute": compute.describe(),
        "models": _hashes(parts, pack, buyers),
        "catalogue": {key: catalogue.info.get(key) for key in ("source", "items", "users", "interactions", "seed")},
    }
    return Bench(
        settings=settings,
        protocol=protocol,
        preset=preset,
        pack=pack,
        catalogue=catalogue,
        models=session.models(compute),
        buyers=buyers,
        gate=pack.gate if own_drawing and protocol.gate and buyers.eyes[0].name != "target" else None,
        baseline=None if parts.baseline is None else Baseline.load(parts.baseline, session.device),
        compute=compute,
        work=work,
        about=about,
    )


def _described(preset: Preset) -> dict[str, Any]:
    inversion, shifting = preset.inversion, preset.shifting
    return {
        "name": preset.name,
        "inversion": vars(inversion) | {},
        "shifting": vars(shifting) | {},
        "tuning": None if preset.tuning is None else vars(preset.tuning) | {},
        "support": None if preset.support is None else vars(preset.support) | {},
    }


def _hashes(parts: Parts, pack: Pack, buyers: Crowd) -> dict[str, Any]:
    """Every model by file name and hash; of a pack only what draws and looks, not its words."""
    kept = ("generator", "encoder", "recommender", "target-", "judge-", "category")
    files = {name: digest for name, digest in pack.info["files"].items() if name.startswith(kept)}
    found: dict[str, Any] = {"pack": {"name": pack.name, "files": files, "gate": pack.info.get("gate")}}
    if buyers.panel is not None:
        found["real_items"] = fingerprint({"ids": buyers.panel.gallery.ids}, [buyers.panel.gallery.codes])
    for kind in ("generator", "encoder", "recommender"):
        path = getattr(parts.models, kind)
        if path is not None:
            found[kind] = {"file": Path(path).name, "sha256": storage.sha256_of(Path(path))}
    if parts.baseline is not None:
        names = ("generator.safetensors", "critic.safetensors")
        found["baseline"] = {name: storage.sha256_of(Path(parts.baseline) / name) for name in names}
    if parts.models.use != Use():
        found["use"] = parts.models.use.described()
    return found


def drawing(models: dict[str, Any]) -> dict[str, Any]:
    """Of what `Bench.about` says of the models, that which a reconstruction follows from."""
    files = models["pack"]["files"]
    own = {name: files.get(f"{name}.safetensors") for name in ("generator", "encoder", "recommender")}
    return {"pack": own, "gate": models["pack"]["gate"]} | {
        name: models.get(name) for name in ("generator", "encoder", "use")
    }
