"""Which public ProGAN a checkpoint holds: the formats of `pro_gan_pytorch` and `pytorch_GAN_zoo`, told by their names.

Facts are from the repositories' sources: `pro_gan_pytorch` as released on the package index (2.0, 2.1.1, 3.4) and
`pytorch_GAN_zoo` (`progressive_conv_net.py`, `custom_layers.py`, `base_GAN.py`, `base_loss_criterions.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from gigs.errors import ModelError
from gigs.generator.convert.within import unwrapped
from gigs.generator.families.progan_public import LEVELS, GANZooPGAN, ProGANPyTorch, PublicProGAN

Tensors = dict[str, Tensor]

# Activation after the last layer, by the loss that GAN zoo trained with.
ZOO_OUTPUTS = {"WGANGP": "linear", "Logistic": "linear", "MSE": "tanh", "DCGAN": "tanh"}

# Every format that is tried, for who gave another.
KNOWN = (
    "StyleGAN2 of stylegan2-ada-pytorch or rosinality's stylegan2-pytorch (bare, under a name such as g_ema, or as the "
    "decoder in an encoder's checkpoint), BigGAN-PyTorch, pytorch-pretrained-BigGAN, pro_gan_pytorch 2 and 3, "
    "pytorch_GAN_zoo's PGAN; and folders of diffusers"
)

# Parts of names that give other networks away.
STRANGERS = (
    (("rgb_to_features", "from_rgb", "fromRGB", "final_block", "decisionLayer"), "a critic, not a generator"),
    (("mapping", "style", "synthesis", "adain"), f"a StyleGAN of a form that is not known; tried: {KNOWN}"),
    (("batchNorm", "running_mean"), "a network with batch normalisation (a DCGAN?), not a ProGAN"),
    (("param_groups",), "an optimiser's state, not a generator"),
)


class Record:
    """Stands in for GAN zoo's configuration object: attributes and nothing else."""


@dataclass(frozen=True)
class Layout:
    """Where a format keeps its layers; `{k}` is the level, `{j}` is k - 1."""

    dense: str
    first: str
    up: str
    conv: str
    rgb: str

    def level(self, k: int) -> tuple[str, str, str]:
        """Names of a level's layers: the dense or doubling one, the 3x3 one, the colours."""
        lower, upper = (self.dense, self.first) if k == 0 else (self.up, self.conv)
        return lower.format(k=k, j=k - 1), upper.format(k=k, j=k - 1), self.rgb.format(k=k)


VERSION_3 = Layout("layers.0.conv_1", "layers.0.conv_2", "layers.{k}.conv_1", "layers.{k}.conv_2", "rgb_converters.{k}")
VERSION_2 = Layout(
    "initial_block.conv_1", "initial_block.conv_2", "layers.{j}.conv_1", "layers.{j}.conv_2", "rgb_converters.{k}"
)
ZOO = Layout("formatLayer", "groupScale0.0", "scaleLayers.{j}.0", "scaleLayers.{j}.1", "toRGBLayers.{k}")


@dataclass(frozen=True, kw_only=True)
class ProGANCheckpoint:
    """A generator's layers under their own names, and how they are meant.

    `equalised`: weights are scaled by He's constant at run time, and biases too with `scales_bias`. `variant`: settings
    that no shape tells. `fading`: share of the level below in the picture, where training stopped amid a transition.
    """

    format: str
    family: type[PublicProGAN]
    layout: Layout
    state: Tensors
    equalised: bool
    scales_bias: bool
    variant: dict[str, Any]
    fading: float = 0.0

    def level_count(self) -> int:
        """How many levels the layers' names speak of."""
        spoken = [k for k in range(LEVELS.stop) if any(f"{n}.weight" in self.state for n in self.layout.level(k))]
        return max(spoken, default=-1) + 1


def recognise(content: Any) -> ProGANCheckpoint:
    """Tell the format by the names inside.

    Args:
        content: What the file holds: plain containers, tensors and at most a `Record`.

    Raises:
        ModelError: No generator of a known format; the message says what it is instead, where that can be told.
    """
    if not isinstance(content, Mapping):
        raise ModelError(f"holds a {type(content).__name__}, not a checkpoint with named layers")
    if "netG" in content or "avgG" in content:
        return _from_zoo(content)
    for name in ("shadow_generator", "generator"):  # the average is what the original draws with, too
        if name in content:
            return _from_version_3(content[name], name)
    if "conf" in content and "state_dict" in content:
        return _from_version_3(content, "state_dict")
    return _from_bare_layers(_layers(content))


