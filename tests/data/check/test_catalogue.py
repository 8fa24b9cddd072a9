"""Each fault that a catalogue can have is found, counted, and comes with its remedy."""

from __future__ import annotations

import shutil
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pandas as pd
import pytest

from gigs.data.catalogue import Catalogue
from gigs.data.check.catalogue import check_catalogue
from gigs.data.check.findings import EXAMPLES, SEVERITIES, Report
from gigs.data.importers.hm import HmSettings, import_hm


def found(catalogue: Catalogue) -> dict[str, tuple[str, int]]:
    """Severity and count by what was found."""
    report = check_catalogue(catalogue)
    assert report.ok == all(finding.severity != "error" for finding in report.findings)
    return {finding.what: (finding.severity, finding.count) for finding in report.findings}


@pytest.fixture
def copied(tiny_catalogue, tmp_path):
    return Catalogue.open(shutil.copytree(tiny_catalogue.root, tmp_path / "catalogue"))


def paint(catalogue: Catalogue, change) -> None:
    packed = np.array(catalogue.images(64))
    change(packed)
    np.save(catalogue.root / "images-64.npy", packed)


def test_a_sound_catalogue_has_counts_and_only_notes(tiny_catalogue):
    steps = []
    report = check_catalogue(tiny_catalogue, steps.append)
    assert report.ok and {finding.severity for finding in report.findings} == {"note"}
    assert report.counts == {
        "items": 60,
        "users": 12,
        "interactions": 96,
        "units": 108,
        "train": 72,
        "validation": 12,
        "test": 12,
        "pictures": 60,
        "products": 30,
        "held_out_items": 10,
        "held_out_products": 5,
    }
    assert [(step.done, step.total) for step in steps] == [(done, 60) for done in range(1, 61)]


def test_a_report_is_plain_and_fixed(tiny_catalogue):
    report = check_catalogue(tiny_catalogue)
    assert all(len(row) == 5 and all(isinstance(cell, str) for cell in row) for row in report.rows())
    with pytest.raises(FrozenInstanceError):
        report.counts = {}
    assert Report({}, ()).ok and Report({}, ()).rows() == []


def test_examples_are_few_and_errors_come_first(tiny_catalogue):
    items = tiny_catalogue.items.assign(has_image=False)
    users = pd.concat([tiny_catalogue.users] * 2, ignore_index=True)
    report = check_catalogue(replace(tiny_catalogue, items=items, users=users))
    order = [SEVERITIES.index(finding.severity) for finding in report.findings]
    assert order == sorted(order) and order[0] == 0
    assert all(len(finding.examples) <= EXAMPLES and finding.fix and finding.count for finding in report.findings)
    assert max(finding.count for finding in report.findings) == 60


@pytest.mark.parametrize("table", ["items", "users", "interactions"])
def test_a_missing_column_stops_the_check(tiny_catalogue, table):
    column = {"items": "held_out", "users": "user_id", "interactions": "split"}[table]
    damaged = replace(tiny_catalogue, **{table: getattr(tiny_catalogue, table).drop(columns=column)})
    assert found(damaged) == {f"columns missing from {table}.parquet": ("error", 1)}


def test_duplicate_and_blank_ids_are_errors(tiny_catalogue):
    for table, column in (("items", "item_id"), ("users", "user_id")):
        ids = getattr(tiny_catalogue, table)[column].tolist()
        changed = getattr(tiny_catalogue, table).assign(**{column: [ids[1], *ids[1:-1], None]})
        findings = found(replace(tiny_catalogue, **{table: changed}))
        assert findings[f"{table} with the same id as another"] == ("error", 1)
        assert findings[f"{table} without an id"] == ("error", 1)


def test_what_the_importer_left_out_is_told(tiny_catalogue):
    info = tiny_catalogue.info | {"duplicate_items": 3, "duplicate_users": 2, "dropped_interactions": 7}
    findings = found(replace(tiny_catalogue, info=info))
    assert findings["rows left out: items listed twice (the first was kept)"] == ("note", 3)
    assert findings["rows left out: users listed twice (the first was kept)"] == ("note", 2)
    assert findings["purchases left out: unknown user or item"] == ("warning", 7)


def test_pairs_that_point_outside_or_repeat_are_errors(tiny_catalogue):
    pairs = tiny_catalogue.interactions
    outside = pairs.head(3).assign(user=[12, -1, 0], item=[0, 0, 60])
    findings = found(replace(tiny_catalogue, interactions=pd.concat([pairs, outside], ignore_index=True)))
    assert findings["interactions outside the tables"] == ("error", 3)
    findings = found(replace(tiny_catalogue, interactions=pd.concat([pairs, pairs.head(2)], ignore_index=True)))
    assert findings["interactions of the same user and item"] == ("error", 2)


