"""Features of a whole catalogue: backbone features once, on disk; phi of any recommender on demand."""

from __future__ import annotations

from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
import torch
from numpy.lib.format import open_memmap

from gigs.data.catalogue import Catalogue
from gigs.errors import GigsError
from gigs.io import storage
from gigs.io.fingerprint import fingerprint_of_images
from gigs.progress import OnStep, Step, silent
from gigs.recommender.base import Recommender
from gigs.recommender.item_pictures import View
from gigs.recommender.models.vbpr import VBPR
from gigs.vision.backbone import Backbone
from gigs.vision.compute import in_batches
from gigs.vision.images import to_tensor

BATCH = 64


def backbone_features(
    catalogue: Catalogue,
    backbone: Backbone,
    *,
    image_size: int,
    input_size: int,
    on_step: OnStep = silent,
) -> np.ndarray:
    """Backbone features of every item, computed once and kept under `catalogue.root/features`.

    Args:
        catalogue: The catalogue.
        backbone: Frozen network.
        image_size: Side at which the pictures are read; a generator's own side, where the two shall be compared.
        input_size: Side at which the network sees them.
        on_step: Progress over items.

    Returns:
        float32 `[items,width]`, memory-mapped; rows of items without a picture are zero. A cache that was made from
        other pictures or other weights is not used but replaced.
    """
    images = catalogue.images(image_size)
    weights = backbone.fingerprint()
    path = (
        catalogue.root / "features" / f"{backbone.name.replace(':', '-')}-{weights[:8]}-{image_size}-{input_size}.npy"
    )
    wanted = {"backbone": weights, "image_size": image_size, "input_size": input_size, "items": len(images)}
    if not _is_fresh(path, wanted, images, backbone.width):
        source = {"file": _file_state(images), "pictures": fingerprint_of_images(images)}
        usable = catalogue.items["has_image"].to_numpy(dtype=bool)
        storage.write_atomic(path, lambda part: _compute(part, images, usable, backbone, input_size, on_step))
        storage.write_json(path.with_suffix(".json"), wanted | source)
    return open_memmap(path, mode="r")


def view_features(
    view: View, photos: np.ndarray, wanted: np.ndarray, backbone: Backbone, input_size: int, on_step: OnStep = silent
) -> np.ndarray:
    """Backbone features float32 `[items,width]` of another view of the items, not kept on disk.

    Args:
        view: The pictures.
        photos: Features of the photos, `[items,width]`: they stand in where the view has no picture, or none is wanted.
        wanted: Rows that training can draw.
        backbone: Frozen network.
        input_size: Side at which it looks.
        on_step: Progress.
    """
    output = np.array(photos)
    _fill(output, view.pictures, wanted[view.rows[wanted]], backbone, input_size, on_step)
    return output


def catalogue_phi(
    model: Recommender, catalogue: Catalogue, *, on_step: OnStep = silent, image_size: int | None = None
) -> np.ndarray:
    """phi of every item (Eq. 1), float32 `[items,K]`; rows of items without a picture are zero.

    Args:
        model: Any recommender, in evaluation mode; VBPR's goes by the cached backbone features.
        catalogue: The catalogue.
        on_step: Progress over items.
        image_size: Side at which pictures are read; by default what the model was trained on.
    """
    size = image_size or default_image_size(model, catalogue)
    usable = catalogue.items["has_image"].to_numpy(dtype=bool)
    if isinstance(model, VBPR):
        raw = backbone_features(
            catalogue, model.backbone, image_size=size, input_size=model.input_size, on_step=on_step
        )
        phi = project_all(model, raw)
    else:
        phi = pixel_phi(model, catalogue.images(size), np.flatnonzero(usable), on_step)
    phi[~usable] = 0.0
    return phi


def default_image_size(model: Recommender, catalogue: Catalogue) -> int:
    """Side at which the model saw pictures in training, or the largest sensible one this catalogue holds."""
    stored = int(catalogue.info["image_size"])
    return min(int(model.about.get("image_size", model.input_size)), stored)


def project_all(model: VBPR, raw: np.ndarray) -> np.ndarray:
    """phi float32 `[N,K]` from raw features `[N,width]`, in pieces."""
    pieces = []
    with torch.inference_mode():
        for start in range(0, len(raw), 8192):
            piece = torch.from_numpy(np.array(raw[start : start + 8192])).to(model.mean.device)
            pieces.append(model.project(piece).cpu().numpy())
    return np.concatenate(pieces) if pieces else np.zeros((0, model.feature_count), dtype=np.float32)


def pixel_phi(model: Recommender, images: np.ndarray, rows: np.ndarray, on_step: OnStep = silent) -> np.ndarray:
    """phi float32 `[N,K]` of the given rows of uint8 pictures `[N,S,S,3]`, from pixels; other rows stay zero."""
    phi = np.zeros((len(images), model.feature_count), dtype=np.float32)
    _fill(phi, images, rows, model, None, on_step)
    return phi


def _compute(
    path: Path, images: np.ndarray, usable: np.ndarray, backbone: Backbone, input_size: int, on_step: OnStep
) -> None:
    output = storage.packed_array(path, np.float32, (len(images), backbone.width))
    _fill(output, images, np.flatnonzero(usable), backbone, input_size, on_step)
    output.flush()


def _fill(
    output: np.ndarray, images: np.ndarray, rows: np.ndarray, network: Any, size: int | None, on_step: OnStep
) -> None:
    """Run a network over rows of pictures, in batches, into `output`."""
    parameter = next(network.parameters())
    training = network.training
    network.eval()

    def run(start: int, stop: int) -> None:
        batch = rows[start:stop]
        pictures = to_tensor(images[batch]).to(parameter.device)
        values = network(pictures) if size is None else network(pictures, size)
        output[batch] = values.float().cpu().numpy()
        on_step(Step("features", stop, len(rows)))

    with torch.inference_mode():
        in_batches(len(rows), BATCH, run)
    network.train(training)


def _file_state(images: np.ndarray) -> list[int] | None:
    """Size and modification time of the file behind a memory map: while they stay, so does the content."""
    name = getattr(images, "filename", None)
    if name is None:
        return None
    state = Path(name).stat()
    return [state.st_size, state.st_mtime_ns]


def _is_fresh(path: Path, wanted: dict[str, Any], images: np.ndarray, width: int) -> bool:
    """Whether the cache at `path` is of these pictures and these weights."""
    if not (path.is_file() and path.with_suffix(".json").is_file()):
        return False
    try:
        known = storage.read_json(path.with_suffix(".json"))
        shape = open_memmap(path, mode="r").shape
    except (GigsError, OSError, ValueError, EOFError, TokenError):
        return False  # half-written or foreign: make it again
    if not isinstance(known, dict) or shape != (len(images), width):
        return False
    if any(known.get(key) != value for key, value in wanted.items()):
        return False
    state = _file_state(images)
    if state is not None and known.get("file") == state:
        return True
    if known.get("pictures") != fingerprint_of_images(images):
        return False
    storage.write_json(path.with_suffix(".json"), known | {"file": state})  # a copied catalogue: same content
    return True
