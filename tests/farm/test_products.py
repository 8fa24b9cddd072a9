"""One item, without Ray: what is found once for all audiences, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gigs.data.catalogue import Catalogue
from gigs.farm import products as module
from gigs.farm.parts import Made
from gigs.farm.plan import plan_of, seed_of
from gigs.farm.products import Photos, Products
from gigs.farm.weights import Kit, kit_of
from gigs.method import pipeline
from gigs.session import Session
from tests.farm import shop

Ready = tuple[Kit, Photos, list]


@pytest.fixture(scope="module")
def ready(tiny_catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Ready:
    pack, folder = shop.make_shop(tiny_catalogue, tmp_path_factory.mktemp("products"))
    session = shop.small_session(pack, folder)
    request = shop.request(folder, pack, "out")
    plan, catalogue = plan_of(request, session)
    photos = Photos(catalogue.root / "images-64.npy")
    return kit_of(session, request.options, list(plan.audiences)), photos, list(plan.items)


def test_an_item_gives_what_suggest_gives_with_its_seed(ready: Ready) -> None:
    kit, photos, items = ready
    made = Made()
    Products(kit, photos).make(items[0], made)
    alone = kit.session.suggest(
        photos.of(items[0]), kit.audiences["few"], preset=kit.options.preset, seed=seed_of(3, items[0].item_id)
    )
    rows = [row for row in made.rows if row["audience"] == "few"]
    assert [row["score"] for row in rows] == [one.score for one in alone]
    assert [row["words"] for row in rows] == [one.words for one in alone]
    pictures = [one["picture"] for one in made.pictures if one["audience"] == "few"]
    assert pictures == [alone.pictures.png(one.raw) for one in alone]


def test_the_photo_is_inverted_once_for_all_audiences(ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    kit, photos, items = ready
    calls: list[object] = []
    found = pipeline.reconstruct
    monkeypatch.setattr(pipeline, "reconstruct", lambda *args, **more: (calls.append(1), found(*args, **more))[1])
    made = Made()
    Products(kit, photos).make(items[1], made)
    assert len(calls) == 1 and {row["audience"] for row in made.rows} == {"everyone", "few"}
    assert [one["stage"] for one in made.timings if not one["audience"]] == ["inversion", "tuning"]


def test_order_and_company_change_nothing(ready: Ready) -> None:
    kit, photos, items = ready
    alone, together = Made(), Made()
    Products(kit, photos).make(items[3], alone)
    worker = Products(kit, photos)
    for item in (items[5], items[3]):
        worker.make(item, together)
    assert alone.rows == [row for row in together.rows if row["item_id"] == items[3].item_id]


def test_a_fault_costs_its_audience_alone(ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    kit, photos, items = ready
    whole = Session.redesign

    def faulty(self: Session, product: object, audience: object, *rest: object) -> object:
        if audience.name == "few":
            raise ZeroDivisionError("of a fault")
        return whole(self, product, audience, *rest)

    monkeypatch.setattr(Session, "redesign", faulty)
    made = Made()
    Products(kit, photos).make(items[0], made)
    assert {row["audience"] for row in made.rows} == {"everyone"}
    (failure,) = made.failures
    assert failure["stage"] == module.REDESIGN and failure["reason"] == "ZeroDivisionError: of a fault"
    assert failure["audience"] == "few"


def test_an_unreadable_photo_is_named(ready: Ready, tmp_path: Path) -> None:
    kit, _, items = ready
    (tmp_path / "images-64.npy").write_bytes(b"no array")
    made = Made()
    Products(kit, Photos(tmp_path / "images-64.npy")).make(items[0], made)
    assert {one["stage"] for one in made.failures} == {"photo"} and not made.rows
