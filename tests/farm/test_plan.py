from __future__ import annotations

from pathlib import Path

import pytest

from gigs.data.catalogue import Catalogue
from gigs.errors import InputError
from gigs.farm.plan import Item, Plan, plan_of, seed_of
from gigs.session import Session
from tests.farm import shop


@pytest.fixture(scope="module")
def small(tiny_catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> tuple[Session, Path, Path]:
    pack, catalogue = shop.make_shop(tiny_catalogue, tmp_path_factory.mktemp("plan"))
    return shop.small_session(pack, catalogue), catalogue, pack


def items(count: int) -> list[Item]:
    return [
        Item(place=place, row=place, item_id=str(place), name="", category="", has_image=True) for place in range(count)
    ]


def test_blocks_hold_neighbours_that_are_not_done() -> None:
    plan = Plan(items=items(9), audiences=[], mark="", about={})
    blocks = [[item.place for item in block] for block in plan.blocks({2, 3, 6}, 2)]
    assert blocks == [[0, 1], [4, 5], [7, 8]]
    assert [len(block) for block in plan.blocks(set(), 4)] == [4, 4, 1]
    assert not list(plan.blocks(set(range(9)), 4))


def test_a_seed_is_the_items_own() -> None:
    assert seed_of(0, "a") == seed_of(0, "a") and len({seed_of(0, "a"), seed_of(1, "a"), seed_of(0, "b")}) == 3
    assert all(0 <= seed_of(seed, str(seed)) < 2**63 for seed in range(500))


def test_items_are_those_of_the_condition_in_the_order_of_ids(small: tuple[Session, Path, Path]) -> None:
    session, catalogue, pack = small
    plan, _ = plan_of(shop.request(catalogue, pack, "out", where="held_out", limit=None), session)
    ids = [item.item_id for item in plan.items]
    assert ids == sorted(ids) and 0 < len(ids) < len(Catalogue.open(catalogue).items)
    assert [one.name for one in plan.audiences] == ["everyone", "few"]


def test_the_mark_follows_from_what_results_follow_from(small: tuple[Session, Path, Path]) -> None:
    session, catalogue, pack = small

    def mark(**changes: object) -> str:
        return plan_of(shop.request(catalogue, pack, **({"out": "out"} | changes)), session)[0].mark

    assert mark() == mark(workers=2, batch=7, resume=True, out="elsewhere", audiences=("few", "everyone"))
    assert len({mark(), mark(limit=3), mark(audiences=("few",)), mark(where="held_out")}) == 4


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"audiences": ()}, "name at least one audience"),
        ({"audiences": ("few", "few")}, "`audience` few: given twice"),
        ({"batch": 0}, "`batch` must be 1 or more"),
        ({"workers": 0}, "`workers` must be 1 or more"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(InputError, match=words):
        shop.request(Path("catalogue"), Path("pack"), "out", **changes)


def test_a_condition_that_leaves_nothing_is_refused(small: tuple[Session, Path, Path]) -> None:
    session, catalogue, pack = small
    with pytest.raises(InputError, match="no item to work on"):
        plan_of(shop.request(catalogue, pack, "out", where="name == 'nothing of the kind'"), session)
