"""PyTorch files that hold nothing but tensors, numbers and plain containers, read without running anything in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.serialization import safe_globals

from gigs.errors import ModelError
from gigs.generator.convert.progan_formats import Record
from gigs.io.pickles import ZIP, check_torch_file
from gigs.io.text import is_text

# What may stand in a checkpoint beside tensors and plain containers: GAN zoo's configuration object, of which only the
# attributes are taken, and NumPy's numbers, at their places before and since numpy 2.
_scalar = np.float64(0).__reduce__()[0]
HARMLESS: list[Any] = [
    (Record, "models.utils.config.BaseConfig"),
    (Record, "argparse.Namespace"),  # rosinality's, of a run's options
    (_scalar, "numpy.core.multiarray.scalar"),
    (_scalar, "numpy._core.multiarray.scalar"),
    (np.dtype, "numpy.dtype"),
    *(type(np.dtype(kind)) for kind in ("float32", "float64", "int32", "int64", "bool")),
]


def read_plain(path: Path) -> Any:
    """Read a PyTorch file of tensors, plain containers and the types in `HARMLESS`, on the CPU; nothing is executed.

    Raises:
        ModelError: Missing, damaged, or it names anything else.
    """
    if not path.is_file():
        raise ModelError(f"{path}: no such file")
    with path.open("rb") as handle:
        mapped = handle.read(len(ZIP)) == ZIP and is_text(path)
    try:
        check_torch_file(path)
        with safe_globals(HARMLESS):
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except Exception as error:  # a damaged pickle can raise nearly anything
        if named := re.search(r"GLOBAL (\S+)", str(error)):
            raise ModelError(f"{path}: refused: it names {named[1]}, which no weights need; nothing was run") from error
        raise ModelError(f"{path}: not a PyTorch checkpoint, or damaged ({type(error).__name__})") from error
