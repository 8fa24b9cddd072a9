"""Derived weights: computed once while frozen, never stale, with a gradient while learning."""

from __future__ import annotations

import copy

import pytest
import torch

from gigs.generator.families.progan_layers import DownConv, EqualisedConv, EqualisedLinear, UpConv
from gigs.vision.frozen import Derived


@pytest.fixture
def counted():
    calls = []

    def double(weight):
        calls.append(weight)
        return weight * 2

    return Derived(double), calls


def frozen(*values):
    return torch.tensor(values)


def test_a_frozen_weights_value_is_computed_once(counted):
    derived, calls = counted
    weight = frozen(1.0, 2.0)
    assert derived(weight) is derived(weight) and len(calls) == 1
    assert torch.equal(derived(weight), weight * 2)


def test_a_changed_weight_is_computed_anew(counted):
    derived, calls = counted
    weight = frozen(1.0, 2.0)
    derived(weight)
    weight.mul_(3)
    assert torch.equal(derived(weight), weight * 2) and len(calls) == 2


def test_another_weight_at_the_same_address_is_not_taken_for_it(counted):
    derived, _ = counted
    for value in range(50):  # a freed tensor's memory is given to the next one of its size
        weight = torch.full((1000,), float(value))
        assert torch.equal(derived(weight), weight * 2)


def test_a_weight_being_learned_keeps_its_gradient(counted):
    derived, calls = counted
    weight = torch.nn.Parameter(frozen(1.0, 2.0))
    for _ in range(2):
        (gradient,) = torch.autograd.grad(derived(weight).sum(), weight)
    assert torch.equal(gradient, frozen(2.0, 2.0)) and len(calls) == 2
    weight.requires_grad_(False)
    assert not derived(weight).requires_grad and derived(weight) is derived(weight)


def test_each_precision_has_its_own(counted):
    derived, _ = counted
    weight = frozen(1.0, 1.001)
    assert derived(weight).dtype is torch.float32
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert derived(weight).dtype is torch.bfloat16
    assert derived(weight).dtype is torch.float32


def test_inference_mode_leaves_nothing_behind_that_autograd_refuses(counted):
    derived, _ = counted
    weight, x = frozen(1.0, 2.0), torch.ones(2, requires_grad=True)
    with torch.inference_mode():
        derived(weight)
    (x * derived(weight)).sum().backward()
    assert torch.equal(x.grad, frozen(2.0, 4.0))


def test_a_critic_that_learns_and_is_frozen_by_turns_is_never_stale():
    layer, x = EqualisedLinear(4, 6), torch.ones(2, 4)
    optimiser = torch.optim.Adam(layer.parameters(), lr=0.1, fused=True)  # steps that no version counts
    for _ in range(3):
        layer.requires_grad_(True)
        layer(x).square().sum().backward()
        layer.requires_grad_(False)
        layer(x)
        optimiser.step()
        assert torch.equal(layer(x), torch.nn.functional.linear(x, layer.weight * layer.scale, layer.bias))


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (EqualisedConv(4, 6, 3), (2, 4, 32, 32)), (UpConv(4, 6), (2, 4, 32, 32)), (UpConv(4, 6), (2, 4, 4, 4)),
        (DownConv(4, 6), (2, 4, 32, 32)), (EqualisedLinear(4, 6), (2, 4)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("bf16", [False, True])
def test_a_frozen_layer_gives_what_a_learning_one_gives_bit_for_bit(layer, shape, bf16):
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0)).requires_grad_()
    twin = copy.deepcopy(layer).eval().requires_grad_(False)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
        for _ in range(2):
            learned, kept = layer(x), twin(x)
            assert torch.equal(learned, kept)
    (expected,) = torch.autograd.grad(learned.float().square().sum(), x)
    (found,) = torch.autograd.grad(kept.float().square().sum(), x)
    assert torch.equal(expected, found)
