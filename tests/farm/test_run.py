from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pyarrow.parquet as pq
import pytest

pytest.importorskip("ray")

from gigs.data.catalogue import Catalogue
from gigs.errors import InputError
from gigs.farm import parts
from gigs.farm.cluster import require_ray
from gigs.farm.report.write import write_report
from gigs.farm.run import farm
from gigs.farm.store import Store
from gigs.farm.tables import REDESIGNS
from gigs.progress import Step
from gigs.session import Session
from tests.farm import shop

Shop = tuple[Session, Path, Path]


@pytest.fixture(scope="module")
def ray_here() -> Iterator[None]:
    """One Ray for all runs here: a run that finds one uses it."""
    ray = require_ray()
    folder = tempfile.mkdtemp(prefix="gigs-")
    ray.init(
        num_cpus=2, include_dashboard=False, object_store_memory=100 << 20, _temp_dir=folder, log_to_driver=False,
        logging_level="ERROR",
    )  # fmt: skip
    yield
    ray.shutdown()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def small(tiny_catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    pack, catalogue = shop.make_shop(tiny_catalogue, tmp_path_factory.mktemp("farm"))
    return shop.small_session(pack, catalogue), catalogue, pack


@pytest.fixture(scope="module")
def whole(small: Shop, ray_here: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run by one worker, not interrupted."""
    session, catalogue, pack = small
    out = tmp_path_factory.mktemp("whole") / "out"
    done = farm(shop.request(catalogue, pack, out), session=session)
    assert (done.items, done.made, done.failures) == (8, 8, 2)
    return out


def test_rows_are_in_order_and_each_redesign_is_there_once(whole: Path) -> None:
    rows = pq.read_table(whole / REDESIGNS).to_pandas()
    keys = list(zip(rows["item_id"], rows["audience"], rows["rank"], strict=True))
    assert keys == sorted(set(keys)) and len(keys) == 7 * 2 * 2
    assert rows["score"].notna().all() and rows["redesign_json"].str.contains("lpips_to_reconstruction").all()
    pictures = list(parts.pictures(Store.open(str(whole))))
    assert {(one["item_id"], one["audience"], one["rank"]) for one in pictures if one["rank"]} == set(keys)


def test_its_report_has_a_thumbnail_of_every_photo_and_every_best_redesign(whole: Path) -> None:
    page = Path(write_report(str(whole)))
    assert page.read_text().count("<tr>") > 2 and (page.parent / "products.csv").is_file()
    thumbnails = list(page.parent.glob("thumbnails/*/*.webp"))
    assert len(thumbnails) == 7 * 3 and len([one for one in thumbnails if "photo" in one.name]) == 7


def test_a_photo_that_is_not_there_costs_its_item_alone(whole: Path) -> None:
    failed = shop.failures(whole)
    assert list(failed["audience"]) == ["everyone", "few"] and set(failed["stage"]) == {"photo"}
    assert "holds no picture" in failed["reason"][0]


def test_workers_and_blocks_change_no_byte(small: Shop, whole: Path, tmp_path: Path) -> None:
    session, catalogue, pack = small
    farm(shop.request(catalogue, pack, tmp_path / "out", workers=2, batch=3), session=session)
    assert shop.tables(tmp_path / "out") == shop.tables(whole)


def test_a_stopped_run_goes_on_where_it_was(small: Shop, whole: Path, tmp_path: Path) -> None:
    session, catalogue, pack = small
    out, seen = tmp_path / "out", []

    def stop(step: Step) -> None:
        seen.append(step)
        if step.done >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        farm(shop.request(catalogue, pack, out), stop, session=session)
    assert seen[-1].values["items/min"] > 0 and not (out / REDESIGNS).exists()
    with pytest.raises(InputError, match="4 of 8 items done; continue it with `resume`"):
        farm(shop.request(catalogue, pack, out), session=session)
    before = {path.name: path.stat().st_mtime_ns for path in (out / "parts").iterdir()}
    done = farm(shop.request(catalogue, pack, out, resume=True, batch=3), session=session)
    assert done.made == 4 and shop.tables(out) == shop.tables(whole)
    assert {name: (out / "parts" / name).stat().st_mtime_ns for name in before} == before
    assert farm(shop.request(catalogue, pack, out, resume=True), session=session).made == 0


def test_another_run_in_the_folder_is_refused_by_name(small: Shop, whole: Path) -> None:
    session, catalogue, pack = small
    with pytest.raises(InputError, match=r"other settings \(item_ids, items\)|other settings \(items, item_ids\)"):
        farm(shop.request(catalogue, pack, whole, limit=5, resume=True), session=session)


def test_an_item_that_kills_workers_is_named_and_costs_no_other(small: Shop, whole: Path, tmp_path: Path) -> None:
    session, catalogue, pack = small
    rows = pq.read_table(whole / REDESIGNS).to_pandas()
    victim = rows["item_id"].iloc[-1]
    deadly = type("DeadlyNow", (shop.Deadly,), {"victim": victim})
    farm(shop.request(catalogue, pack, tmp_path / "out", workers=2), session=session, products=deadly)
    failed = shop.failures(tmp_path / "out")
    of_victim = failed[failed["item_id"] == victim]
    assert set(of_victim["stage"]) == {"worker"} and len(of_victim) == 2 and len(failed) == 4
    left = pq.read_table(tmp_path / "out" / REDESIGNS).to_pandas()
    assert left.equals(rows[rows["item_id"] != victim].reset_index(drop=True))


def test_workers_that_die_once_lose_nothing_and_double_nothing(small: Shop, whole: Path, tmp_path: Path) -> None:
    session, catalogue, pack = small
    marks = tmp_path / "marks"
    marks.mkdir()
    for place in (1, 6):
        (marks / str(place)).touch()
    deadly = type("DeadlyNow", (shop.DeadlyOnce,), {"marks": marks})
    farm(shop.request(catalogue, pack, tmp_path / "out", workers=2), session=session, products=deadly)
    assert not list(marks.iterdir()) and shop.tables(tmp_path / "out") == shop.tables(whole)


def test_a_store_in_memory_gets_the_same_tables(small: Shop, whole: Path) -> None:
    session, catalogue, pack = small
    out = "memory://farm-test/out"
    try:
        farm(shop.request(catalogue, pack, out, workers=2), session=session)
        assert shop.tables(out) == shop.tables(whole)
        assert farm(shop.request(catalogue, pack, out, resume=True), session=session).made == 0
    finally:
        fsspec.filesystem("memory").rm("/farm-test", recursive=True)


def test_without_a_cluster_at_the_address_there_is_one_line(small: Shop) -> None:
    ray = require_ray()
    if ray.is_initialized():
        with pytest.raises(InputError, match="has 2 cores, and each worker needs one"):
            session, catalogue, pack = small
            farm(shop.request(catalogue, pack, "memory://farm-none/out", workers=9), session=session)
