"""Training for very many users: what a step costs does not depend on how many there are."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gigs.data.triplets import TripletSampler
from gigs.recommender import ItemPictures, defaults_for, load_recommender, train_recommender
from gigs.recommender.feedback import read_feedback
from gigs.recommender.models import vbpr
from gigs.recommender.train import learner as learner_module
from gigs.recommender.train import loop
from gigs.recommender.train.optimiser import Both, optimiser_of
from gigs.recommender.train.run import build_learner

QUICK = {"factors": 6, "input_size": 64, "epochs": 6, "patience": 12, "batch_size": 32, "learning_rate": 0.01}


def trained(toy, out, backbone, users, **changes):
    settings = defaults_for("vbpr", **(QUICK | {"users": users} | changes))
    run = train_recommender(ItemPictures(toy, backbone=backbone), settings, out)
    return load_recommender(run.path), run.metrics["test-all"]["model"]["overall"]["auc"]["value"]


def test_purchases_that_are_added_up_a_batch_at_a_time_teach_the_same(toy, tmp_path, random_backbone, monkeypatch):
    before, _ = trained(toy, tmp_path / "sums", random_backbone, "purchases")
    monkeypatch.setattr(learner_module, "MOST_SUMS", 0)
    after, auc = trained(toy, tmp_path / "batches", random_backbone, "purchases")
    assert auc > 0.99
    torch.testing.assert_close(after.theta, before.theta, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(after.embedding, before.embedding, rtol=1e-4, atol=1e-5)


def test_lazy_factors_learn_and_resume_to_the_bit(toy, tmp_path, random_backbone, monkeypatch):
    monkeypatch.setattr(learner_module, "LAZY_FROM", 5)
    whole, auc = trained(toy, tmp_path / "whole", random_backbone, "free")
    assert auc > 0.99
    settings = defaults_for("vbpr", **(QUICK | {"users": "free"}))
    items = ItemPictures(toy, backbone=random_backbone)
    train_recommender(items, defaults_for("vbpr", **(QUICK | {"users": "free", "epochs": 3})), tmp_path / "part")
    run = train_recommender(items, settings, tmp_path / "part", resume=True)
    assert torch.equal(load_recommender(run.path).theta, whole.theta)


def test_a_lazy_step_moves_the_users_of_its_triplets_and_no_others(toy, random_backbone, monkeypatch):
    monkeypatch.setattr(learner_module, "LAZY_FROM", 5)
    settings = defaults_for("vbpr", **(QUICK | {"users": "free"}))
    feedback = read_feedback(toy)
    learner = build_learner(toy, settings, feedback, backbone=random_backbone)
    optimiser = optimiser_of(learner, 0.01)
    assert isinstance(optimiser, Both) and len(optimiser.param_groups) == 2
    before = learner.model.theta.detach().clone()
    for users in ([0, 1], [2, 2]):
        triplets = np.array(users), np.array([0, 2]), np.array([1, 3])
        optimiser.zero_grad()
        learner.loss(triplets, np.random.default_rng(0)).backward()
        assert learner.model.theta.grad.is_sparse
        optimiser.step()
    moved = (learner.model.theta.detach() != before).any(1)
    assert moved.nonzero()[:, 0].tolist() == [0, 1, 2]


def test_validation_is_of_a_draw_of_users(toy, random_backbone, monkeypatch):
    monkeypatch.setattr(loop, "MOST_RANKED", 3)
    ranked = []
    monkeypatch.setattr(loop, "rank_held_out", lambda *given: ranked.append(given[2]) or _all_equal(given[2]))
    settings = defaults_for("vbpr", **QUICK)
    feedback = read_feedback(toy)
    learner = build_learner(toy, settings, feedback, backbone=random_backbone)
    for _ in range(2):
        loop.validation_auc(learner, feedback, settings)
    assert len(np.unique(ranked[0][0])) == 3 and ranked[0][0].tolist() == ranked[1][0].tolist()


def _all_equal(pairs):
    from gigs.recommender.ranking import Ranks

    return Ranks(*pairs, *(np.ones(len(pairs[0]), dtype=int) for _ in range(3)))


def test_moments_in_pieces_are_the_moments(monkeypatch):
    features = torch.randn(1000, 5, generator=torch.Generator().manual_seed(0)) * 3 + 7
    whole = vbpr._moments(features)
    monkeypatch.setattr(vbpr, "ROWS", 64)
    torch.testing.assert_close(vbpr._moments(features), whole)


@pytest.mark.parametrize("scheme", ["user", "pair"])
def test_drawing_looks_at_no_more_for_more_users(scheme):
    """Counted, not timed: a draw reads a few cells of the sampler's arrays and makes none of their length."""
    import tracemalloc

    peaks = []
    for users in (1_000, 100_000):
        who = np.repeat(np.arange(users), 3)
        what = np.tile([0, 5, 9], users)
        sampler = TripletSampler(who, what, user_count=users, item_count=50, scheme=scheme)
        tracemalloc.start()
        drawn = sampler.sample(64, np.random.default_rng(0))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert not np.isin(drawn[2], [0, 5, 9]).any()
    assert peaks[1] < 2 * peaks[0]
