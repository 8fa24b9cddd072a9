"""The network of a latent flow: diffusers' `UNet2DModel`, told the time and, for each condition, a learned vector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from gigs.errors import ModelError
from gigs.generator.families.diffusion import diffusers
from gigs.generator.families.flow_conditions import ConditionTables, Vocabulary
from gigs.generator.families.flow_path import FlowPath
from gigs.generator.families.flow_prior import FlowPrior

TIME_SCALE = 1000.0  # what diffusers' embedding of the time expects


@dataclass(frozen=True, kw_only=True)
class FlowNetworkSettings:
    """Widths of the network.

    `channels`: from the latents' own side down, each halving the side of the one before; all but the first have
    attention. `layers`: residual blocks a side. `head`: channels of a head of attention. `groups`: of the
    normalisation, dividing every width. `prior_width`, `prior_blocks`: of the `FlowPrior` that draws what is coarse;
    without blocks there is none, and the network itself draws everything from noise.
    """

    channels: tuple[int, ...] = (96, 192, 256)
    layers: int = 2
    head: int = 32
    groups: int = 16
    prior_width: int = 512
    prior_blocks: int = 4

    def __post_init__(self) -> None:
        if not self.channels or any(width < 1 or width % self.groups for width in self.channels):
            raise ValueError(f"channels must be multiples of groups ({self.groups}), not {self.channels}")
        if any(width % self.head for width in self.channels[1:]) or min(self.layers, self.head) < 1:
            raise ValueError(f"channels with attention must be multiples of head ({self.head}); layers at least 1")
        if self.prior_width < 1 or self.prior_blocks < 0:
            raise ValueError("prior_width must be at least 1, prior_blocks 0 or more")

    @property
    def prior(self) -> dict[str, int] | None:
        """Width and blocks of the prior, if there is one."""
        return {"width": self.prior_width, "blocks": self.prior_blocks} if self.prior_blocks else None

    def config(self, latent_channels: int, side: int) -> dict[str, Any]:
        """As diffusers names it, for latents `[N,latent_channels,side,side]`.

        Raises:
            ValueError: The side cannot be halved so often.
        """
        below = len(self.channels) - 1
        if side % 2**below:
            raise ValueError(f"latents of side {side} cannot be halved {below} times")
        return {
            "sample_size": side,
            "in_channels": latent_channels * (2 if self.prior_blocks else 1),
            "out_channels": latent_channels,
            "block_out_channels": list(self.channels),
            "layers_per_block": self.layers,
            "down_block_types": ["DownBlock2D"] + ["AttnDownBlock2D"] * below,
            "up_block_types": ["AttnUpBlock2D"] * below + ["UpBlock2D"],
            "attention_head_dim": self.head,
            "norm_num_groups": self.groups,
            "class_embed_type": "identity",
        }


class FlowNetwork(nn.Module):
    """What leads a point between a latent and noise: a UNet, and the `path` on which it is asked.

    Args:
        config: Of the UNet, as diffusers names it.
        vocabulary: Values of each condition.
        directions: Of the noise, as `FlowPath` counts them.
        prior: `width` and `blocks` of the prior that draws what is coarse; None without one.

    Raises:
        ModelError: diffusers is not installed, or cannot build the UNet.
    """

    def __init__(
        self, config: dict[str, Any], vocabulary: Vocabulary, directions: int = 0, prior: dict[str, int] | None = None
    ) -> None:
        super().__init__()
        self.unet = new_unet(config)
        width = 4 * config["block_out_channels"][0]  # of diffusers' embedding of the time, to which these are added
        side = config["sample_size"]
        self.path = FlowPath((config["out_channels"], side, side), directions, coarse=prior is not None)
        self.prior = FlowPrior(directions, prior["width"], prior["blocks"], vocabulary) if prior else None
        self.tables = ConditionTables(vocabulary, width)
        self.width = width

    def forward(self, x: Tensor, time: Tensor, conditions: Tensor) -> Tensor:
        """The UNet's answer `[N,C,S,S]`, float32, which `path` makes a prediction.

        Args:
            x: Points `[N,C,S,S]`, standardised.
            time: `[N]` from 0 (a latent) to 1 (noise).
            conditions: `[N,conditions]` int64 as `flow_conditions.labels` counts them; 0 where there is none.
        """
        told = torch.zeros(len(x), self.width, device=x.device) + self.tables(conditions)
        answer: Tensor = self.unet(x, time * TIME_SCALE, class_labels=told).sample
        return answer.float()

    def velocity(self, x: Tensor, time: Tensor, conditions: Tensor) -> Tensor:
        """How fast points `x [N,C,S,S]` move towards noise, of the same shape, float32."""
        return self.path.velocity(self, x, time, conditions)


def new_unet(config: dict[str, Any]) -> Any:
    """A `UNet2DModel` of a diffusers configuration, its weights at random.

    Raises:
        ModelError: diffusers is not installed, or cannot build it.
    """
    try:
        return diffusers().UNet2DModel.from_config(dict(config))
    except (TypeError, ValueError, NotImplementedError, AttributeError) as error:
        reason = str(error).partition("\n")[0]
        raise ModelError(f"diffusers cannot build this UNet2DModel ({reason})") from error
