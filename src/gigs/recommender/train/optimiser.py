"""Adam for a learner; for very many users, one that moves the factors of those users alone that a step is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from gigs.recommender.train.learner import Learner


def optimiser_of(learner: Learner, learning_rate: float) -> torch.optim.Optimizer:
    """Adam over all that is learned; where the learner is `lazy`, its lazy variant over user factors.

    The lazy variant (PyTorch's `SparseAdam`) leaves a user's factors as they are until a triplet is about that user.
    """
    parameters = [parameter for parameter in learner.model.parameters() if parameter.requires_grad]
    if not learner.lazy:
        return torch.optim.Adam(parameters, lr=learning_rate)
    theta = learner.model.theta
    others = [parameter for parameter in parameters if parameter is not theta]
    return Both(torch.optim.Adam(others, lr=learning_rate), torch.optim.SparseAdam([theta], lr=learning_rate))


class Both(torch.optim.Optimizer):
    """Two optimisers as one."""

    def __init__(self, *parts: torch.optim.Optimizer) -> None:
        self.parts = parts
        super().__init__([group for part in parts for group in part.param_groups], {})
        self.param_groups = [group for part in parts for group in part.param_groups]  # the parts' own, not copies

    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One step of each."""
        for part in self.parts:
            part.step()

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all gradients."""
        for part in self.parts:
            part.zero_grad(set_to_none=set_to_none)

    def state_dict(self) -> dict[str, Any]:
        """Of each."""
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Into each."""
        for part, state in zip(self.parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self.param_groups = [group for part in self.parts for group in part.param_groups]