def _from_version_3(part: Any, name: str) -> ProGANCheckpoint:
    conf = part.get("conf") if isinstance(part, Mapping) else None
    state = _layers(part if conf is None else part.get("state_dict"))
    if not isinstance(conf, Mapping) or not _fits(VERSION_3, state):
        raise ModelError(_stranger(state))
    return ProGANCheckpoint(
        format=f"pro_gan_pytorch 3 ({name})", family=ProGANPyTorch, layout=VERSION_3, state=state,
        equalised=bool(conf.get("use_eql", True)), scales_bias=False, variant={"norm_latent": True},
    )  # fmt: skip


def _from_bare_layers(state: Tensors) -> ProGANCheckpoint:
    """A state dict alone, as version 2 of pro_gan_pytorch writes it (`GAN_GEN_SHADOW_8.pth`)."""
    if "initial_block.conv_1.deconv.weight" in state:
        raise ModelError(
            "saved by pro_gan_pytorch 1, which scales its layers by numbers drawn anew at every start and kept in no "
            "file: what it drew cannot be computed again"
        )
    if _fits(ZOO, state):
        raise ModelError("a GAN zoo generator without its configuration; give the whole checkpoint, with 'config'")
    for version, layout in ((2, VERSION_2), (3, VERSION_3)):  # in this order: names of 2 include those of 3's start
        if _fits(layout, state):
            return ProGANCheckpoint(
                format=f"pro_gan_pytorch {version} (bare weights)", family=ProGANPyTorch, layout=layout, state=state,
                equalised=_looks_equalised(state.get(f"{layout.first}.weight")), scales_bias=False,
                variant={"norm_latent": version == 3},
            )  # fmt: skip
    raise ModelError(_stranger(state))


def _from_zoo(content: Mapping[str, Any]) -> ProGANCheckpoint:
    name = "avgG" if "avgG" in content else "netG"
    state, config = _layers(content[name]), content.get("config")
    config = vars(config) if isinstance(config, Record) else config
    if not _fits(ZOO, state):
        raise ModelError(_stranger(state))
    if not isinstance(config, Mapping):
        raise ModelError("a GAN zoo checkpoint without its configuration ('config')")
    if config.get("attribKeysOrder") or config.get("categoryVectorDim"):
        raise ModelError("conditional (AC-GAN): part of its input is a category, no latent vector; not supported")
    if not config.get("perChannelNormalization", True):
        raise ModelError("trained without per-channel normalisation, which GAN zoo's own generator cannot run either")
    loss = config.get("lossCriterion", "WGANGP")
    if loss not in ZOO_OUTPUTS:
        raise ModelError(f"trained with an unknown loss {loss!r}; known: {', '.join(ZOO_OUTPUTS)}")
    leak = float(config.get("leakyReluLeak", 0.2))
    return ProGANCheckpoint(
        format=f"pytorch_GAN_zoo PGAN ({name})", family=GANZooPGAN, layout=ZOO, state=state,
        equalised=bool(config.get("equalizedlR", True)), scales_bias=True, fading=float(config.get("alpha", 0)),
        variant={"norm_dense": True, "leak": leak, "output": ZOO_OUTPUTS[loss]},
    )  # fmt: skip


def _fits(layout: Layout, state: Tensors) -> bool:
    """Whether the first layer is where this layout has it."""
    return any(f"{layout.dense}.{kind}" in state for kind in ("weight", "bias"))


def _layers(state: Any) -> Tensors:
    """A state dict without what DataParallel, torch.compile and GAN zoo's wrapped layers put into names.

    Raises:
        ModelError: No named layers, or those of a network known to be another.
    """
    if not isinstance(state, Mapping) or not state:
        raise ModelError("holds no named layers")
    for signs, verdict in STRANGERS:
        if any(sign in str(name) for sign in signs for name in state):
            raise ModelError(verdict)
    if not all(isinstance(name, str) and isinstance(value, Tensor) for name, value in state.items()):
        raise ModelError(_stranger(state))
    return {unwrapped(name): tensor for name, tensor in state.items()}


def _stranger(state: Mapping[Any, Any]) -> str:
    shown = ", ".join(map(str, list(state)[:3])) + (", ..." if len(state) > 3 else "")
    return f"no generator of a known format (it holds {shown}); tried: {KNOWN}"


def _looks_equalised(weight: Tensor | None) -> bool:
    """Whether a 3x3 kernel was trained with the equalised learning rate, by its size.

    With it, weights begin at unit standard deviation and stay near; without, at PyTorch's (3 * inputs)^-1/2. The bound
    is the geometric mean of both. Bare weights come without settings, so there is nothing else to tell by.
    """
    if weight is None or weight.ndim != 4 or not weight.numel():
        return True
    return float(weight.float().square().mean().sqrt()) > (3 * weight[0].numel()) ** -0.25
