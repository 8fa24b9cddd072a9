from __future__ import annotations

import numpy as np
import pytest

from gigs.data.triplets import TripletSampler
from gigs.errors import DataError


def random_pairs(seed: int = 0, users: int = 30, items: int = 50) -> tuple[np.ndarray, np.ndarray]:
    return np.nonzero(np.random.default_rng(seed).random((users, items)) < 0.4)


@pytest.mark.parametrize("scheme", ["user", "pair"])
@pytest.mark.parametrize("pool", [None, np.arange(0, 50, 3), np.arange(50) < 20])
def test_i_is_owned_and_j_never_is(scheme, pool):
    users, items = random_pairs()
    owned = set(zip(users.tolist(), items.tolist(), strict=True))
    sampler = TripletSampler(users, items, user_count=30, item_count=50, pool=pool, scheme=scheme)
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
