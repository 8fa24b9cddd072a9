"""Read the networks that NVIDIA's StyleGAN repositories pickle, without running the code that they carry.

Their `.pkl` files hold, for every network and layer, the source code of its class beside its tensors, and the original
reader runs that code (`torch_utils/persistence.py`). Nothing of it is needed: class names, numbers and tensors say all.
Here every class becomes a `Node` without behaviour; tensors are rebuilt by PyTorch's own functions, their storages read
by its weights-only reader; whatever else a file names is refused.
"""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gigs.errors import ModelError
from gigs.io.pickles import MALFORMED, check_pickle, check_torch_file

MARKER = b"torch_utils.persistence"
HEAD = 1 << 20  # bytes in which the marker must appear


class Node:
    """A network or layer as the file describes it: its class's name, and its attributes."""

    def __init__(self, class_name: str = "", state: dict[str, Any] | None = None) -> None:
        self.class_name, self.state = class_name, dict(state or {})

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> Node:
        """Bare layers by their dotted names as such a description, without any plain attribute."""
        root = cls(state={"_modules": {}, "_parameters": {}})
        for name, tensor in tensors.items():
            *path, last = name.split(".")
            node = root
            for part in path:
                empty = cls(state={"_modules": {}, "_parameters": {}})
                node = node.state["_modules"].setdefault(part, empty)
            node.state["_parameters"][last] = tensor
        return root

    def __setstate__(self, state: Any) -> None:
        self.state = dict(state)

    def __getitem__(self, name: str) -> Node:
        """A part by name, such as `synthesis`."""
        return self.state["_modules"][name]

    def get(self, name: str, default: Any = None) -> Any:
        """A plain attribute."""
        return self.state.get(name, default)

    def tensors(self, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
        """Every parameter and buffer by its dotted name."""
        for kind in ("_parameters", "_buffers"):
            for name, tensor in self.state.get(kind, {}).items():
                if isinstance(tensor, Tensor):
                    yield f"{prefix}{name}", tensor.detach()
        for name, part in self.state.get("_modules", {}).items():
            if isinstance(part, Node):
                yield from part.tensors(f"{prefix}{name}.")


def is_persistent(path: Path) -> bool:
    """Whether a file is such a pickle, by its first bytes."""
    with path.open("rb") as handle:
        head = handle.read(HEAD)
    return head.startswith(b"\x80") and MARKER in head


def read_persistent(path: Path) -> Any:
    """What the file holds, usually a dict of `Node`s by name (`G`, `D`, `G_ema`).

    Raises:
        ModelError: Damaged, or it names anything that no network needs.
    """
    try:
        with path.open("rb") as handle:
            check_pickle(handle)
            return _Reader(handle).load()
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    except (pickle.UnpicklingError, EOFError, MemoryError, RecursionError, RuntimeError, *MALFORMED) as error:
        raise ModelError(f"{path}: damaged, or not a network of a StyleGAN repository ({error})") from error


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """What a name in the file stands for here."""
        if (module, name) in _KNOWN:
            return _KNOWN[module, name]
        if module.startswith("torch.nn.modules."):
            return Node
        if module == "torch" and isinstance(getattr(torch, name, None), torch.dtype):
            return getattr(torch, name)
        raise ModelError(f"refused: it names {module}.{name}, which no weights need; nothing was run")


def _node(meta: Any) -> Node:
    """In place of `_reconstruct_persistent_obj`, which runs `meta["module_src"]`."""
    return Node(str(meta["class_name"]), meta["state"])


def _storage(content: Any) -> Any:
    """In place of `torch.storage._load_from_bytes`, which unpickles without restraint."""
    stream = io.BytesIO(content)
    check_torch_file(stream)
    return torch.load(stream, map_location="cpu", weights_only=True)


def _parameter(data: Any, requires_grad: Any = False, hooks: Any = None) -> Tensor:
    return data


# Layers keep their gains as NumPy numbers; its functions for them moved in NumPy 2.
_scalar, _array = np.float64(0).__reduce__()[0], np.zeros(1).__reduce__()[0]
_KNOWN: dict[tuple[str, str], Any] = {
    ("torch_utils.persistence", "_reconstruct_persistent_obj"): _node,
    ("dnnlib.util", "EasyDict"): dict,
    ("collections", "OrderedDict"): OrderedDict,
    ("torch.storage", "_load_from_bytes"): _storage,
    ("torch._utils", "_rebuild_tensor_v2"): torch._utils._rebuild_tensor_v2,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    **{(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _array for core in ("core", "_core")},
    ("numpy", "dtype"): np.dtype,
    ("numpy", "ndarray"): np.ndarray,
    ("torch", "Size"): tuple,
    ("torch", "device"): str,
    ("builtins", "set"): set,
    ("copyreg", "_reconstructor"): lambda cls, base, state: cls(),
    ("builtins", "object"): object,
}
