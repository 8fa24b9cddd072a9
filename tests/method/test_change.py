"""`--change`: one number between changing less and improving more."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from gigs.audience import Audience
from gigs.errors import InputError
from gigs.method.models import Models
from gigs.method.pipeline import suggest
from gigs.method.presets import LEAST_BUDGET, MOST_BUDGET, PRESETS, get_preset, with_change
from gigs.method.product import Product
from gigs.shifting.budget import Budget
from gigs.shifting.optimise import Shifted
from gigs.vision.runtime import Runtime
from tests.helpers.command_line import gigs
from tests.helpers.small_models import small_generator, small_recommender


@pytest.mark.parametrize("name", PRESETS)
def test_the_middle_is_the_preset_and_the_ends_are_reached_step_by_step(name):
    preset = get_preset(name)
    assert with_change(preset, 0.5) is preset
    found = [with_change(preset, amount / 20) for amount in range(21)]
    radii = [each.shifting.radius for each in found]
    assert radii == sorted(set(radii)) and math.isclose(radii[10], preset.shifting.radius)
    assert (radii[0], radii[-1]) == pytest.approx((preset.shifting.radius / 4, preset.shifting.radius * 2))
    budgets = [each.budget for each in found]
    assert budgets[0] == LEAST_BUDGET and budgets[:10] == sorted(budgets[:10]) and budgets[9] < MOST_BUDGET
    assert budgets[10:] == [None] * 11
    if preset.support:
        reaches = [each.support.reach for each in found]
        assert reaches == sorted(set(reaches)) and reaches[-1] == 1.0
        assert reaches[0] == pytest.approx(preset.support.reach / 4)


@pytest.mark.parametrize("amount", [-0.1, 1.1, math.nan, math.inf])
def test_other_numbers_are_refused_in_one_line(amount, small_pack, tmp_path):
    with pytest.raises(InputError, match=r"from 0 \(change less\) to 1"):
        with_change(get_preset("fast"), amount)
    done = gigs("suggest", "--example", 1, "--pack", small_pack, f"--change={amount}", "--out", tmp_path / "out")
    assert done.returncode == 2 and "change less" in done.stderr and not (tmp_path / "out").exists()


def test_a_budget_is_above_zero():
    with pytest.raises(InputError, match="similarity budget"):
        replace(get_preset("fast"), budget=0.0)


def test_nothing_lies_beyond_the_budget(perceptual):
    models = Models(small_generator(), small_recommender(), perceptual)
    audience = Audience("everyone", 4, models.recommender.user_factors.mean(0).detach())
    photo = models.generator(models.generator.sample(1, torch.Generator().manual_seed(8)))
    preset = get_preset("paper-text", n=4, steps=3)
    free = suggest(models, Product(photo=photo), audience, preset)
    most = free.lpips.min().item() / 2
    assert most > 0
    kept = suggest(models, Product(photo=photo), audience, replace(preset, budget=most))
    assert (kept.lpips <= most).all() and kept.lpips.max() > 0
    loose = suggest(models, Product(photo=photo), audience, replace(preset, budget=free.lpips.max().item() * 1.01))
    assert torch.equal(loose.shifted.images, free.shifted.images)


def test_where_no_shift_is_small_enough_it_is_taken_back(perceptual):
    generator = small_generator()
    z = generator.sample(1, torch.Generator().manual_seed(1))
    base = generator(z)
    other = generator.sample(2, torch.Generator().manual_seed(2))
    held = Budget(perceptual, base, 1e-9).hold(generator, z, Shifted(other - z, generator(other), 1.0))
    torch.testing.assert_close(held.images, base.expand(2, -1, -1, -1))
    torch.testing.assert_close(held.shifts, torch.zeros_like(held.shifts), atol=1e-5, rtol=0)


def test_steps_hand_out_pictures_and_the_result_does_not_depend_on_who_looks(perceptual):
    models = Models(small_generator(), small_recommender(), perceptual)
    audience = Audience("everyone", 4, models.recommender.user_factors.mean(0).detach())
    photo = models.generator(models.generator.sample(1, torch.Generator().manual_seed(8)))
    preset = get_preset("paper-text", n=3, steps=2)
    seen = []
    watched = suggest(models, Product(photo=photo), audience, preset, runtime=Runtime(on_step=seen.append))
    shown = [step.images for step in seen if step.stage == "redesigning"]
    assert len(shown) == 2 and all(each.shape == (3, 3, 32, 32) and not each.requires_grad for each in shown)
    for each in shown:
        each.zero_()
    assert torch.equal(watched.shifted.images, suggest(models, Product(photo=photo), audience, preset).shifted.images)
