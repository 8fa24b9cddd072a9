"""Any set of users under every scorer, and when a pack's judges may not be asked."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from gigs.experiments.buyers import _is_stranger, _why_no_judges, find_buyers, same_weights
from gigs.packs import load_pack
from gigs.recommender.base import load_recommender
from gigs.recommender.features import catalogue_phi
from gigs.recommender.feedback import in_fold
from tests.experiments.small_bench import small_bench, with_judges, write_recommender
from tests.helpers.small_models import small_recommender


@pytest.fixture(scope="module")
def bench(pyramid_for_lpips_throughout, tiny_catalogue, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIGS_COMPUTE", "fp32")
        yield with_judges(small_bench(tmp_path_factory.mktemp("bench"), tiny_catalogue))


def test_an_audience_is_the_mean_of_its_users_under_every_scorer(bench):
    wanted = bench.buyers.audience([2, 5, 7])
    assert wanted.users == 3 and torch.allclose(wanted.theta, bench.buyers.eyes[0].factors[[2, 5, 7]].mean(0))
    for eye, scorer in zip(bench.buyers.eyes, bench.buyers.scorers(wanted), strict=True):
        z = scorer.z_of(eye.items.float())
        assert float(z.mean()) == pytest.approx(0, abs=1e-4) and float(z.std(unbiased=False)) == pytest.approx(
            1, abs=1e-4
        )


def test_scores_of_an_audience_are_the_mean_of_its_users_scores(bench):
    phi = torch.randn(4, bench.models.recommender.feature_count)
    alone = torch.stack([phi @ bench.buyers.audience([user]).theta for user in (1, 4)]).mean(0)
    assert torch.allclose(phi @ bench.buyers.audience([1, 4]).theta, alone, atol=1e-6)


def trained_on(**settings):
    model = small_recommender()
    model.about = {"settings": settings}
    return model


def test_judges_that_know_the_targets_buyers_are_not_asked():
    folds = {"a": {"fold": 1, "folds": 2}, "b": {"fold": 0, "folds": 2}, "c": {}}
    pack = SimpleNamespace(name="p", scorers={name: {"trained": trained} for name, trained in folds.items()})

    def asked(**settings) -> list[str]:
        return [name for name in folds if _is_stranger(trained_on(**settings), pack, name)]

    assert asked(fold=0, folds=2) == ["a"] and asked(fold=1, folds=2) == ["b"]
    assert asked(fold=None) == asked(fold=0, folds=3) == asked() == []
    assert _why_no_judges(object(), pack, 2) == ""
    assert "only 1 judges of the pack p are sure to know none of this recommender's buyers" in _why_no_judges(
        object(), pack, 1
    )
    assert "no judges" in _why_no_judges(None, pack, 0)


def test_a_recommender_is_known_again_in_half_precision_whoever_its_users():
    one, same, other = small_recommender(), small_recommender(), small_recommender(seed=3)
    for parameter in same.parameters():
        parameter.data = parameter.data.half().float()
    same.theta.data.zero_()
    assert same_weights(one, same) and not same_weights(one, other)


def test_users_that_a_recommender_lacks_are_those_of_its_fold_and_like_what_they_bought(small_pack, tiny_catalogue):
    pack = load_pack(small_pack)
    model = pack.recommender
    model.about = {"settings": {"fold": 1, "folds": 2}}
    crowd = find_buyers(model, pack, tiny_catalogue, side=32)
    ids = tiny_catalogue.users["user_id"].astype(str).to_numpy()
    assert not model.user_ids and crowd.feedback.user_ids == ids[in_fold(ids, 1, 2)].tolist()
    scores = crowd.eyes[0].factors @ torch.from_numpy(catalogue_phi(model, tiny_catalogue, image_size=32)).T
    own = torch.zeros_like(scores, dtype=torch.bool)
    own[crowd.feedback.train] = True
    candidates = torch.from_numpy(np.unique(crowd.feedback.train[1]))
    own, scores = own[:, candidates], scores[:, candidates]
    liked = [float(row[mine].mean() - row[~mine].mean()) for row, mine in zip(scores, own, strict=True)]
    assert min(liked) > 0


@pytest.mark.weights
def test_judges_of_a_pack_whose_real_items_a_catalogue_lacks_are_not_asked(tiny_catalogue, tmp_path):
    pack, users = load_pack(), tiny_catalogue.users["user_id"].astype(str).tolist()
    model = load_recommender(write_recommender(tmp_path / "target.safetensors", users))
    model.about = pack.recommender.about
    crowd = find_buyers(model, pack, tiny_catalogue, side=64)
    assert crowd.panel is None and crowd.why_no_judges.startswith("the catalogue lacks the real items")
