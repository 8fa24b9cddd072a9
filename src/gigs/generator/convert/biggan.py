"""BigGAN checkpoints of others: Brock's `BigGAN-PyTorch` (`G_ema.pth`) and the Hugging Face port of BigGAN-deep.

Facts are from the repositories' sources (`BigGAN.py`, `layers.py`; `pytorch_pretrained_biggan/model.py`). Spectral
normalisation is divided out here as each original computes it when it draws. What no tensor tells is taken as both
publish it: Brock's epsilon 1e-5, the port's 1e-4, and that every second block of BigGAN-deep doubles the side.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gigs.errors import ModelError
from gigs.generator.convert.within import weights_within
from gigs.generator.families.biggan import BASE, BigGAN, BigGANSettings

BROCK, PORT = "BigGAN-PyTorch", "pytorch-pretrained-biggan"
Tensors = dict[str, Tensor]


def recognise(content: Any) -> tuple[str, Callable[[float], BigGAN]] | None:
    """The format and what builds the generator for a truncation, or None where the content is something else."""
    for each in weights_within(content):
        build: Callable[[Tensors, float], BigGAN]
        if "generator.gen_z.weight_orig" in each and "embeddings.weight" in each:
            kind, build = PORT, from_port
        elif "linear.weight" in each and "blocks.0.0.conv1.weight" in each:
            kind, build = BROCK, from_brock
        else:
            continue
        return kind, partial(build, {name: tensor.float() for name, tensor in each.items()})
    return None


def from_brock(state: Tensors, truncation: float = 1.0) -> BigGAN:
    """From Brock's generator.

    Raises:
        ModelError: A variant without a shared embedding or with other normalisation.
    """
    if "shared.weight" not in state or "blocks.0.0.bn1.gain.weight" not in state:
        raise ModelError("has no shared class embedding (G_shared), or other normalisation: a variant not supported")
    if "blocks.0.0.bn1.stored_mean" not in state:
        raise ModelError("keeps its statistics elsewhere (--cross_replica or --mybn): a variant not supported")
    count = _count(state, "blocks.{}.0.conv1.weight")
    classes, embedded = state["shared.weight"].shape
    chunk = state["blocks.0.0.bn1.gain.weight"].shape[1] - embedded
    first = state["linear.weight"].shape[1]
    shapes = [state[f"blocks.{k}.0.conv1.weight"].shape for k in range(count)]
    settings = BigGANSettings(
        blocks=tuple((shape[1], shape[0], True) for shape in shapes),
        z_dim=first * (count + 1) if chunk else first, embedded=embedded, classes=classes, chunk=chunk,
        attention=tuple(k + 1 for k in range(count) if f"blocks.{k}.1.theta.weight" in state),
        truncation=truncation,
    )  # fmt: skip
    return _built(settings, dict(_brock_layers(state, count)))


def from_port(state: Tensors, truncation: float = 1.0) -> BigGAN:
    """From the Hugging Face port; its statistics are those for the given truncation, interpolated as it does.

    Raises:
        ModelError: Incomplete.
    """
    layers = [f"generator.layers.{k}" for k in range(_count(state, "generator.layers.{}.", begins=True))]
    places = [name for name in layers if f"{name}.conv_0.weight_orig" in state]
    attended = [sum(place in layers[:k] for place in places) for k, name in enumerate(layers) if name not in places]
    sizes = [
        (state[f"{name}.conv_0.weight_orig"].shape[1], state[f"{name}.conv_3.weight_orig"].shape[0]) for name in places
    ]
    embedded, classes = state["embeddings.weight"].shape
    settings = BigGANSettings(
        blocks=tuple((inputs, outputs, k % 2 == 1) for k, (inputs, outputs) in enumerate(sizes)),
        z_dim=state["generator.gen_z.weight_orig"].shape[1] - embedded, embedded=embedded, classes=classes,
        attention=tuple(attended), deep=True, eps=1e-4, truncation=truncation,
    )  # fmt: skip
    return _built(settings, dict(_port_layers(state, layers, places, truncation)))


def _brock_layers(state: Tensors, count: int) -> Iterator[tuple[str, Tensor]]:
    def layer(ours: str, theirs: str) -> Iterator[tuple[str, Tensor]]:
        weight = state[f"{theirs}.weight"]
        yield f"{ours}.weight", weight / _largest(weight, state.get(f"{theirs}.u0"))
        if f"{theirs}.bias" in state:
            yield f"{ours}.bias", state[f"{theirs}.bias"]

    yield "embedding", state["shared.weight"]
    yield from layer("dense", "linear")
    for k in range(count):
        ours, theirs = f"blocks.{k}", f"blocks.{k}.0"
        for i in (0, 1):
            yield from layer(f"{ours}.convs.{i}", f"{theirs}.conv{i + 1}")
            yield from layer(f"{ours}.norms.{i}.gain", f"{theirs}.bn{i + 1}.gain")
            yield from layer(f"{ours}.norms.{i}.bias", f"{theirs}.bn{i + 1}.bias")
            yield f"{ours}.norms.{i}.mean", state[f"{theirs}.bn{i + 1}.stored_mean"]
            yield f"{ours}.norms.{i}.variance", state[f"{theirs}.bn{i + 1}.stored_var"]
        yield from layer(f"{ours}.shortcut", f"{theirs}.conv_sc")
        if f"blocks.{k}.1.theta.weight" in state:
            for part in ("theta", "phi", "g", "o"):
                yield from layer(f"attention.{k + 1}.{part}", f"blocks.{k}.1.{part}")
            yield f"attention.{k + 1}.gamma", state[f"blocks.{k}.1.gamma"].reshape(())
    for ours, theirs in _OUTPUT.items():
        yield f"norm.{ours}", state[f"output_layer.0.{theirs}"]
    yield from layer("colours", "output_layer.2")


def _port_layers(state: Tensors, layers: list[str], places: list[str], t: float) -> Iterator[tuple[str, Tensor]]:
    def layer(ours: str, theirs: str) -> Iterator[tuple[str, Tensor]]:
        weight = state[f"{theirs}.weight_orig"]
        sigma = state[f"{theirs}.weight_u"] @ weight.flatten(1) @ state[f"{theirs}.weight_v"]
        yield f"{ours}.weight", weight / sigma
        if f"{theirs}.bias" in state:
            yield f"{ours}.bias", state[f"{theirs}.bias"]

    yield "embedding", state["embeddings.weight"].T
    for name, tensor in layer("dense", "generator.gen_z"):  # their maps are of shape [4,4,C], ours [C,4,4]
        yield name, tensor.unflatten(0, (BASE, BASE, -1)).movedim(2, 0).flatten(0, 2)
    for name in layers:
        k = sum(place in layers[: layers.index(name)] for place in places)
        if name not in places:
            for part, theirs in (("theta", "theta"), ("phi", "phi"), ("g", "g"), ("o", "o_conv")):
                yield from layer(f"attention.{k}.{part}", f"{name}.snconv1x1_{theirs}")
            yield f"attention.{k}.gamma", state[f"{name}.gamma"].reshape(())
            continue
        for i in range(4):
            yield from layer(f"blocks.{k}.convs.{i}", f"{name}.conv_{i}")
            yield from layer(f"blocks.{k}.norms.{i}.gain", f"{name}.bn_{i}.scale")
            yield from layer(f"blocks.{k}.norms.{i}.bias", f"{name}.bn_{i}.offset")
            yield f"blocks.{k}.norms.{i}.mean", _statistic(state[f"{name}.bn_{i}.running_means"], t)
            yield f"blocks.{k}.norms.{i}.variance", _statistic(state[f"{name}.bn_{i}.running_vars"], t)
    yield "norm.weight", state["generator.bn.weight"]
    yield "norm.bias", state["generator.bn.bias"]
    yield "norm.running_mean", _statistic(state["generator.bn.running_means"], t)
    yield "norm.running_var", _statistic(state["generator.bn.running_vars"], t)
    for name, tensor in layer("colours", "generator.conv_to_rgb"):
        yield name, tensor[:3]


_OUTPUT = {"weight": "gain", "bias": "bias", "running_mean": "stored_mean", "running_var": "stored_var"}


def _largest(weight: Tensor, u: Tensor | None) -> Tensor:
    """The largest singular value by one step of power iteration from the stored vector, as Brock's layers do."""
    if u is None:
        return torch.ones(())
    matrix = weight.flatten(1)
    v = F.normalize(u @ matrix, eps=1e-12)
    u = F.normalize(v @ matrix.T, eps=1e-12)
    return (v @ matrix.T @ u.T).squeeze()


