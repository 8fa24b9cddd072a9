"""Adam on one tensor is PyTorch's, to the byte."""

import torch

from gigs.transfer.adam import Adam


def test_steps_at_a_falling_rate_are_torchs():
    start, target = torch.linspace(-1, 1, 12).view(3, 4), torch.full((3, 4), 0.3)
    ours, theirs = (start.clone().requires_grad_() for _ in range(2))
    adam = Adam(ours, 0.06 * 0.15, (0.9, 0.98))
    reference = torch.optim.Adam([{"params": [theirs], "lr": 0.06 * 0.15}], betas=(0.9, 0.98))
    pace = torch.optim.lr_scheduler.LambdaLR(reference, lambda step: 1 / (1 + step))
    for step in range(20):
        (ours - target).square().sum().backward()
        adam.step(1 / (1 + step))
        reference.zero_grad()
        (theirs - target).square().sum().backward()
        reference.step()
        pace.step()
    assert torch.equal(ours, theirs) and not torch.equal(ours.detach(), start)


def test_without_a_gradient_nothing_moves():
    value = torch.ones(3, requires_grad=True)
    Adam(value, 0.1, (0.9, 0.98)).step()
    assert torch.equal(value.detach(), torch.ones(3))
