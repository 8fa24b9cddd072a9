"""Whole tables on small networks: who and what is in them, and that a killed run goes on to the same numbers."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from gigs.errors import DataError, InputError
from gigs.experiments import reconstructions as bases
from gigs.experiments import run_table as run
from gigs.experiments import tasks
from gigs.experiments.baseline import Baseline
from gigs.experiments.records import read
from gigs.experiments.run_table import folder_of, run_table
from gigs.experiments.task_pictures import make
from gigs.experiments.tasks import photo_rows, tasks_of
from tests.experiments.small_bench import SETTINGS, small_bench, with_judges


@pytest.fixture(scope="module", autouse=True)
def plain_compute(pyramid_for_lpips_throughout):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIGS_COMPUTE", "fp32")
        yield


@pytest.fixture(scope="module")
def bench(tiny_catalogue, tmp_path_factory):
    return small_bench(tmp_path_factory.mktemp("bench"), tiny_catalogue)


def fresh(bench, folder):
    """The same bench with nothing made yet, but the reconstructions."""
    work = folder / "work"
    work.mkdir(parents=True)
    (work / "reconstructions").symlink_to((bench.work / "reconstructions").absolute())
    (bench.work / "reconstructions").mkdir(parents=True, exist_ok=True)
    return replace(bench, work=work)


def numbers(records):
    return [{name: value for name, value in one.items() if name != "seconds"} for one in records]


def test_a_killed_table_goes_on_to_the_same_numbers(bench, tmp_path, monkeypatch):
    whole = run_table("table5", fresh(bench, tmp_path / "whole"))
    killed, done = fresh(bench, tmp_path / "killed"), []

    def dying(bench, task):
        if len(done) == 4:
            raise KeyboardInterrupt
        done.append(task)
        return make(bench, task)

    monkeypatch.setattr(run, "make", dying)
    with pytest.raises(KeyboardInterrupt):
        run_table("table5", killed)
    lines = folder_of(killed.work, "table5", "honest") / "records.jsonl"
    lines.write_bytes(lines.read_bytes()[:-20])  # the last line was being written
    monkeypatch.setattr(run, "make", lambda bench, task: done.append(task) or make(bench, task))
    again = run_table("table5", killed)
    assert numbers(again) == numbers(whole) and len(whole) == 9
    assert len(done) == 4 + (9 - 3)  # three were whole
    one, other = (folder_of(each, "table5", "honest") for each in (tmp_path / "whole" / "work", killed.work))
    for path in (one / "pictures").iterdir():
        assert path.read_bytes() == (other / "pictures" / path.name).read_bytes()


def test_a_finished_table_is_not_made_again_and_more_items_go_on_from_it(bench, tmp_path, monkeypatch):
    own = fresh(bench, tmp_path)
    few = replace(own, settings=replace(SETTINGS, items=1))
    first = run_table("radius", few)
    calls = []
    monkeypatch.setattr(run, "make", lambda bench, task: calls.append(task.item) or make(bench, task))
    assert run_table("radius", few) == first and not calls
    more = run_table("radius", replace(own, settings=replace(SETTINGS, items=2)))
    assert more[:2] == first and set(calls) == {1}


def test_another_experiment_in_the_same_folder_is_refused(bench, tmp_path):
    own = fresh(bench, tmp_path)
    one_item = replace(own, settings=replace(SETTINGS, items=1, counts=(1,)))
    run_table("table5", one_item)
    other = replace(one_item, about=own.about | {"compute": {"device": "abacus"}})
    with pytest.raises(InputError, match=r"another experiment \(other compute\)"):
        run_table("table5", other)


def test_reconstructions_are_made_once_for_all_tables(bench, monkeypatch):
    row = int(photo_rows(bench)[0])
    first = bases.start_of(bench, row)
    monkeypatch.setattr(bases, "reconstruct", lambda *a, **k: pytest.fail("inverted again"))
    assert torch.equal(bases.start_of(bench, row).reconstruction.z, first.reconstruction.z)


def test_audiences_of_one_item_are_nested_and_end_with_all_users(bench):
    found = [task for task in tasks_of("table5", bench) if task.item == 1]
    sets = [set(task.users) for task in found]
    assert [len(each) for each in sets] == [1, 3, 12] and sets[0] < sets[1] < sets[2]
    assert len({task.photo for task in found}) == 1


def test_the_codes_protocol_starts_many_users_from_random_designs(tiny_catalogue, bench, tmp_path_factory):
    code = replace(bench, protocol=replace(bench.protocol, photos_for_many=False))
    assert {task.photo for task in tasks_of("table5", code)} == {None}
    assert all(task.photo is not None for task in tasks_of("table5", bench))


def test_preferred_products_were_bought_and_unpreferred_ones_were_not(bench):
    bought = set(zip(*(part.tolist() for part in bench.buyers.feedback.seen), strict=True))
    found = tasks_of("table3", bench)
    assert len(found) == 6
    for task in found:
        assert ((task.users[0], task.photo) in bought) == (task.cell == "preferred")


def test_photos_of_products_that_were_held_out_come_first(bench):
    rows, new = photo_rows(bench), set(bench.catalogue.held_out_items().tolist())
    assert {int(row) for row in rows[: len(new)]} == new
    trousers = photo_rows(bench, 'type == "Trousers"').tolist()
    assert trousers == [row for row in rows.tolist() if row in set(trousers)]  # so that tables share photos


def test_a_refused_photo_is_replaced_by_the_next(bench, monkeypatch):
    rows = photo_rows(bench)
    refused = int(rows[1])
    monkeypatch.setattr(tasks, "_accepted", lambda bench, row, on_step: row != refused)
    chosen = list(dict.fromkeys(task.photo for task in tasks_of("radius", bench)))
    assert chosen == [int(rows[0]), int(rows[2]), int(rows[3])]


def test_segments_hold_what_their_condition_says(bench):
    types = bench.catalogue.items["type"]
    for task in tasks_of("table4", bench):
        assert types.iloc[task.photo] == {"upper": "T-shirt", "trousers": "Trousers"}[task.cell]


def test_radii_differ_by_nothing_but_the_radius(bench, tmp_path):
    found = [task for task in tasks_of("radius", bench) if task.item == 0]
    assert [task.radius for task in found] == [0.1, 0.4]
    near, far = (make(bench, task) for task in found)
    away = [(made.images - made.base).abs().mean() for made in (near, far)]
    assert away[0] < away[1] and torch.equal(near.base, far.base)


def test_the_same_task_makes_the_same_whatever_was_made_before(bench):
    task = tasks_of("table5", bench)[0]
    first = make(bench, task)
    make(bench, tasks_of("table5", bench)[4])
    assert numbers([make(bench, task).record]) == numbers([first.record])


def test_judges_see_the_same_pictures_and_the_photo_is_the_baseline(bench):
    judged = with_judges(bench)
    task = tasks_of("table5", judged)[0]
    record = make(judged, task).record
    assert list(record["z"]) == ["target", "judge-1", "judge-2"]
    scorer = judged.buyers.scorers(judged.buyers.audience(task.users))[1]
    with torch.no_grad():
        wanted = float(scorer.z(judged.photo(task.photo))[0])
    assert record["z"]["judge-1"]["photo"] == [pytest.approx(wanted, abs=1e-4)]


def test_dropout_makes_scores_noisy_and_nothing_else(bench):
    noisy = replace(bench, protocol=replace(bench.protocol, dropout=0.5))
    task = tasks_of("table5", bench)[0]
    plain, code = make(bench, task).record, make(noisy, task).record
    assert plain["scores"]["photo"] != code["scores"]["photo"]
    assert plain["z"]["target"]["photo"] == code["z"]["target"]["photo"]
    assert numbers([make(noisy, task).record]) == numbers([code])


class TinyBaseline(Baseline):
    """Draws noise: what the table does with a baseline is the question here."""

    def draw(self, preference, *, personalised, n, item, rng, compute):
        return torch.rand(n, 3, 32, 32, generator=rng) * (1.0 if personalised else 0.5)


def test_table2_sets_the_method_beside_both_baselines_for_the_same_users(bench):
    whole = replace(bench, baseline=TinyBaseline(None, None, None))
    found = tasks_of("table2", whole)
    assert [task.cell for task in found if task.item == 0] == ["method", "personalised", "non-personalised"]
    for item in range(3):
        assert len({task.users for task in found if task.item == item}) == 1
    record = make(whole, found[1]).record
    assert "base" not in record["scores"] and "photo" not in record["scores"]
    assert {task.cell for task in tasks_of("table2", bench)} == {"method"}


def test_too_few_users_or_photos_are_refused(bench):
    many = replace(bench, settings=replace(SETTINGS, items=500))
    for table in ("table2", "table3", "table4", "radius"):
        with pytest.raises(DataError, match="`items`"):
            tasks_of(table, many)
    with pytest.raises(InputError, match="table5"):
        tasks_of("table9", bench)
    with pytest.raises(InputError, match="supported needs a pack"):
        tasks_of("table4", replace(bench, settings=replace(SETTINGS, methods=("supported",))))


def test_records_are_json_lines_that_name_their_item(bench, tmp_path):
    own = replace(fresh(bench, tmp_path), settings=replace(SETTINGS, items=1))
    run_table("radius", own)
    folder = folder_of(own.work, "radius", "honest")
    for line, key in zip((folder / "records.jsonl").read_text().splitlines(), read(folder), strict=True):
        record = json.loads(line)
        assert (record["cell"], record["method"], record["item"]) == key
        assert record["item_id"] in set(own.catalogue.items["item_id"].astype(str))
        assert np.isfinite(record["scores"]["suggestions"]).all()
