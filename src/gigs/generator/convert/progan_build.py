"""From the layers of a public ProGAN checkpoint to a generator of ours.

Both repositories use He's constant, sqrt(2 / inputs), for the equalised learning rate, as our layers do. GAN zoo
multiplies a layer's output by it, bias included; `pro_gan_pytorch` multiplies the weights alone, and its first layer is
a transposed 4x4 convolution of a 1x1 picture: a dense layer in other clothes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from torch import Tensor

from gigs.errors import ModelError
from gigs.generator.convert.progan_formats import ProGANCheckpoint
from gigs.generator.families.progan_public import PublicProGAN, PublicSettings
from gigs.io.build import without_memory


def build(checkpoint: ProGANCheckpoint, resolution: int | None = None) -> PublicProGAN:
    """The generator with its weights, in fp32, sharing memory with `checkpoint` where a layer needs no change.

    Args:
        checkpoint: What `recognise` returned.
        resolution: Draw at this level's colours instead of the highest one's.

    Raises:
        ModelError: Missing, additional or ill-fitting layers; or an unfinished checkpoint and no `resolution` given.
    """
    _check_names(checkpoint)
    checkpoint = _only(checkpoint, _top_level(checkpoint, resolution))
    top = checkpoint.level_count() - 1
    tensors = dict(_converted(checkpoint, top))
    channels = tuple(len(tensors[f"{name}.bias"]) for name in ("first", *(f"convs.{k}" for k in range(top))))
    if len(tensors["to_rgb.bias"]) != 3:
        raise ModelError(f"draws pictures of {len(tensors['to_rgb.bias'])} channel(s); gigs needs three colours")
    settings = PublicSettings(channels=channels, latent_dim=tensors["dense.weight"].shape[1], **checkpoint.variant)
    with without_memory():  # for weights that are replaced at once
        generator = checkpoint.family(settings)
    try:
        generator.load_state_dict(tensors, assign=True)
    except RuntimeError as error:
        raise ModelError(f"its layers do not fit together ({str(error).splitlines()[-1].strip()})") from error
    if not all(bool(tensor.isfinite().all()) for tensor in tensors.values()):
        raise ModelError("holds weights that are not finite: its training had broken down")
    return generator


def _check_names(checkpoint: ProGANCheckpoint) -> None:
    layers = [layer for k in range(checkpoint.level_count()) for layer in checkpoint.layout.level(k)]
    expected = [f"{layer}.{kind}" for layer in layers for kind in ("weight", "bias")]
    if missing := [name for name in expected if name not in checkpoint.state]:
        raise ModelError(f"incomplete: {missing[0]} is missing, and {len(missing) - 1} more of {len(expected)}")
    if unknown := sorted(set(checkpoint.state) - set(expected)):
        raise ModelError(f"another network: it also holds {unknown[0]}, unknown to {checkpoint.format}")


def _top_level(checkpoint: ProGANCheckpoint, resolution: int | None) -> int:
    """The level to draw at: the last one, or that of `resolution`."""
    levels = checkpoint.level_count()
    if resolution is not None:
        sizes = [4 << k for k in range(1, levels)]
        if resolution not in sizes:
            raise ModelError(f"cannot draw at {resolution} px, only at {', '.join(map(str, sizes))}")
        return sizes.index(resolution) + 1
    top = max((k for k in range(1, levels) if _trained(checkpoint, k)), default=0)
    size = 4 << top
    if top < levels - 1:
        advice = f"set `resolution` to {size}" if top else "there is nothing to draw with"
        raise ModelError(f"its levels above {size} px have had no training step (all biases are zero); {advice}")
    if checkpoint.fading > 0:
        raise ModelError(
            f"its {size} px level was still being faded in (alpha {checkpoint.fading:.2f}); set `resolution` to "
            f"{size} to use that level alone, or to {size // 2} for the one below"
        )
    return top


def _trained(checkpoint: ProGANCheckpoint, k: int) -> bool:
    """Biases begin at zero, and Adam moves them at the first step: a level with none moved has not been trained."""
    return any(bool(checkpoint.state[f"{layer}.bias"].any()) for layer in checkpoint.layout.level(k)[:2])


def _only(checkpoint: ProGANCheckpoint, top: int) -> ProGANCheckpoint:
    """Without the levels above `top`."""
    kept = [
        f"{layer}.{kind}" for k in range(top + 1) for layer in checkpoint.layout.level(k) for kind in ("weight", "bias")
    ]
    return replace(checkpoint, state={name: checkpoint.state[name] for name in kept})


def _converted(checkpoint: ProGANCheckpoint, top: int) -> Iterator[tuple[str, Tensor]]:
    """Weights and biases of the layers that draw at level `top`, under our names."""
    ours = [("dense", "first"), *((f"ups.{k}", f"convs.{k}") for k in range(top))]
    pairs = [pair for k, names in enumerate(ours) for pair in zip(names, checkpoint.layout.level(k)[:2], strict=True)]
    for name, layer in [*pairs, ("to_rgb", checkpoint.layout.level(top)[2])]:
        weight, bias = checkpoint.state[f"{layer}.weight"].float(), checkpoint.state[f"{layer}.bias"].float()
        if bias.ndim != 1 or weight.ndim not in ((2, 4) if name == "dense" else (4,)) or not weight.numel():
            raise ModelError(f"another network: its {layer}.weight is of shape {list(weight.shape)}")
        if weight.ndim == 4 and name == "dense":  # [D,C,4,4] and [C] to [16C,D] and [16C]
            bias = bias.repeat_interleave(weight[0, 0].numel())
            weight = weight.permute(1, 2, 3, 0).flatten(0, 2)
        scale = math.sqrt(2 / weight[0].numel())
        if not checkpoint.equalised:
            weight = weight / scale
        elif checkpoint.scales_bias:
            bias = bias * scale
        yield f"{name}.weight", weight
        yield f"{name}.bias", bias
