"""Generators that can be told what to draw: by values of conditions, more or less strongly."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Self

import torch
from torch import Tensor

from gigs.errors import InputError
from gigs.generator.base import Generator
from gigs.generator.families.flow_conditions import wanted
from gigs.generator.families.flow_steps import Velocity

Network = Callable[[Tensor, Tensor, Tensor], Tensor]  # asked for points, times and conditions


class ToldGenerator(Generator):
    """What generators have in common that were trained with conditions, most of them dropped at times.

    Attributes:
        config: A frozen dataclass of settings, with the fields `conditions` (values of each), `told` (values of some,
            or None) and `guidance` (how far beyond what it is told it goes; 1 does not).
        conditions: `[1,conditions]`, what it is told, as `flow_conditions.labels` counts it.
    """

    config: Any
    conditions: Tensor

    def told(self, values: Mapping[str, str], *, guidance: float | None = None) -> Self:
        """This generator drawing what it is told, such as `{"type": "Dress", "colour": "Black"}`; weights are shared.

        Raises:
            InputError: A condition or a value that it has not learned.
        """
        wanted(self.config.conditions, values)
        return self._with(told=dict(values), guidance=self.config.guidance if guidance is None else guidance)

    def of_class(self, label: int) -> Self:
        """As `told`, by the number of a type.

        Raises:
            InputError: There is none of this number, or it is told no types.
        """
        types = self.config.conditions.get("type", [])
        if not 0 <= label < len(types):
            known = f"types 0 to {len(types) - 1}: {', '.join(types)}" if types else "no types"
            raise InputError(f"class {label}: this generator knows {known}")
        return self.told({"type": types[label]})

    def redraw(self, photos: Tensor, strength: float, rng: torch.Generator | None = None) -> Tensor:
        """Photos taken part of the way to noise, and back by what this generator is told.

        Args:
            photos: `[N,3,R,R]` in `[0,1]`, at the generator's resolution.
            strength: In (0,1], the time to which they are taken: how much may change.
            rng: Takes them there by fresh noise (Meng et al. 2022, SDEdit); without it, they go by the flow that is
                told nothing, which keeps more of them.

        Returns:
            `[N,3,R,R]` in `[0,1]`.

        Raises:
            InputError: `strength` is not in (0,1].
        """
        return self.back(self.renoised(photos, strength, rng), strength)

    def renoised(self, photos: Tensor, strength: float, rng: torch.Generator | None = None) -> Tensor:
        """Points part of the way from photos to noise; what this generator is told makes no difference.

        Arguments and errors: `redraw`. What a point is, the family says.
        """
        raise NotImplementedError

    def back(self, points: Tensor, strength: float) -> Tensor:
        """Pictures `[N,3,R,R]` in `[0,1]` to which points at time `strength` lead, by what this generator is told."""
        raise NotImplementedError

    def latents_of(self, photos: Tensor) -> Tensor:
        """Latents `[N,C,S,S]` of photos `[N,3,R,R]` in `[0,1]`: channels of mean 0, and on average of variance 1."""
        raise NotImplementedError

    def draw(self, latents: Tensor) -> Tensor:
        """Pictures `[N,3,R,R]` in `[0,1]` of such latents."""
        raise NotImplementedError

    def _velocity_of(self, network: Network) -> Velocity:
        """Of a network, told what this generator is told."""
        return told_velocity(network, self.conditions, self.config.guidance)

    def _with(self, **changes: Any) -> Self:
        """A view of this generator with other settings; weights are shared."""
        other = copy.copy(self)
        other.config = replace(self.config, **changes)
        other.conditions = wanted(other.config.conditions, other.config.told or {})
        return other


def require_strength(strength: float) -> None:
    """Refuse a strength that is not in (0,1].

    Raises:
        InputError: It is not.
    """
    if not 0 < strength <= 1:
        raise InputError(f"strength must be above 0 and at most 1, not {strength}")


def told_velocity(network: Network, conditions: Tensor, guidance: float = 1.0) -> Velocity:
    """How fast points move by a network that is told conditions, `[1,conditions]` or a row for each point.

    `guidance`: how far beyond what it is told it goes; 1 does not, other numbers ask the network twice.
    """

    def velocity(x: Tensor, time: float) -> Tensor:
        at = torch.full((len(x),), time, device=x.device)
        told = conditions.to(x.device).expand(len(x), -1)
        found = network(x, at, told)
        if guidance == 1 or not told.any():
            return found
        untold = network(x, at, torch.zeros_like(told))
        return untold + guidance * (found - untold)

    return velocity
