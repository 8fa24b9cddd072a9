"""Groups that are published together, added and subtracted. Row 40."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from gigs.audience import differences
from gigs.audience.differences import require_no_small_difference, smallest_difference
from gigs.errors import InputError

USERS = np.arange(600)
EVERYONE = USERS >= 0
YOUNG, MIDDLE, OLD = USERS < 250, (USERS >= 250) & (USERS < 400), USERS >= 411


def test_what_a_division_leaves_is_found():
    found = smallest_difference({"everyone": EVERYONE, "young": YOUNG, "middle": MIDDLE, "old": OLD})
    assert (found.plus, found.minus, found.users) == (("everyone",), ("young", "middle", "old"), pytest.approx(11))
    assert found.words() == "everyone without young and middle and old"
    with pytest.raises(InputError, match="everyone without young and middle and old are 11 users under lite1, whose"):
        require_no_small_difference(
            {"everyone": EVERYONE, "young": YOUNG, "middle": MIDDLE, "old": OLD}, where="under lite1"
        )


def test_a_division_that_leaves_nobody_or_many_gives_nobody_away():
    require_no_small_difference({"everyone": EVERYONE, "young": YOUNG, "middle": MIDDLE, "old": USERS >= 400})
    require_no_small_difference({"everyone": EVERYONE, "young": YOUNG, "middle": MIDDLE})
    require_no_small_difference({"everyone": EVERYONE, "again": EVERYONE, "young": YOUNG})
    require_no_small_difference({"everyone": EVERYONE})
    require_no_small_difference({})


@pytest.mark.parametrize(
    ("groups", "users"),
    [
        ({"a": USERS < 100, "b": USERS < 101}, 1),  # one is another and a single user more
        ({"a": USERS < 100, "b": (USERS >= 3) & (USERS < 104)}, 7),  # three of one and four of the other
        ({"a": USERS < 200, "b": USERS >= 200, "everyone": USERS < 590}, 10),  # who is in two groups and not in all
    ],
)
def test_other_small_differences_are_found(groups, users):
    assert smallest_difference(groups).users == pytest.approx(users)
    with pytest.raises(InputError, match=f"are {users} users"):
        require_no_small_difference(groups)


def test_a_few_who_count_more_than_a_crowd_are_few():
    """Nobody drops out of the sum, but one user is in it eight times: the rest is noise to what that one likes."""
    rng = np.random.default_rng(0)
    groups = {}
    for number in range(8):
        groups[f"g{number}"] = rng.permutation(USERS) < 60
        groups[f"g{number}"][0] = True
    found = smallest_difference(groups)
    assert found.users == pytest.approx(brute(groups)) and found.users > 50


def brute(groups) -> float:
    """All combinations, one by one."""
    members = np.stack(list(groups.values())).astype(float)
    best = np.inf
    for signs in itertools.product((-1, 0, 1), repeat=len(groups)):
        weights = np.abs(np.array(signs) @ members)
        if np.count_nonzero(signs) > 1 and weights.any():
            best = min(best, weights.sum() ** 2 / (weights**2).sum())
    return best


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_smallest_of_all_combinations(seed):
    rng = np.random.default_rng(seed)
    groups = {f"g{number}": rng.random(40) < 0.5 for number in range(5)}
    assert smallest_difference(groups).users == pytest.approx(brute(groups))


def test_of_many_groups_the_small_combinations_are_looked_at(monkeypatch):
    monkeypatch.setattr(differences, "MOST_COMBINATIONS", 2_000)
    rng = np.random.default_rng(0)
    groups = {f"g{number}": rng.random(2_000) < 0.3 for number in range(30)}
    require_no_small_difference(groups)
    groups["twin"] = groups["g7"].copy()
    groups["twin"][:3] ^= True
    with pytest.raises(InputError, match="are 3 users"):
        require_no_small_difference(groups)
