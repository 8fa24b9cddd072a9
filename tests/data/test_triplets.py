from __future__ import annotations

import numpy as np
import pytest

from gigs.data.triplets import Negatives, TripletSampler
from gigs.errors import DataError


def random_pairs(seed: int = 0, users: int = 30, items: int = 50) -> tuple[np.ndarray, np.ndarray]:
    return np.nonzero(np.random.default_rng(seed).random((users, items)) < 0.4)


@pytest.mark.parametrize("scheme", ["user", "pair"])
@pytest.mark.parametrize("pool", [None, np.arange(0, 50, 3), np.arange(50) < 20])
def test_i_is_owned_and_j_never_is(scheme, pool):
    users, items = random_pairs()
    owned = set(zip(users.tolist(), items.tolist(), strict=True))
    sampler = TripletSampler(users, items, user_count=30, item_count=50, negatives=Negatives(pool), scheme=scheme)
    u, i, j = sampler.sample(20_000, np.random.default_rng(1))
    assert all((a, b) in owned for a, b in zip(u.tolist(), i.tolist(), strict=True))
    assert not any((a, b) in owned for a, b in zip(u.tolist(), j.tolist(), strict=True))
    if pool is not None:
        assert np.isin(j, np.flatnonzero(pool) if pool.dtype == bool else pool).all()


def test_negatives_are_uniform_over_unseen():
    sampler = TripletSampler([0, 0, 0, 1], [0, 3, 4, 2], user_count=2, item_count=7)
    u, _, j = sampler.sample(40_000, np.random.default_rng(2))
    assert set(j[u == 0].tolist()) == {1, 2, 5, 6}
    shares = np.bincount(j[u == 0], minlength=7) / (u == 0).sum()
    assert np.allclose(shares[[1, 2, 5, 6]], 0.25, atol=0.02)
    assert abs((u == 0).mean() - 0.5) < 0.02  # users first: a frequent buyer does not count more


def test_pair_scheme_weighs_users_by_their_items():
    sampler = TripletSampler([0, 0, 0, 1], [0, 3, 4, 2], user_count=2, item_count=7, scheme="pair")
    u, _, _ = sampler.sample(40_000, np.random.default_rng(2))
    assert abs((u == 0).mean() - 0.75) < 0.02


def test_user_with_every_item_is_skipped_with_a_count():
    users, items = [0, 0, 0, 1], [0, 1, 2, 1]
    sampler = TripletSampler(users, items, user_count=3, item_count=3)
    assert sampler.skipped_users.tolist() == [0]
    assert len(sampler) == 1
    u, _, j = sampler.sample(500, np.random.default_rng(0))
    assert set(u.tolist()) == {1} and set(j.tolist()) == {0, 2}


def test_only_full_users_is_an_error_not_a_loop():
    with pytest.raises(DataError, match="every item"):
        TripletSampler([0, 0], [0, 1], user_count=1, item_count=2)


def test_repeated_pairs_count_once():
    sampler = TripletSampler([0, 0, 0], [1, 1, 1], user_count=1, item_count=3)
    assert len(sampler) == 1


@pytest.mark.parametrize("users, items", [([], []), ([5], [0]), ([0], [9]), ([-1], [0])])
def test_bad_pairs_are_refused(users, items):
    with pytest.raises(DataError):
        TripletSampler(np.array(users, dtype=int), np.array(items, dtype=int), user_count=2, item_count=3)


def test_batches_make_one_epoch_and_repeat_with_the_seed():
    users, items = random_pairs()
    sampler = TripletSampler(users, items, user_count=30, item_count=50)
    first, second = (list(sampler.batches(64, np.random.default_rng(5))) for _ in range(2))
    assert sum(len(batch[0]) for batch in first) == len(sampler)
    assert all(np.array_equal(a, b) for x, y in zip(first, second, strict=True) for a, b in zip(x, y, strict=True))


# Negatives of the positive's own kind

GROUPS = np.arange(50) % 7


@pytest.mark.parametrize("pool", [None, np.arange(50) < 30])
def test_negatives_of_a_kind_are_unseen_and_of_that_kind(pool):
    users, items = random_pairs()
    owned = set(zip(users.tolist(), items.tolist(), strict=True))
    negatives = Negatives(pool, GROUPS, within=1.0)
    sampler = TripletSampler(users, items, user_count=30, item_count=50, negatives=negatives)
    u, i, j = sampler.sample(20_000, np.random.default_rng(1))
    allowed = np.arange(50) if pool is None else np.flatnonzero(pool)
    assert np.isin(j, allowed).all()
    assert not any((a, b) in owned for a, b in zip(u.tolist(), j.tolist(), strict=True))
    for user, item, other in zip(u[:2000].tolist(), i[:2000].tolist(), j[:2000].tolist(), strict=True):
        alike = [k for k in allowed if GROUPS[k] == GROUPS[item] and (user, k) not in owned]
        assert other in alike or not alike


def test_negatives_of_a_kind_are_uniform_over_it_and_all_of_it_is_drawn():
    groups = np.array([0, 1, 0, 1, 0, 1, 0, 1])
    negatives = Negatives(None, groups, within=1.0)
    sampler = TripletSampler([0, 0, 0], [0, 4, 3], user_count=1, item_count=8, negatives=negatives)
    _, i, j = sampler.sample(30_000, np.random.default_rng(2))
    shares = np.bincount(j[i == 3], minlength=8) / (i == 3).sum()
    assert np.allclose(shares[[1, 5, 7]], 1 / 3, atol=0.02)
    assert set(j[i == 0].tolist()) == {2, 6}


def test_a_share_of_the_negatives_is_of_the_kind():
    users, items = random_pairs(items=700)
    groups = np.arange(700) % 7
    for share in (0.0, 0.5, 1.0):
        negatives = Negatives(None, groups, share)
        sampler = TripletSampler(users, items, user_count=30, item_count=700, negatives=negatives)
        _, i, j = sampler.sample(20_000, np.random.default_rng(3))
        assert (groups[i] == groups[j]).mean() == pytest.approx(share + (1 - share) / 7, abs=0.02)


def test_who_has_all_of_a_kind_gets_any_other_item():
    negatives = Negatives(None, np.array([0, 0, 1, 1]), within=1.0)
    sampler = TripletSampler([0, 0], [0, 1], user_count=1, item_count=4, negatives=negatives)
    assert set(sampler.sample(200, np.random.default_rng(0))[2].tolist()) == {2, 3}


@pytest.mark.parametrize("negatives", [Negatives(within=1.0), Negatives(groups=GROUPS[:5], within=1.0),
                                       Negatives(groups=GROUPS, within=1.5)])  # fmt: skip
def test_kinds_that_cannot_be_drawn_from_are_refused(negatives):
    with pytest.raises(DataError):
        TripletSampler(*random_pairs(), user_count=30, item_count=50, negatives=negatives)
