"""PyTorch files that hold nothing but tensors, numbers and plain containers, read without running anything in them."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor
from torch.serialization import safe_globals

from gigs.errors import ModelError
from gigs.generator.convert.progan_formats import Record
from gigs.io.pickles import ZIP, check_torch_file
from gigs.io.text import is_text

_PATHS = ("Posix", "Windows", "PurePosix", "PureWindows")
SYSTEM = {"builtins", "__builtin__", "os", "posix", "nt", "sys", "subprocess", "shutil", "importlib", "runpy", "socket"}


def _path(*parts: object) -> str:
    """Stands in for a path in a run's options."""
    return "/".join(map(str, parts))


class Ignored:
    """Stands in for a NumPy array, such as the state of its random numbers; what it holds is not looked at."""

    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass


# What may stand in a checkpoint beside tensors and plain containers: GAN zoo's configuration object, of which only the
# attributes are taken, paths, and NumPy's numbers, at their places before and since numpy 2.
_scalar = np.float64(0).__reduce__()[0]
HARMLESS: list[Any] = [
    (Record, "models.utils.config.BaseConfig"),
    (Record, "argparse.Namespace"),  # rosinality's, of a run's options
    (_scalar, "numpy.core.multiarray.scalar"),
    (_scalar, "numpy._core.multiarray.scalar"),
    (Ignored, "numpy.core.multiarray._reconstruct"),
    (Ignored, "numpy._core.multiarray._reconstruct"),
    (Ignored, "numpy.ndarray"),
    (np.dtype, "numpy.dtype"),
    *((_path, f"{place}.{kind}Path") for place in ("pathlib", "pathlib._local") for kind in _PATHS),
    *(type(np.dtype(kind)) for kind in ("float32", "float64", "int32", "int64", "uint32", "uint8", "bool")),
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
        with safe_globals(HARMLESS), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of PyTorch's, about pickle protocols, with a request to file an issue
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except Exception as error:  # a damaged pickle can raise nearly anything
        if named := re.search(r"GLOBAL (\S+)", str(error)):
            reason = f"it names {named[1]}, which no weights need; nothing was run"
            raise ModelError(f"{path}: refused: {reason}{_advice(named[1])}") from error
        raise ModelError(f"{path}: not a PyTorch checkpoint, or damaged ({type(error).__name__})") from error


def is_safetensors(path: Path) -> bool:
    """Whether a file begins as one of safetensors: the length of its header, and the header's brace."""
    with path.open("rb") as handle:
        head = handle.read(9)
    return len(head) == 9 and head[8:] == b"{" and int.from_bytes(head[:8], "little") < path.stat().st_size


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """The named layers in a safetensors file that is not one of gigs.

    Raises:
        ModelError: It is damaged, or already what gigs takes.
    """
    try:
        with safe_open(path, framework="pt") as handle:
            if "gigs" in (handle.metadata() or {}):
                raise ModelError(f"{path}: is a file of gigs already: give it where such a file is asked for")
            return {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118 - not a dict
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"{path}: a damaged safetensors file ({error}); fetch it again") from error


def _advice(name: str) -> str:
    """What to do about a class that a file names: most such files hold a whole network. None about a program's."""
    if "." not in name or name.partition(".")[0] in SYSTEM:
        return ""
    return " (if it is a whole network, open it with its authors' code and save its state_dict() with torch.save)"
