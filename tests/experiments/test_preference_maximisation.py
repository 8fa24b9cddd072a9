"""Preference maximisation: it climbs Eq. 7, the critic's weight matters, and only a pair of one training is taken."""

from dataclasses import replace

import pytest
import torch

from gigs.errors import InputError, ModelError
from gigs.experiments.preference_maximisation import (
    Goal,
    MaximisationSettings,
    load_baseline,
    maximise_preference,
    objective,
)
from gigs.generator.base import save_generator
from gigs.generator.families.dvbpr_critic import save_critic
from tests.helpers.small_models import small_baseline, small_generator

SETTINGS = MaximisationSettings(n=3, restarts=2, steps=8)


def redness(images):
    """Mean of red over green, [N]."""
    return 20 * (images[:, 0] - images[:, 1]).mean(dim=(1, 2))


def maximised(settings, label=1, seed=0, **more):
    generator, critic = small_baseline()
    rng = torch.Generator().manual_seed(seed)
    return maximise_preference(generator, Goal(critic, redness, label), settings, rng=rng, **more)


def parts(images, settings, label=1):
    with torch.no_grad():
        return objective(images, Goal(small_baseline()[1], redness, label), settings)


def test_the_objective_is_that_of_equation_7():
    images = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    found = parts(images, replace(SETTINGS, eta=0.7))
    by_hand = redness(images) - 0.7 * (small_baseline()[1](images, 1) - 1) ** 2
    torch.testing.assert_close(found["objective"], by_hand)
    found = parts(images, replace(SETTINGS, eta=0.7, personalised=False))
    torch.testing.assert_close(found["objective"], by_hand - redness(images))
    assert "score" not in found


@pytest.mark.parametrize("personalised", [True, False])
def test_it_raises_its_objective(personalised):
    settings = replace(SETTINGS, personalised=personalised)
    start, end = maximised(replace(settings, steps=0)), maximised(settings)
    before, after = parts(start.images, settings)["objective"], parts(end.images, settings)["objective"]
    assert end.z.shape == (3, 16) and end.images.shape == (3, 3, 32, 32)
    assert bool((after > before).all())
    torch.testing.assert_close(end.images, small_baseline()[0].of_class(1)(end.z))


def test_of_several_starts_the_best_counts():
    one, five = replace(SETTINGS, n=1, restarts=1), replace(SETTINGS, n=1, restarts=5)
    found = [[parts(maximised(each, seed=seed).images, each)["objective"] for each in (one, five)] for seed in range(4)]
    first, best = (torch.cat(column) for column in zip(*found, strict=True))
    assert bool((best > first - 1e-3).all())  # the first start is the same
    assert (best > first + 0.01).sum() >= 2


def test_the_best_on_the_way_counts_where_a_step_overshoots():
    settings = replace(SETTINGS, learning_rate=50.0, steps=3)
    start, end = maximised(replace(settings, steps=0)), maximised(settings)
    assert bool((parts(end.images, settings)["objective"] >= parts(start.images, settings)["objective"]).all())


def test_eta_trades_preference_for_quality():
    light, heavy = replace(SETTINGS, eta=0.01, steps=20), replace(SETTINGS, eta=50.0, steps=20)
    with_light, with_heavy = (parts(maximised(each).images, each) for each in (light, heavy))
    assert with_light["score"].mean() > with_heavy["score"].mean()
    assert with_light["quality"].mean() < with_heavy["quality"].mean()


def test_without_the_person_preference_is_not_even_asked():
    generator, critic = small_baseline()
    settings = replace(SETTINGS, personalised=False)

    def never(images):
        raise AssertionError("asked")

    one = maximise_preference(generator, Goal(critic, never, 0), settings, rng=torch.Generator().manual_seed(0))
    assert torch.equal(one.z, maximised(settings, label=0).z)


def test_seed_and_class_decide_and_networks_stay_as_they_are():
    generator, critic = small_baseline()
    before = [tensor.clone() for net in (generator, critic) for tensor in net.state_dict().values()]
    seen = []
    rng = torch.Generator().manual_seed(0)
    one = maximise_preference(generator, Goal(critic, redness, 1), SETTINGS, rng=rng, on_step=seen.append)
    assert torch.equal(one.images, maximised(SETTINGS).images)
    assert not torch.equal(one.images, maximised(SETTINGS, seed=1).images)
    assert not torch.equal(one.images, maximised(SETTINGS, label=2).images)
    after = [tensor for net in (generator, critic) for tensor in net.state_dict().values()]
    assert all(torch.equal(old, new) for old, new in zip(before, after, strict=True))
    assert seen[-1].done == seen[-1].total == 48 and set(seen[-1].values) == {"objective", "score", "quality"}


def test_many_rows_go_in_batches_that_change_nothing(monkeypatch):
    whole = maximised(SETTINGS)
    monkeypatch.setattr("gigs.experiments.preference_maximisation.BATCH", 4)
    torch.testing.assert_close(maximised(SETTINGS).z, whole.z, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    "change",
    [{"n": 0}, {"restarts": 0}, {"steps": -1}, {"learning_rate": 0.0}, {"eta": -1.0}, {"eta": float("nan")},
     {"start": 0.0}, {"personalised": False, "eta": 0.0}],
)  # fmt: skip
def test_impossible_settings_are_refused(change):
    with pytest.raises(InputError):
        replace(SETTINGS, **change)


def test_an_unknown_class_is_named():
    with pytest.raises(InputError, match="class 3: this generator has 3 classes: 0 tops, 1 trousers, 2 shoes"):
        maximised(SETTINGS, label=3)


def test_only_a_pair_of_one_training_is_loaded(tmp_path):
    generator, critic = small_baseline()
    save_generator(tmp_path / "generator.safetensors", generator)
    with pytest.raises(ModelError, match=r"critic\.safetensors: no such file"):
        load_baseline(tmp_path)
    save_critic(tmp_path / "critic.safetensors", critic, {"images_shown": 5})
    again, judge = load_baseline(tmp_path)
    pictures = again.of_class(2)(again.sample(2, torch.Generator().manual_seed(0)))
    assert torch.equal(judge(pictures, 2), critic(pictures, 2)) and judge.about == {"images_shown": 5}
    save_critic(tmp_path / "critic.safetensors", small_baseline(classes=("hats", "bags", "shoes"))[1], {})
    with pytest.raises(ModelError, match="other classes or another size"):
        load_baseline(tmp_path)
    save_generator(tmp_path / "generator.safetensors", small_generator())
    with pytest.raises(ModelError, match="has family progan; preference maximisation needs"):
        load_baseline(tmp_path)
