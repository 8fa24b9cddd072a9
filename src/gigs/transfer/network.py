"""U²-Net-p (Qin et al. 2020), the small salient-object network of `rembg`, on onnxruntime."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image

from gigs.errors import ModelError
from gigs.io.weights import fetch

SIDE = 320  # the network's input
WEIGHTS = "u2netp"
_MEAN, _DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
_LOCK = threading.Lock()


def salience(photo: Image.Image) -> np.ndarray:
    """How far each place belongs to the subject of a picture.

    Args:
        photo: RGB, any size; the network sees it squeezed into a square of 320 pixels, as it was trained.

    Returns:
        float32 `[320,320]` in `[0,1]`, not normalised: all low if there is no object.

    Raises:
        ModelError: onnxruntime is not installed, or the weights cannot be loaded.
    """
    small = np.asarray(photo.convert("RGB").resize((SIDE, SIDE), Image.Resampling.LANCZOS), dtype=np.float64)
    scaled = (small / max(small.max(), 1.0) - _MEAN) / _DEVIATION
    batch = scaled.transpose(2, 0, 1)[None].astype(np.float32)
    with _LOCK:  # one picture at a time, because two would only share the same cores
        session = _session()
        found = session.run([session.get_outputs()[0].name], {session.get_inputs()[0].name: batch})[0]
    return np.clip(found[0, 0], 0, 1)


@lru_cache(maxsize=1)
def _session() -> Any:
    """The network, loaded once."""
    try:
        import onnxruntime  # imported late, because only a cut-out needs it
    except ImportError as error:
        raise ModelError("the cut-out needs onnxruntime: pip install onnxruntime, or give a mask") from error
    options = onnxruntime.SessionOptions()
    # Threads that spin while they wait would take the cores from PyTorch's.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    content = fetch(WEIGHTS)["onnx"].numpy().tobytes()
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
