import pytest
import torch

from gigs.errors import InputError
from gigs.generator.latent import sample_normal, standardise
from gigs.shifting.optimise import ShiftSettings, project, shift
from gigs.shifting.predictor import ShiftPredictor, seeded_predictor
from gigs.shifting.separation import Repulsion
from gigs.vision.runtime import Runtime
from tests.helpers.small_models import small_generator


@pytest.fixture(scope="module")
def generator():
    return small_generator()


@pytest.fixture(scope="module")
def base(generator):
    return generator.sample(1, torch.Generator().manual_seed(4))


def redness(images):
    return 10 * (images[:, 0] - images[:, 1]).mean(dim=(1, 2))


def run(generator, base, steps=25, seed=0, **changes):
    settings = ShiftSettings(n=4, steps=steps, **changes)
    return shift(generator, base, redness, settings, runtime=Runtime(rng=torch.Generator().manual_seed(seed)))


@pytest.mark.parametrize("radius", [0.1, 0.4, 1.0])
def test_the_applied_shift_is_within_the_radius(generator, base, radius):
    found = run(generator, base, steps=10, radius=radius)
    assert found.shifts.abs().max() <= radius  # exactly: the box has the last word
    torch.testing.assert_close(generator(base + found.shifts), found.images)
    moved = base + found.shifts
    torch.testing.assert_close(moved.mean(1), torch.zeros(4), atol=5e-3, rtol=0)
    torch.testing.assert_close(moved.square().mean(1).sqrt(), torch.ones(4), atol=5e-3, rtol=0)


@pytest.mark.slow
def test_preference_rises_and_the_shifts_differ(generator, base):
    before, after = run(generator, base, steps=0), run(generator, base, steps=40)
    assert redness(after.images).mean() > redness(before.images).mean() + 0.1
    assert redness(after.images).mean() > redness(generator(base)).item()
    assert torch.pdist(after.images.flatten(1)).min() > 1.0


@pytest.mark.slow
def test_the_predictor_is_what_keeps_suggestions_apart(generator, base):
    with_it = run(generator, base, steps=60, preference_weight=0.0)
    without = run(generator, base, steps=60, preference_weight=0.0, class_weight=0.0)
    assert with_it.distinct == 1.0 > without.distinct


def test_same_seed_same_bytes_another_seed_others(generator, base):
    torch.manual_seed(123)  # the global state must not matter
    first = run(generator, base, steps=3)
    torch.manual_seed(456)
    assert torch.equal(first.shifts, run(generator, base, steps=3).shifts)
    assert not torch.equal(first.shifts, run(generator, base, steps=3, seed=1).shifts)


def test_base_and_generator_are_left_as_they_were(generator, base):
    z, weights = base.clone(), {name: tensor.clone() for name, tensor in generator.state_dict().items()}
    run(generator, base, steps=2)
    assert torch.equal(z, base)
    assert all(torch.equal(weights[name], tensor) for name, tensor in generator.state_dict().items())


def test_projection_keeps_what_is_inside():
    z = sample_normal(1, 512, torch.Generator().manual_seed(0))
    inside = standardise(z + 0.01 * torch.randn(8, 512, generator=torch.Generator().manual_seed(1))) - z
    torch.testing.assert_close(project(inside, z, 0.4), inside, atol=1e-5, rtol=0)


def test_the_predictor_learns_and_every_parameter_gets_a_gradient():
    net = seeded_predictor(3, 16, torch.Generator().manual_seed(0))
    logits, shifts = net(torch.rand(3, 3, 64, 64))
    assert logits.shape == (3, 3) and shifts.shape == (3, 16)
    (logits.square().sum() + shifts.square().sum()).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())
    again = seeded_predictor(3, 16, torch.Generator().manual_seed(0))
    assert torch.equal(net.class_head.weight, again.class_head.weight)
    assert isinstance(again, ShiftPredictor)


def test_wrong_settings_are_named(generator, base):
    for wrong in ({"n": 0}, {"n": 10**6}, {"steps": -1}, {"radius": 0.0}, {"radius": float("nan")}):
        with pytest.raises(InputError):
            ShiftSettings(**wrong)
    with pytest.raises(InputError, match="one latent vector"):
        run(generator, torch.cat([base, base]))


@pytest.mark.parametrize("optimiser", ["adam", "sign"])
def test_repulsion_keeps_suggestions_apart_without_training_anything(generator, base, optimiser):
    options = {"separation": "repulsion", "optimiser": optimiser, "learning_rate": 0.1, "final_rate": 0.2, "steps": 20}
    apart = run(generator, base, margin=0.2, **options)
    together = run(generator, base, margin=1e-6, **options)
    assert redness(apart.images).mean() > redness(generator(base)).mean()
    assert apart.shifts.abs().max() <= 0.4
    assert spread(apart.images) > spread(together.images)
    alone = run(generator, base, **options, seed=2)
    assert torch.equal(alone.shifts, run(generator, base, **options, seed=2).shifts)


def spread(images):
    first, second = torch.triu_indices(len(images), len(images), 1)
    return (images[first] - images[second]).square().mean().sqrt()


def test_distinct_counts_twins():
    images = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert Repulsion(0.05).distinct(images) == 1.0
    twins = torch.cat([images, images[:1]])
    assert Repulsion(0.05).distinct(twins) == 0.5
    assert Repulsion(0.05).distinct(images[:1]) == 1.0


def test_a_sign_step_moves_every_coordinate_by_the_rate(generator, base):
    options = {"separation": "repulsion", "optimiser": "sign", "margin": 1e-6, "radius": 4.0}
    still = run(generator, base, steps=0, **options).shifts
    moved = run(generator, base, steps=1, learning_rate=1e-3, **options).shifts
    change = (moved - still).abs()
    assert change.median() == pytest.approx(1e-3, rel=0.1)  # project() standardises afterwards


def test_unknown_ways_are_refused():
    for changes in ({"separation": "magic"}, {"optimiser": "magic"}, {"margin": 0.0}, {"final_rate": 0.0}):
        with pytest.raises(InputError):
            ShiftSettings(**changes)
