from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gigs.errors import DataError
from gigs.recommender.evaluate import RankingSettings, evaluate_factors, every_way, rank_held_out, summarise
from gigs.recommender.feedback import read_feedback


def rows(*pairs: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    users, items = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return users, items


def test_ranks_by_hand():
    # one user, scores 5 4 3 3 2 1; has item 0, held-out item 2; candidates 1, 3, 4 (5 is not allowed)
    phi = np.array([[5.0], [4], [3], [3], [2], [1]])
    allowed = np.array([True, True, True, True, True, False])
    ranks = rank_held_out(np.ones((1, 1)), phi, rows((0, 2)), rows((0, 0), (0, 2)), allowed)
    assert (ranks.above[0], ranks.ties[0], ranks.total[0]) == (1, 1, 3)
    metrics = ranks.metrics()
    assert metrics["auc"][0] == pytest.approx((1 + 0.5) / 3)
    assert metrics["recall@10"][0] == 1.0
    assert metrics["ndcg@10"][0] == pytest.approx((1 / np.log2(3) + 1 / np.log2(4)) / 2)  # second or third, evenly


def test_recall_counts_ties_as_a_random_order_would():
    phi = np.zeros((41, 1))
    ranks = rank_held_out(np.ones((1, 1)), phi, rows((0, 7)), rows((0, 7)), np.ones(41, dtype=bool))
    metrics = ranks.metrics()
    assert metrics["auc"][0] == 0.5
    assert metrics["recall@10"][0] == pytest.approx(10 / 41)
    assert metrics["recall@50"][0] == 1.0
    assert metrics["ndcg@10"][0] == pytest.approx(sum(1 / np.log2(k + 1) for k in range(1, 11)) / 41)


def test_many_users_match_a_plain_loop():
    rng = np.random.default_rng(0)
    theta, phi = rng.normal(size=(15, 4)), rng.normal(size=(60, 4))
    seen = np.nonzero(rng.random((15, 60)) < 0.2)
    pick = rng.choice(len(seen[0]), 25, replace=False)
    held_out = (seen[0][pick], seen[1][pick])
    allowed = rng.random(60) < 0.9
    ranks = rank_held_out(theta, phi, held_out, seen, allowed)
    for place, (user, item) in enumerate(zip(*held_out, strict=True)):
        own = set(seen[1][seen[0] == user].tolist())
        others = [k for k in range(60) if allowed[k] and k not in own]
        scores = phi @ theta[user]
        assert ranks.above[place] == sum(scores[k] > scores[item] for k in others)
        assert ranks.total[place] == len(others)


def test_candidates_of_one_kind_match_a_plain_loop():
    rng = np.random.default_rng(1)
    theta, phi, groups = rng.normal(size=(15, 4)), rng.normal(size=(60, 4)), rng.integers(0, 4, 60)
    seen = np.nonzero(rng.random((15, 60)) < 0.2)
    ranks = rank_held_out(theta, phi, seen, seen, np.ones(60, dtype=bool), groups)
    for place, (user, item) in enumerate(zip(*seen, strict=True)):
        own = set(seen[1][seen[0] == user].tolist())
        others = [k for k in range(60) if groups[k] == groups[item] and k not in own]
        scores = phi @ theta[user]
        assert ranks.above[place] == sum(scores[k] > scores[item] for k in others)
        assert ranks.total[place] == len(others)


def test_a_purchase_that_is_alone_of_its_kind_has_no_auc():
    phi, groups = np.array([[3.0], [2.0], [1.0]]), np.array([0, 1, 1])
    ranks = rank_held_out(np.ones((2, 1)), phi, rows((0, 0), (1, 1)), rows((0, 0), (1, 1)), np.ones(3, bool), groups)
    report = summarise(ranks, resamples=50)
    assert report["pairs"] == 2 and report["rivals"] == 0.5
    assert report["auc"] == {"value": 1.0, "low": 1.0, "high": 1.0, "n": 1}


def test_who_knows_kinds_only_is_at_chance_within_a_kind(toy):
    toy.items["section"] = ["even" if item % 2 == 0 else "odd" for item in range(24)]
    feedback = read_feedback(toy)
    phi = np.array([[1.0, 0.0] if k % 2 == 0 else [0.0, 1.0] for k in range(24)])
    theta = np.array([[1.0, 0.0] if int(name[1:]) % 2 == 0 else [0.0, 1.0] for name in feedback.user_ids])
    # ten of twelve alike items would leave no candidate: forget what was bought in training
    feedback = replace(feedback, seen=feedback.test)
    ways = every_way(toy.items, RankingSettings(resamples=50))
    values = {way.candidates: evaluate_factors(theta, phi, feedback, way)["model"]["overall"]["auc"] for way in ways}
    assert {name: auc["value"] for name, auc in values.items()} == pytest.approx(
        {"all": (12 + 0.5 * 11) / 23, "bought": (12 + 0.5 * 11) / 23, "within": 0.5}
    )
    assert values["within"]["n"] == 20


def test_kinds_are_those_of_the_columns_named(toy):
    feedback = read_feedback(toy)
    phi, theta = np.zeros((24, 1)), np.ones((20, 1))
    assert len(every_way(toy.items)) == 3
    assert [way.candidates for way in every_way(toy.items[["item_id", "colour"]])] == ["all", "bought"]
    named = RankingSettings(candidates="within", alike=("item_id",), resamples=2)
    assert evaluate_factors(theta, phi, feedback, named)["model"]["overall"]["rivals"] == 0
    with pytest.raises(DataError, match="`alike`"):
        evaluate_factors(theta, phi, feedback, RankingSettings(candidates="within", alike=("size",)))


def test_summary_averages_users_not_pairs():
    # user 0: two pairs with AUC 1 and 0; user 1: one pair with AUC 1
    phi = np.array([[3.0], [0.0], [2.0]])
    ranks = rank_held_out(
        np.ones((2, 1)), phi, rows((0, 0), (0, 1), (1, 0)), rows((0, 0), (0, 1), (1, 0)), np.ones(3, bool)
    )
    report = summarise(ranks, resamples=200)
    assert report["auc"]["value"] == pytest.approx((0.5 + 1.0) / 2)
    assert report["auc"]["n"] == 2 and report["pairs"] == 3
    assert 0.5 <= report["auc"]["low"] <= report["auc"]["value"] <= report["auc"]["high"] <= 1.0


def test_interval_covers_a_known_spread():
    scores = np.random.default_rng(0).normal(size=(400, 1))
    users = np.arange(400)
    phi = np.linspace(-3, 3, 201)[:, None]
    items = np.clip(((scores[:, 0] + 3) / 6 * 200).round(), 0, 200).astype(int)
    report = summarise(rank_held_out(np.ones((400, 1)), phi, (users, items), (users, items), np.ones(201, bool)))
    half = (report["auc"]["high"] - report["auc"]["low"]) / 2
    assert half == pytest.approx(1.96 * np.std((items) / 200) / np.sqrt(400), rel=0.15)


def test_report_has_baselines_cold_items_and_candidates(toy):
    toy.interactions.loc[toy.interactions["item"] == 3, "split"] = "test"  # item 3 is now in no training purchase
    toy.items.loc[5, "has_image"] = False
    feedback = read_feedback(toy)
    assert feedback.dropped["interactions_without_picture"] == 10
    phi = np.array([[1.0, 0.0] if k % 2 == 0 else [0.0, 1.0] for k in range(24)])
    theta = np.array([[1.0, 0.0] if int(name[1:]) % 2 == 0 else [0.0, 1.0] for name in feedback.user_ids])
    report = evaluate_factors(theta, phi, feedback, RankingSettings(resamples=50))
    assert report["candidates"] == "all" and report["candidate_items"] == 23
    assert report["model"]["overall"]["auc"]["value"] == 1.0
    assert report["random"]["overall"]["auc"]["value"] == 0.5
    assert report["model"]["cold"]["pairs"] == 10 and report["model"]["cold"]["auc"]["n"] == 10
    assert report["popularity"]["cold"]["auc"]["value"] < 0.1


def test_bought_candidates_leave_out_what_nobody_bought(toy):
    toy.interactions = toy.interactions[toy.interactions["item"] != 4]
    feedback = read_feedback(toy)
    phi, theta = np.zeros((24, 1)), np.ones((len(feedback.user_ids), 1))
    assert (
        evaluate_factors(theta, phi, feedback, RankingSettings(resamples=2, candidates="bought"))["candidate_items"]
        == 23
    )
    assert (
        evaluate_factors(theta, phi, feedback, RankingSettings(resamples=2, candidates="all"))["candidate_items"] == 24
    )


@pytest.mark.parametrize("options", [{"candidates": "some"}, {"split": "future"}])
def test_unknown_options_are_named(toy, options):
    feedback = read_feedback(toy)
    with pytest.raises(DataError, match="choose"):
        evaluate_factors(np.ones((20, 1)), np.ones((24, 1)), feedback, RankingSettings(**options))


def test_folds_are_disjoint_and_cover(toy):
    halves = [read_feedback(toy, fold=fold).user_ids for fold in (0, 1)]
    assert not set(halves[0]) & set(halves[1])
    assert len(halves[0]) + len(halves[1]) == 20


def test_held_out_products_stay_out_of_training_but_not_of_tests(toy):
    toy.items.loc[[0, 1], "held_out"] = True
    feedback = read_feedback(toy)
    assert not np.isin([0, 1], feedback.train[1]).any() and np.isin(0, feedback.seen[1])
    assert np.isin(0, read_feedback(toy, include_held_out=True).train[1])