def _statistic(table: Tensor, truncation: float) -> Tensor:
    """Row of a table over truncations from 0 to 1; between two rows, weighted as the port does it."""
    share, row = math.modf(truncation * (len(table) - 1)) if len(table) > 1 else (0.0, 0.0)
    below = table[int(row)]
    return below if share == 0 else below * share + table[int(row) + 1] * (1 - share)


def _count(state: Tensors, pattern: str, *, begins: bool = False) -> int:
    names = list(state)
    for k in range(256):
        wanted = pattern.format(k)
        if not (any(name.startswith(wanted) for name in names) if begins else wanted in state):
            return k
    return 256


def _built(settings: BigGANSettings, tensors: Tensors) -> BigGAN:
    if not all(bool(tensor.isfinite().all()) for tensor in tensors.values()):
        raise ModelError("holds weights that are not finite: its training had broken down")
    with torch.device("meta"):
        generator = BigGAN(settings)
    tensors["norm.num_batches_tracked"] = torch.zeros((), dtype=torch.long)
    try:
        generator.load_state_dict({name: tensor.contiguous() for name, tensor in tensors.items()}, assign=True)
    except RuntimeError as error:
        raise ModelError(f"its layers do not fit together ({str(error).splitlines()[-1].strip()})") from error
    return generator
