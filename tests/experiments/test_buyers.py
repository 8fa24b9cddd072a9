"""Any set of users under every scorer, and when a pack's judges may not be asked."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from small_bench import small_bench, with_judges
from small_models import small_recommender

from gigs.errors import InputError
from gigs.experiments.buyers import _why_no_judges, find_buyers, same_weights
from gigs.packs import load_pack


@pytest.fixture(scope="module")
def bench(tiny_catalogue, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIGS_COMPUTE", "fp32")
        yield with_judges(small_bench(tmp_path_factory.mktemp("bench"), tiny_catalogue))


@pytest.mark.weights
def test_an_audience_is_the_mean_of_its_users_under_every_scorer(bench):
    wanted = bench.buyers.audience([2, 5, 7])
    assert wanted.users == 3 and torch.allclose(wanted.theta, bench.buyers.eyes[0].factors[[2, 5, 7]].mean(0))
    for eye, scorer in zip(bench.buyers.eyes, wanted.scorers, strict=True):
        z = scorer.z_of(eye.items.float())
        assert float(z.mean()) == pytest.approx(0, abs=1e-4) and float(z.std(unbiased=False)) == pytest.approx(
            1, abs=1e-4
        )


@pytest.mark.weights
def test_scores_of_an_audience_are_the_mean_of_its_users_scores(bench):
    phi = torch.randn(4, bench.models.recommender.feature_count)
    alone = torch.stack([phi @ bench.buyers.audience([user]).theta for user in (1, 4)]).mean(0)
    assert torch.allclose(phi @ bench.buyers.audience([1, 4]).theta, alone, atol=1e-6)


def about(**judge):
    info = {"scorers": {"t": {"role": "target"}, "j": {"role": "judge", "trained": judge}}}
    return SimpleNamespace(name="p", info={"verify": info})


def trained_on(**settings):
    model = small_recommender()
    model.about = {"settings": settings}
    return model


def test_judges_that_know_the_targets_buyers_are_not_asked():
    panel = object()
    assert _why_no_judges(trained_on(fold=0, folds=2), panel, about(fold=1, folds=2)) == ""
    for settings in ({"fold": 1, "folds": 2}, {"fold": None}, {"fold": 0, "folds": 3}, {}):
        assert "same buyers" in _why_no_judges(trained_on(**settings), panel, about(fold=1, folds=2))
    assert "no judges" in _why_no_judges(trained_on(fold=0, folds=2), None, about(fold=1, folds=2))


def test_a_recommender_is_known_again_in_half_precision_whoever_its_users():
    one, same, other = small_recommender(), small_recommender(), small_recommender(seed=3)
    for parameter in same.parameters():
        parameter.data = parameter.data.half().float()
    same.theta.data.zero_()
    assert same_weights(one, same) and not same_weights(one, other)


def test_a_recommender_without_users_is_refused(small_pack, tiny_catalogue):
    pack = load_pack(small_pack)
    with pytest.raises(InputError, match="--recommender FILE"):
        find_buyers(pack.recommender, pack, tiny_catalogue, side=32)