def test_unknown_splits_and_missing_days_are_errors(tiny_catalogue):
    pairs = tiny_catalogue.interactions.copy()
    pairs["split"] = ["tset", *pairs["split"].iloc[1:]]
    pairs["first"] = [pd.NaT, *pairs["first"].iloc[1:]]
    findings = found(replace(tiny_catalogue, interactions=pairs))
    assert findings["interactions of an unknown split"] == ("error", 1)
    assert findings["interactions without a day"] == ("error", 1)


def rows_of(catalogue: Catalogue, user: int, split: str) -> pd.Index:
    pairs = catalogue.interactions
    return pairs.index[(pairs["user"] == user) & (pairs["split"] == split)]


@pytest.mark.parametrize(
    ("was", "becomes"), [("validation", "train"), ("test", "train"), ("validation", "test"), ("test", "validation")]
)
def test_each_tested_user_needs_one_test_and_one_validation_item(tiny_catalogue, was, becomes):
    pairs = tiny_catalogue.interactions.copy()
    pairs.loc[rows_of(tiny_catalogue, 4, was), "split"] = becomes
    findings = found(replace(tiny_catalogue, interactions=pairs))
    assert findings["users without exactly one test and one validation item"] == ("error", 1)


def test_a_look_into_the_future_is_an_error(tiny_catalogue):
    later = pd.Timestamp("2030-01-01")
    for split, what in (
        ("train", "users with training items newer than their validation item"),
        ("validation", "users with a test item older than their validation item"),
    ):
        pairs = tiny_catalogue.interactions.copy()
        pairs.loc[rows_of(tiny_catalogue, 4, split)[:1], "first"] = later
        report = check_catalogue(replace(tiny_catalogue, interactions=pairs))
        finding = next(finding for finding in report.findings if finding.what == what)
        assert (finding.severity, finding.count) == ("error", 1)
        assert finding.examples == (f"{tiny_catalogue.users['user_id'][4]} (users.parquet, row 4)",)


def test_a_product_on_both_sides_is_an_error(tiny_catalogue):
    held_out = tiny_catalogue.items["held_out"].to_numpy().copy()
    held_out[np.flatnonzero(held_out)[0]] = False
    findings = found(replace(tiny_catalogue, items=tiny_catalogue.items.assign(held_out=held_out)))
    assert findings["held-out products with colour variants in training"] == ("error", 1)


def test_missing_and_broken_photos_are_told_apart(tiny_catalogue):
    has_image = np.arange(60) >= 3
    info = tiny_catalogue.info | {"image_problems": {tiny_catalogue.items["item_id"][0]: "0.jpg: the file is empty"}}
    damaged = replace(tiny_catalogue, items=tiny_catalogue.items.assign(has_image=has_image), info=info)
    findings = found(damaged)
    assert findings["items without a photo"] == ("warning", 2)
    assert findings["items whose photo cannot be read"] == ("warning", 1)


def test_users_and_items_without_purchases_are_noted(tiny_catalogue):
    pairs = tiny_catalogue.interactions
    findings = found(replace(tiny_catalogue, interactions=pairs[pairs["user"] > 1].reset_index(drop=True)))
    assert findings["users without interactions"] == ("note", 2)
    findings = found(replace(tiny_catalogue, interactions=pairs.head(0)))
    assert findings["items never bought"] == ("note", 60)
    assert findings["no user has a test item"] == ("warning", 1)


def test_single_colour_pictures_are_found_but_not_small_prints(copied):
    def change(packed):
        packed[3] = 240
        packed[4] = 240 + np.random.default_rng(0).integers(0, 5, packed[4].shape)
        packed[5] = 240
        packed[5, 30:33, 30:33] = 0  # between the points of the sparse grid, or not: never plain

    paint(copied, change)
    assert found(copied)["pictures of a single colour"] == ("warning", 2)


def test_identical_pictures_are_noted_and_leaks_are_warned_of(copied):
    train, held_out = copied.train_items(), copied.held_out_items()

    def change(packed):
        packed[train[1]] = packed[train[0]]
        packed[held_out[0]] = packed[train[5]]
        packed[train[6]] = packed[train[5]]

    paint(copied, change)
    findings = found(copied)
    assert findings["pictures shared by several items"] == ("note", 1)
    assert findings["pictures of held-out items that training sees"] == ("warning", 1)


def test_pictures_that_cannot_be_read_are_an_error_not_an_exception(copied):
    (copied.root / "images-64.npy").write_bytes(b"")
    assert found(copied)["pictures cannot be read"] == ("error", 1)


def test_a_shop_without_purchases_is_reported(tiny_source, tmp_path):
    source = shutil.copytree(tiny_source, tmp_path / "source")
    header = (source / "transactions_train.csv").read_text().splitlines()[0]
    (source / "transactions_train.csv").write_text(header + "\n")
    report = check_catalogue(import_hm(source, tmp_path / "out", HmSettings(image_size=32, hold_out=5)))
    assert report.ok and report.counts["interactions"] == 0
