"""StyleGAN2 checkpoints of others: NVIDIA's `stylegan2-ada-pytorch` and `stylegan3` repositories, and rosinality's.

Both compute what `stylegan2` computes, with the same constants of the equalised learning rate, so tensors are taken
over as they are. Facts are from their sources (`training/networks_stylegan2.py`; `model.py`). The mean of w and its
deviation are measured anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

from gigs.errors import ModelError
from gigs.generator.convert.persistence import Node
from gigs.generator.convert.within import weights_within
from gigs.generator.families.stylegan2 import StyleGAN2, StyleGAN2Settings
from gigs.generator.families.stylegan2_layers import FILTER

Names = dict[str, str]  # ours to theirs
NVIDIA, ROSINALITY = "stylegan2-ada-pytorch", "rosinality stylegan2-pytorch"


def recognise(content: Any) -> tuple[str, Callable[[], StyleGAN2]] | None:
    """The format and what builds the generator, or None where the content is something else."""
    if isinstance(content, Node) or (isinstance(content, Mapping) and isinstance(content.get("G_ema"), Node)):
        network = content if isinstance(content, Node) else content["G_ema"]
        return NVIDIA, lambda: from_nvidia(network)
    for state in weights_within(content):
        if "input.input" in state and "style.1.weight" in state:
            return ROSINALITY, partial(from_rosinality, state)
        if "mapping.fc0.weight" in state and any(name.startswith("synthesis.") for name in state):
            return NVIDIA, partial(from_nvidia, Node.of(state))
    return None


def from_nvidia(network: Node) -> StyleGAN2:
    """From a `Generator` node; what bare layers do not tell is taken as that class has it when it is not told either.

    Raises:
        ModelError: A StyleGAN3, a critic, another architecture or other colours.
    """
    if "synthesis" not in network.get("_modules", {}):
        raise ModelError(f"its network is a {network.class_name or 'stranger'}, not a generator")
    state = {name: tensor.float() for name, tensor in network.tensors()}
    if any(name.startswith("synthesis.input.") for name in state):
        raise ModelError("a StyleGAN3 (alias-free) generator: only StyleGAN2 is supported")
    if network.get("img_channels", 3) != 3:
        raise ModelError(f"draws pictures of {network.get('img_channels')} channel(s); gigs needs three colours")
    sides = [4 << level for level in range(8) if f"synthesis.b{4 << level}.conv1.weight" in state]
    if len(sides) < 2 or any(f"synthesis.b{side}.torgb.weight" not in state for side in sides):
        raise ModelError("its synthesis network has no skip connections to the picture: another architecture")
    mapping, conv = network["mapping"], network["synthesis"]["b4"]["conv1"]
    depth = sum(f"mapping.fc{k}.weight" in state for k in range(64))
    if depth == 0 or mapping["fc0"].get("activation", "lrelu") != "lrelu" or conv.get("activation", "lrelu") != "lrelu":
        raise ModelError("its activation is not leaky ReLU, or it has no mapping network: another architecture")
    embedded = state.get("mapping.embed.weight")
    settings = StyleGAN2Settings(
        channels=tuple(len(state[f"synthesis.b{side}.conv1.weight"]) for side in sides),
        z_dim=state["mapping.fc0.weight"].shape[1] - (0 if embedded is None else len(embedded)),
        w_dim=len(state[f"mapping.fc{depth - 1}.weight"]),
        hidden=len(state["mapping.fc0.weight"]),
        mapping=depth,
        rate=float(mapping["fc0"].get("bias_gain", 0.01)),
        classes=0 if embedded is None else embedded.shape[1],
        clamp=conv.get("conv_clamp"),
    )
    names = {f"mapping.layers.{k}.{kind}": f"mapping.fc{k}.{kind}" for k in range(depth) for kind in ("weight", "bias")}
    if embedded is not None:
        names |= {f"mapping.embed.{kind}": f"mapping.embed.{kind}" for kind in ("weight", "bias")}
    names["const"] = "synthesis.b4.const"
    for level, side in enumerate(sides):
        block, ours = f"synthesis.b{side}", f"levels.{level}"
        for theirs, own in (("conv0", "up"), ("conv1", "conv")) if level else (("conv1", "conv"),):
            names |= _affine(f"{ours}.{own}", f"{block}.{theirs}", "affine")
            names |= {f"{ours}.{own}.noise": f"{block}.{theirs}.noise_const"}
            names |= {f"{ours}.{own}.strength": f"{block}.{theirs}.noise_strength"}
            names |= {f"{ours}.{own}.bias": f"{block}.{theirs}.bias"}
        names |= _affine(f"{ours}.colours", f"{block}.torgb", "affine")
        names |= {f"{ours}.colours.bias": f"{block}.torgb.bias"}
    return _built(settings, names, state, filters=".resample_filter", unused={"mapping.w_avg"})


def from_rosinality(state: dict[str, Tensor]) -> StyleGAN2:
    """From the layers of a `Generator`; its mapping network's learning rate is taken to be the usual hundredth.

    Raises:
        ModelError: Another architecture.
    """
    state = {name: tensor.float() for name, tensor in state.items() if isinstance(tensor, Tensor)}
    if state["input.input"].shape[-1] != 4:
        raise ModelError(f"begins at {state['input.input'].shape[-1]} px, not at 4 px: another architecture")
    count = sum(f"to_rgbs.{k}.bias" in state for k in range(16))
    depth = sum(f"style.{k}.weight" in state for k in range(1, 64))
    layers = [(0, "conv", "conv1"), *((k + 1, own, f"convs.{2 * k + i}") for k in range(count)
              for i, own in enumerate(("up", "conv")))]  # fmt: skip
    names = {f"mapping.layers.{k}.{kind}": f"style.{k + 1}.{kind}" for k in range(depth) for kind in ("weight", "bias")}
    names["const"] = "input.input"
    for number, (level, own, theirs) in enumerate(layers):
        ours = f"levels.{level}.{own}"
        names |= _affine(ours, f"{theirs}.conv", "modulation")
        names |= {f"{ours}.noise": f"noises.noise_{number}", f"{ours}.strength": f"{theirs}.noise.weight"}
        names |= {f"{ours}.bias": f"{theirs}.activate.bias"}
    for level in range(count + 1):
        theirs = f"to_rgbs.{level - 1}" if level else "to_rgb1"
        names |= _affine(f"levels.{level}.colours", f"{theirs}.conv", "modulation")
        names |= {f"levels.{level}.colours.bias": f"{theirs}.bias"}
    missing = [theirs for theirs in names.values() if theirs not in state and not theirs.startswith("noises.")]
    if missing or not count:
        raise ModelError(f"incomplete: {(missing or ['to_rgbs.0.bias'])[0]} is missing")
    widths = [state["input.input"].shape[1], *(state[f"convs.{2 * k}.activate.bias"].numel() for k in range(count))]
    w_dim = state["style.1.weight"].shape[1]
    settings = StyleGAN2Settings(channels=tuple(widths), z_dim=w_dim, w_dim=w_dim, hidden=w_dim, mapping=depth)
    return _built(settings, names, state, filters=".kernel", unused={"latent_avg"})


def _affine(ours: str, theirs: str, style: str) -> Names:
    parts = {f"{ours}.affine.{kind}": f"{theirs}.{style}.{kind}" for kind in ("weight", "bias")}
    return {f"{ours}.weight": f"{theirs}.weight", **parts}


def _built(
    settings: StyleGAN2Settings, names: Names, state: dict[str, Tensor], *, filters: str, unused: set[str]
) -> StyleGAN2:
    """The generator with the tensors under our names and shapes, every one accounted for."""
    known = {*names.values(), *unused}
    if strangers := sorted(name for name in state if name not in known and not name.endswith(filters)):
        raise ModelError(f"another network: it also holds {strangers[0]}")
    _check_filters([tensor for name, tensor in state.items() if name.endswith(filters)])
    with torch.device("meta"):
        generator = StyleGAN2(settings)
    shapes = {name: tensor.shape for name, tensor in generator.state_dict().items()}
    tensors = {"w_mean": torch.zeros(settings.w_dim), "w_std": torch.ones(settings.w_dim)}
    for ours, theirs in names.items():
        tensor = state.get(theirs)
        if tensor is None and ours.endswith((".noise", ".strength")):  # networks without noise inputs
            tensor = torch.zeros(shapes[ours])
        if tensor is None or tensor.numel() != shapes[ours].numel():
            found = "is missing" if tensor is None else f"is of shape {list(tensor.shape)}"
            raise ModelError(f"its layers do not fit together: {theirs} {found}")
        tensors[ours] = tensor.reshape(shapes[ours])
    if not all(bool(tensor.isfinite().all()) for tensor in tensors.values()):
        raise ModelError("holds weights that are not finite: its training had broken down")
    generator.load_state_dict(tensors, assign=True)
    return generator.measure()


def _check_filters(filters: list[Tensor]) -> None:
    taps = torch.tensor(FILTER) / sum(FILTER)
    for each in filters:
        if each.shape != (4, 4) or not torch.allclose(each / each.sum(), taps[:, None] * taps, atol=1e-5):
            raise ModelError("enlarges with another filter than [1,3,3,1]: another architecture")
