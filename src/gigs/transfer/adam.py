"""Adam (Kingma and Ba 2015, arXiv:1412.6980) on one tensor.

The sums are PyTorch's own. `torch.optim.Adam` around them imports PyTorch's compiler at its first step, which takes as
long as fitting all changes of a photo.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.optim.adam import adam

EPSILON = 1e-8


class Adam:
    """Moves a tensor against its gradient, and then forgets the gradient.

    Args:
        value: A leaf that takes gradients.
        rate: Learning rate.
        betas: Decay of the means of the gradient and of its square.
    """

    def __init__(self, value: Tensor, rate: float, betas: tuple[float, float]) -> None:
        self.value, self.rate, self.betas = value, rate, betas
        self.mean, self.square = torch.zeros_like(value), torch.zeros_like(value)
        self.steps = torch.tensor(0.0)

    @torch.no_grad()
    def step(self, pace: float = 1.0) -> None:
        """One step at `pace` times the rate; none where the value has no gradient."""
        if self.value.grad is None:
            return
        adam(
            [self.value], [self.value.grad], [self.mean], [self.square], [], [self.steps],
            foreach=False, amsgrad=False, beta1=self.betas[0], beta2=self.betas[1], lr=self.rate * pace,
            weight_decay=0.0, eps=EPSILON, maximize=False,
        )  # fmt: skip
        self.value.grad = None
