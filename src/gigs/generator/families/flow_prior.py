"""What the coarse part of a picture may be: a small flow over its coordinates along the catalogue's directions.

A picture's 256 strongest principal directions show a blurred product of the right shape and colour. So few numbers need
no convolutions: a network of a few wide layers learns their distribution from millions of examples in minutes, and the
large network of the latent flow only adds the detail to a coarse picture that is given (a cascade, as in Ho et al.
2022).

Coordinates have variance 1. The velocity is that of a normal distribution plus what the network answers, so an
untrained prior draws normal vectors, and the network learns only what is not normal about products.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from gigs.generator.families.flow_conditions import ConditionTables, Vocabulary
from gigs.generator.families.flow_steps import Velocity, backwards, forwards, times

FREQUENCIES = 32
EMBEDDED = 128  # width of the embedding of time and conditions
STEPS = 20
CORRECTIONS = 20


class FlowPrior(nn.Module):
    """A flow between coordinates and normal vectors, `[N,size]` both.

    Args:
        size: Number of coordinates.
        width: Of its layers.
        blocks: Number of residual blocks.
        vocabulary: Values of each condition.
    """

    def __init__(self, size: int, width: int, blocks: int, vocabulary: Vocabulary) -> None:
        super().__init__()
        self.size = size
        self.enter = nn.Linear(size, width)
        self.time = nn.Sequential(nn.Linear(2 * FREQUENCIES, EMBEDDED), nn.SiLU(), nn.Linear(EMBEDDED, EMBEDDED))
        self.tables = ConditionTables(vocabulary, EMBEDDED)
        self.blocks = nn.ModuleList(_Block(width) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.leave = nn.Linear(width, size)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, x: Tensor, time: Tensor, conditions: Tensor) -> Tensor:
        """How fast points `x [N,size]` move towards noise, `[N,size]`.

        Args:
            x: Points on their ways.
            time: `[N]` from 0 (coordinates) to 1 (noise).
            conditions: `[N,conditions]` int64 as `flow_conditions.labels` counts them; 0 where there is none.
        """
        spread = ((1 - time) ** 2 + time**2).sqrt()[:, None]
        angles = time[:, None] * torch.exp(torch.linspace(0, math.log(1000), FREQUENCIES, device=x.device))
        told = nn.functional.silu(self.time(torch.cat([angles.sin(), angles.cos()], dim=1)) + self.tables(conditions))
        hidden = self.enter(x / spread)
        for block in self.blocks:
            hidden = block(hidden, told)
        answer = self.leave(self.norm(hidden))
        return (2 * time - 1)[:, None] / spread**2 * x + answer / spread

    def draw(self, velocity: Velocity, points: Tensor, start: float = 1.0) -> Tensor:
        """Points `[N,size]` at time `start` to coordinates, by a velocity that asks this network."""
        return forwards(velocity, points, times(_count(start), start), "heun")

    def undraw(self, velocity: Velocity, coordinates: Tensor, end: float = 1.0) -> Tensor:
        """Coordinates `[N,size]` to the points at time `end` from which `draw` leads to them."""
        return backwards(velocity, coordinates, times(_count(end), end), "heun", CORRECTIONS)


def _count(reach: float) -> int:
    return max(1, round(STEPS * reach))


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.wide = nn.Linear(width, 2 * width)
        self.told = nn.Linear(EMBEDDED, 2 * width)
        self.narrow = nn.Linear(2 * width, width)
        nn.init.zeros_(self.narrow.weight)
        nn.init.zeros_(self.narrow.bias)

    def forward(self, hidden: Tensor, told: Tensor) -> Tensor:
        inner = nn.functional.silu(self.wide(self.norm(hidden)) + self.told(told))
        return hidden + self.narrow(inner)
