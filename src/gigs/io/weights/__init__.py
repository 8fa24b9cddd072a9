"""Third-party weights by name: several sources, every file and every tensor pinned by SHA-256, one cache."""

from __future__ import annotations

import hashlib
import logging
import os
import tarfile
import tempfile
import zipfile
from pathlib import Path

import torch

from gigs.errors import ModelError
from gigs.io import storage
from gigs.io.storage import load_tensors, save_tensors, sha256_of
from gigs.io.weights.formats import Tensors
from gigs.io.weights.table import ARTIFACTS, CONTENT, SINGLE, Artifact

_log = logging.getLogger(__name__)


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
        raise ModelError(f"no weights are named {name!r}; there are {', '.join(available())}")
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
    _log.info("fetching %s from %s", name, artifact.label)
    with tempfile.TemporaryDirectory(prefix="gigs-weights-") as folder:
        return _read(artifact, artifact.get(Path(folder)), name)


def _read(artifact: Artifact, path: Path, name: str) -> Tensors:
    """Check a published file, convert all that it holds into the cache, and return the set asked for."""
    digest = sha256_of(path)
    if not digest.startswith(artifact.sha256):
        raise ModelError(f"{path.name}: SHA-256 is {digest}, expected {artifact.sha256}: damaged, or another file")
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
        f"weights {name!r} could not be had; tried: {'; '.join(tried)}. "
        f"By hand: put {files}, or {name}.safetensors from the cache of a machine that has it, "
        "into a folder and set GIGS_WEIGHTS_DIR to that folder"
    )


def _holding(name: str) -> list[Artifact]:
    """The published files that hold a set of weights, in the order they are tried."""
    return [artifact for artifact in ARTIFACTS if name in artifact.holds]
