"""Hashes of what a result follows from: settings, tensors, packed pictures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from gigs import __version__


def fingerprint(about: dict[str, Any], tensors: Sequence[Tensor | None]) -> str:
    """Hex SHA-256 of what a result follows from, this version of gigs included.

    Args:
        about: Settings, JSON-able where it matters; anything else counts by how it prints.
        tensors: Photos and taste vectors.
    """
    text = json.dumps({"gigs": __version__, **about}, sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode())
    for tensor in tensors:
        digest.update(b"none" if tensor is None else tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def fingerprint_of_images(images: np.ndarray) -> str:
    """Hex SHA-256 of a uint8 array's shape and content, read in pieces."""
    digest = hashlib.sha256(str(images.shape).encode())
    for start in range(0, len(images), 256):
        digest.update(np.ascontiguousarray(images[start : start + 256]).data)
    return digest.hexdigest()
