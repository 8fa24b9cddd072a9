"""Rankings by blocks of users, of a draw of users, and where all users see items alike."""

from __future__ import annotations

import numpy as np
import pytest

from gigs.errors import DataError
from gigs.recommender import ranking
from gigs.recommender.evaluate import RankingSettings, evaluate_factors, summarise
from gigs.recommender.feedback import read_feedback
from gigs.recommender.ranking import rank_by_one_score, rank_held_out, some_users


def purchases(seed, users=30, items=25):
    rng = np.random.default_rng(seed)
    keys = rng.choice(users * items, 200, replace=False)
    return keys // items, keys % items


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("known", [False, True])
def test_one_score_an_item_ranks_as_equal_users_do(grouped, known):
    rng = np.random.default_rng(1)
    seen, scores = purchases(0), rng.integers(0, 4, 25).astype(float)
    held_out = (seen[0][:40], seen[1][:40]) if known else (rng.integers(0, 30, 40), rng.integers(0, 25, 40))
    more = (seen, rng.random(25) < 0.8, rng.integers(0, 3, 25) if grouped else None)
    slow, fast = (
        rank_held_out(np.ones((30, 1)), scores[:, None], held_out, *more),
        rank_by_one_score(scores, held_out, *more),
    )
    for name in ("above", "ties", "total"):
        assert getattr(fast, name).tolist() == getattr(slow, name).tolist()
    assert slow.ties.max() > 0 and slow.above.max() > 0


def test_blocks_of_any_size_rank_alike(monkeypatch):
    rng = np.random.default_rng(2)
    theta, phi, seen = rng.normal(size=(30, 4)), rng.normal(size=(25, 4)), purchases(2)
    whole = rank_held_out(theta, phi, seen, seen, np.ones(25, dtype=bool))
    monkeypatch.setattr(ranking, "SCORE_CELLS", 75)
    assert rank_held_out(theta, phi, seen, seen, np.ones(25, dtype=bool)).above.tolist() == whole.above.tolist()


def test_a_draw_of_users_has_all_of_their_pairs_and_says_how_many_they_are(toy):
    pairs = purchases(3)
    drawn = some_users(pairs, 7, seed=0)
    assert len(np.unique(drawn[0])) == 7
    assert len(drawn[0]) == np.isin(pairs[0], drawn[0]).sum()
    assert some_users(pairs, 7, seed=1)[0].tolist() != drawn[0].tolist()
    assert some_users(pairs, 0, seed=0) is pairs and some_users(pairs, 30, seed=0) is pairs
    feedback = read_feedback(toy)
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(20, 3)), rng.normal(size=(24, 3)), feedback
    report = evaluate_factors(*factors, RankingSettings(users=6, resamples=20))
    assert report["model"]["overall"]["auc"]["n"] == 6
    assert evaluate_factors(*factors, RankingSettings(resamples=20))["model"]["overall"]["auc"]["n"] == 20
    with pytest.raises(DataError, match="0 for all"):
        RankingSettings(users=-1)


def test_the_interval_of_very_many_users_is_the_bootstrap_s(monkeypatch):
    from gigs.recommender import evaluate

    rng = np.random.default_rng(4)
    users = np.arange(3000)
    ranks = ranking.Ranks(users, users, rng.integers(0, 100, 3000), np.zeros(3000, int), np.full(3000, 100))
    slow = summarise(ranks, resamples=1000)["auc"]
    monkeypatch.setattr(evaluate, "MOST_RESAMPLED", 100)
    quick = summarise(ranks)["auc"]
    assert quick["value"] == slow["value"] and quick["n"] == 3000
    assert [quick["low"], quick["high"]] == pytest.approx([slow["low"], slow["high"]], abs=1e-3)
