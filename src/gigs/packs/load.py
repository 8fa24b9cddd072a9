"""Loads packs: bundled ones, folders, or Hugging Face Hub repositories. Every file is checked against its hash.

```
pack.json                 schema, name, files with their sha256, audiences, preprocessing, card, scores
generator.safetensors     any registered family
recommender.safetensors   the target, without users
encoder.safetensors       optional: photo to z; the presets fast, faithful and preview start from it
audiences.safetensors     one mean taste vector an audience
examples/*.png            product pictures to try the pack with, drawn by its own generator
```
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import Tensor

from gigs.audience import Audience
from gigs.audience.taste import Taste
from gigs.errors import InputError, ModelError
from gigs.generator.base import Generator, load_generator
from gigs.inversion.encoder import Encoder, load_encoder
from gigs.inversion.gate import Gate
from gigs.inversion.own_encoder import OwnEncoder, own_encoder
from gigs.io import storage
from gigs.io.hub import HubPack
from gigs.packs.audiences.tastes import TASTES, load_tastes
from gigs.packs.names import DEFAULT
from gigs.packs.schema import SCHEMA as SCHEMA
from gigs.packs.schema import read_description
from gigs.recommender import Recommender, load_recommender

BUNDLED = Path(__file__).parent / "bundled"
TARGET = "recommender.safetensors"  # the first target's file, in the place of every pack's recommender


@dataclass(frozen=True)
class Pack(HubPack):
    """A verified pack. Its networks are loaded when they are first needed."""

    root: Path
    info: dict[str, Any]

    @property
    def name(self) -> str:
        """The name in `pack.json`."""
        return str(self.info["name"])

    def path(self, name: str) -> Path:
        """The path of one of the pack's files. Other files in its folder are not checked, so they are refused.

        Raises:
            ModelError: `pack.json` does not list it.
        """
        if not isinstance(name, str) or name not in self.info["files"]:
            raise ModelError(f"{self.root / 'pack.json'}: lists no file {name!r}; build the pack again")
        return self.root / name

    @cached_property
    def generator(self) -> Generator:
        """The generator, frozen."""
        return load_generator(self.path("generator.safetensors"))

    @cached_property
    def encoder(self) -> Encoder | OwnEncoder | None:
        """The encoder for the generator, frozen, or the generator's own answer; None if the pack has neither."""
        name = "encoder.safetensors"
        return load_encoder(self.path(name)) if name in self.info["files"] else own_encoder(self.generator)

    @cached_property
    def gate(self) -> Gate | None:
        """The gate; None if the pack was not calibrated.

        Raises:
            ModelError: It is malformed, or was calibrated with another recommender.
        """
        gate = Gate.from_pack(self.info.get("gate"))
        if gate is not None and len(gate.mean) != self.recommender.feature_count:
            raise ModelError(
                f"{self.root / 'pack.json'}: the gate's mean has {len(gate.mean)} numbers, the recommender works with "
                f"{self.recommender.feature_count}; calibrate the pack again"
            )
        return gate

    @cached_property
    def recommender(self) -> Recommender:
        """The target recommender, frozen; it holds no users."""
        return load_recommender(self.path(TARGET))

    @cached_property
    def parts(self) -> dict[str, Any]:
        """Judges, gallery and classifier by file name, shared by the panels for several audiences."""
        return {}

    @cached_property
    def _thetas(self) -> dict[str, Tensor]:
        return storage.load_tensors(self.path("audiences.safetensors"))[0]

    @property
    def audiences(self) -> dict[str, dict[str, Any]]:
        """By name: `label` in words, `condition`, number of `users`, and the catalogue's score `quantiles`."""
        return dict(self.info["audiences"])

    def audience(self, name: str) -> Audience:
        """One of the pack's audiences.

        Raises:
            InputError: The pack has no audience with this name.
            ModelError: Its taste vector is missing.
        """
        if name not in self.audiences:
            known = ", ".join(self.audiences)
            raise InputError(f"audience {name!r} is not in the pack {self.name}; it has {known}")
        if name not in self._thetas or self._thetas[name].ndim != 1:
            raise ModelError(f"{self.root / 'audiences.safetensors'}: holds no taste vector for {name!r}")
        about, tastes = self.audiences[name], self.tastes_of(name)
        return Audience(
            name,
            int(about["users"]),
            self._thetas[name].float(),
            covariance=next(iter(tastes.values())).covariance if tastes else None,
            label=about["label"],
            tastes=tastes,
            quantiles=tuple(about.get("quantiles") or ()),
        )

    @cached_property
    def scorers(self) -> dict[str, dict[str, Any]]:
        """The pack's scorers by name, targets first: `role`, `file`, `auc`, `users`, `trained`.

        Raises:
            InputError: The pack has no scorers.
            ModelError: Its description is malformed, or names a file that the pack does not list.
        """
        about = self.info.get("verify")
        if about is None:
            raise InputError(f"pack {self.name}: has no judges; add some with `gigs pack scorers`")
        try:
            found = {name: dict(one) for name, one in about["scorers"].items()}
            for one in found.values():
                self.path(one["file"])
            return dict(
                sorted(found.items(), key=lambda item: (item[1]["role"] != "target", item[1]["file"] != TARGET))
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ModelError(self.malformed_scorers(error)) from error

    def malformed_scorers(self, error: Exception) -> str:
        """What is wrong with the description of the scorers, for a message."""
        return f"{self.root / 'pack.json'}: its scorers are malformed (no {error}); build them again"

    def tastes_of(self, name: str) -> dict[str, Taste]:
        """An audience's tastes by scorer, targets first; empty where the pack has no scorers.

        Raises:
            ModelError: A taste is missing.
        """
        if self.info.get("verify") is None:
            return {}
        missing = [scorer for scorer in self.scorers if (scorer, name) not in self._tastes]
        if missing:
            raise ModelError(f"{self.root / TASTES}: no taste of {name!r} under {missing[0]}; build its scorers again")
        return {scorer: self._tastes[scorer, name] for scorer in self.scorers}

    @cached_property
    def _tastes(self) -> dict[tuple[str, str], Taste]:
        return load_tastes(self.path(TASTES))

    def examples(self) -> list[Path]:
        """The example pictures, sorted by name."""
        return sorted(self.path(name) for name in self.info["files"] if name.startswith("examples/"))


def load_pack(name: str | Path = DEFAULT) -> Pack:
    """Find a pack and check every file in it.

    Args:
        name: A bundled pack's name, a folder, or a Hub id such as `someone/their-pack`.

    Raises:
        InputError: There is no such pack.
        ModelError: A file is missing or differs from its hash, or the pack has another schema.
    """
    root = _find(str(name))
    info = read_description(root)
    for relative, digest in info["files"].items():
        path = root / relative
        if not path.is_file():
            raise ModelError(f"{path}: missing from the pack; download the pack again")
        if storage.sha256_of(path) != digest:
            raise ModelError(f"{path}: does not match its SHA-256 in pack.json; download the pack again")
    return Pack(root, info)


def bundled_packs() -> list[str]:
    """Names of the packs inside this installation."""
    return sorted(path.parent.name for path in BUNDLED.glob("*/pack.json"))


def start_folder(name: str) -> Path:
    """The folder to start training from: that of a pack (checked against its hashes) or of a run.

    Raises:
        InputError: Neither.
        ModelError: A pack with a generator or an encoder in its folder that it does not list.
    """
    if (Path(name) / "generator.safetensors").is_file() and not (Path(name) / "pack.json").is_file():
        return Path(name)
    pack = load_pack(name)
    for file in ("generator.safetensors", "encoder.safetensors"):
        if (pack.root / file).exists():
            pack.path(file)
    return pack.root


def _find(name: str) -> Path:
    if (BUNDLED / name / "pack.json").is_file() and "/" not in name and name not in (".", ".."):
        return BUNDLED / name
    if (Path(name) / "pack.json").is_file():
        return Path(name)
    if Path(name).exists() or name.count("/") != 1 or name.startswith((".", "/")):
        known = ", ".join(bundled_packs()) or "none"
        raise InputError(f"pack {name!r}: no such pack (bundled: {known}; or a folder with pack.json, or a Hub id)")
    return _download(name)


def _download(name: str) -> Path:
    from huggingface_hub import snapshot_download  # slow to import, and rarely needed

    try:
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.safetensors", "*.png", "*.md"]))
    except Exception as error:  # the hub's client raises its own, requests' and OS errors
        raise InputError(
            f"pack {name!r}: not found here, and could not be downloaded from the Hub ({error})"
        ) from error
