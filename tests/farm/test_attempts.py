from __future__ import annotations

from gigs.farm.attempts import Attempts


def test_the_third_worker_does_not_begin_an_item_that_two_died_on() -> None:
    attempts = Attempts([])
    assert [attempts.begin(7) for _ in range(3)] == [True, True, False]
    assert attempts.begin(8)


def test_an_item_that_ended_may_be_made_again_with_the_rest_of_its_block() -> None:
    attempts = Attempts([])
    for _ in range(4):
        assert attempts.begin(7)
        attempts.end(7)
