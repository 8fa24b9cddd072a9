"""Every difference between the paper's text, its code and the honest protocol does what it says."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from gigs.errors import InputError
from gigs.experiments.dropout_scorer import DropoutLeftOn
from gigs.experiments.protocol import PROTOCOLS, Protocol, get_protocol
from gigs.experiments.row_figures import cell_figures, item_values, shift_of, values_of
from gigs.method.presets import get_preset

TEXT, CODE, HONEST = (PROTOCOLS[name] for name in ("paper-text", "paper-code", "honest"))
RECORD = {
    "cell": "a", "method": "gradient", "item": 0, "users": 1, "seen": False,
    "scores": {"photo": [1.0], "base": [0.5], "suggestions": [0.0, 6.0, 2.0, 5.0, 1.0, 4.0]},
    "z": {
        "target": {"photo": [0.0], "base": [1.0], "suggestions": [0.0, 3.0, 0.0, 3.0, 0.0, 3.0]},
        "judge-1": {"photo": [1.0], "base": [1.0], "suggestions": [1.0, 2.0, 1.0, 2.0, 1.0, 2.0]},
        "judge-2": {"photo": [0.0], "base": [1.0], "suggestions": [0.0, 0.0, 0.0, 0.0, 0.0, 0.0]},
    },
    "kept": [True, False, True, True, True, False],
    "opposite_ssim_code": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
    "opposite_ssim_pairs": [0.2] * 15,
}  # fmt: skip


def test_text_and_code_set_n_radius_and_weights_and_leave_the_steps():
    preset = get_preset("fast", steps=7)
    text, code, honest = (one.applied(preset) for one in (TEXT, CODE, HONEST))
    for one, n, radius, weights in ((text, 8, 0.4, (1, 1, 1)), (code, 6, 0.5, (0.1, 1, 1))):
        shifting = one.shifting
        assert (shifting.n, shifting.radius, one.support.n) == (n, radius, n)
        assert (shifting.class_weight, shifting.shift_weight, shifting.preference_weight) == weights
        assert shifting.steps == one.inversion.steps == 7 and shifting.optimiser == preset.shifting.optimiser
    assert honest == preset


def test_only_the_code_keeps_the_best_three():
    scores = RECORD["scores"]["suggestions"]
    assert values_of(RECORD, "preference", CODE) == [6.0, 5.0, 4.0]
    assert values_of(RECORD, "preference", TEXT) == values_of(RECORD, "preference", HONEST) == scores
    assert values_of(RECORD, "category_kept", CODE) == [0.0, 1.0, 0.0]  # of the same three


def test_the_codes_gain_is_against_the_reconstruction():
    assert shift_of(RECORD, replace(CODE, keep=None))[1] == 5.5
    assert shift_of(RECORD, TEXT)[1] == shift_of(RECORD, HONEST)[1] == 5.0


def test_a_sampled_design_is_the_baseline_where_there_is_no_photo():
    scores = {name: value for name, value in RECORD["scores"].items() if name != "photo"}
    assert shift_of(RECORD | {"scores": scores}, HONEST)[1] == 5.5
    assert shift_of(RECORD | {"scores": {"suggestions": [1.0]}}, HONEST) == []


def test_only_the_honest_protocol_asks_judges():
    assert "judges_gain" in cell_figures([RECORD], HONEST)
    for protocol in (TEXT, CODE):
        assert not any(name.startswith(("z", "judges")) for name in cell_figures([RECORD], protocol))


def test_judges_gains_are_means_over_judges_and_not_the_targets():
    assert values_of(RECORD, "judges_gain", HONEST) == [0.0, 0.5, 0.0, 0.5, 0.0, 0.5]
    assert item_values([RECORD], "judges_gain", HONEST) == {0: 0.25}
    assert item_values([RECORD], "z_gain:target", HONEST) == {0: 1.5}


def test_each_protocol_has_its_own_opposite_ssim():
    assert [one.diversity.rpartition("_")[2] for one in (TEXT, CODE, HONEST)] == ["text", "code", "pairs"]


def test_only_the_code_starts_many_users_from_random_designs_and_limits_the_real_pictures():
    assert [one.photos_for_many for one in (TEXT, CODE, HONEST)] == [True, False, True]
    assert [one.real_pictures for one in (TEXT, CODE, HONEST)] == [None, 1000, None]
    assert [one.gate for one in (TEXT, CODE, HONEST)] == [False, False, True]


def scorer(rate, seed=0):
    theta = torch.tensor([1.0, -2.0, 0.5])
    return DropoutLeftOn(lambda images: images.mean((2, 3)), theta, rate=rate, rng=torch.Generator().manual_seed(seed))


def test_dropout_left_on_is_wrong_each_time_and_right_on_average():
    images = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    noisy, exact = scorer(0.5), scorer(0.0)(images)
    looks = torch.stack([noisy(images) for _ in range(4000)])
    assert (looks[0] - looks[1]).abs().max() > 0.01
    assert torch.allclose(looks.mean(0), exact, atol=4 * float(looks.std(0).max()) / 4000**0.5)


def test_dropout_left_on_follows_its_own_seed_and_lets_gradients_through():
    images = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(1)).requires_grad_()
    assert torch.equal(scorer(0.5, 3)(images), scorer(0.5, 3)(images))
    scorer(0.2)(images).sum().backward()
    assert images.grad is not None and images.grad.abs().sum() > 0
    assert PROTOCOLS["paper-code"].dropout == 0.5 and TEXT.dropout == HONEST.dropout == 0


def test_impossible_protocols_are_refused():
    with pytest.raises(InputError, match="honest"):
        get_protocol("kind")
    for wrong in ({"baseline": "moon"}, {"dropout": 1.0}, {"n": 2, "keep": 3}):
        with pytest.raises(InputError, match="protocol x"):
            Protocol(name="x", words="", **wrong)
