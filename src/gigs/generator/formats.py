"""Checkpoints that others published, converted once to the package's own safetensors.

Such files are pickles, and a pickle can run any program. Here nothing in a file is ever run: PyTorch's weights-only
reader builds tensors and plain containers, and it is told of three harmless types more. Whatever else a file names is
refused before anything is looked up.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.serialization import safe_globals

from gigs import storage
from gigs.errors import ModelError
from gigs.generator.base import save_generator
from gigs.generator.progan_public_build import build
from gigs.generator.progan_public_formats import Record, recognise

ZIP = b"PK\x03\x04"  # how files of PyTorch 1.6 and later begin

# What may stand in a checkpoint beside tensors and plain containers: GAN zoo's configuration object, of which only the
# attributes are taken, and NumPy's numbers, at their places before and since numpy 2.
_scalar = np.float64(0).__reduce__()[0]
HARMLESS: list[Any] = [
    (Record, "models.utils.config.BaseConfig"),
    (_scalar, "numpy.core.multiarray.scalar"),
    (_scalar, "numpy._core.multiarray.scalar"),
    (np.dtype, "numpy.dtype"),
    *(type(np.dtype(kind)) for kind in ("float32", "float64", "int32", "int64", "bool")),
]


def convert_checkpoint(source: str | Path, target: str | Path, *, resolution: int | None = None) -> Path:
    """Convert a generator of `pro_gan_pytorch` or of `pytorch_GAN_zoo` (PGAN) for `load_generator`.

    The format is told by what the file holds, and so are the settings; where it holds an average of the weights over
    training, that is taken. Weights are read from the disk as they are needed, so the rest of a large checkpoint costs
    no memory (files older than PyTorch 1.6 are read whole).

    Args:
        source: The checkpoint.
        target: File to write.
        resolution: Draw with a lower level's colours; needed for a checkpoint from an earlier stage of training.

    Returns:
        `target`. Its `about` names the source file, its sha256 and its format.

    Raises:
        ModelError: Missing, damaged, unsafe, of another network or unfinished.
    """
    source, target = Path(source), Path(target)
    if target.exists() and source.exists() and target.samefile(source):
        raise ModelError(f"{target}: would overwrite the checkpoint itself; give another name")
    content = read_plain(source)
    try:
        found = recognise(content)
        generator = build(found, resolution)
    except ModelError as error:
        raise ModelError(f"{source}: {error}") from error
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:  # settings or tensors of a wrong kind
        raise ModelError(f"{source}: cannot be made sense of ({str(error).partition(chr(10))[0]})") from error
    about = {"converted_from": {"file": source.name, "sha256": storage.sha256_of(source), "format": found.format}}
    return save_generator(target, generator, about)


def read_plain(path: Path) -> Any:
    """Read a PyTorch file of tensors, plain containers and the types in `HARMLESS`, on the CPU; nothing is executed.

    Raises:
        ModelError: Missing, damaged, or it names anything else.
    """
    if not path.is_file():
        raise ModelError(f"{path}: no such file")
    with path.open("rb") as handle:
        mapped = handle.read(len(ZIP)) == ZIP
    try:
        with safe_globals(HARMLESS):
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except Exception as error:  # a damaged pickle can raise nearly anything
        if named := re.search(r"GLOBAL (\S+)", str(error)):
            raise ModelError(f"{path}: refused: it names {named[1]}, which no weights need; nothing was run") from error
        raise ModelError(f"{path}: not a PyTorch checkpoint, or damaged ({type(error).__name__})") from error
