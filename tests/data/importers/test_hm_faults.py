"""A faulty source is named or its faults are listed; an interrupted import leaves no catalogue at all."""

from __future__ import annotations

import itertools
import os
import shutil
import signal

import pandas as pd
import pytest
from PIL import Image

from gigs.data.catalogue import Catalogue
from gigs.data.check.catalogue import check_catalogue
from gigs.errors import DataError, GigsError
from gigs.io import storage
from tests.data.importers.kaggle import ARTICLES, CUSTOMERS, TRANSACTIONS, append, edit, photo_of

# What is wrong with a source


@pytest.mark.parametrize("name", [ARTICLES, CUSTOMERS, TRANSACTIONS])
def test_a_missing_file_is_named_and_nothing_is_made(source, load, tmp_path, name):
    (source / name).unlink()
    with pytest.raises(DataError, match=name):
        load()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "column"), [(ARTICLES, "colour_group_name"), (CUSTOMERS, "age"), (TRANSACTIONS, "t_dat")]
)
def test_a_missing_column_is_named(source, load, name, column):
    edit(source / name, lambda table: table.drop(columns=column))
    with pytest.raises(DataError, match=f"{name}.*{column}"):
        load()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00bad", b'article_id\n"unclosed', b"a,b\n1,2,3\n1,2,3,4\n"])
def test_a_file_that_is_no_csv_is_named_in_one_line(source, load, content):
    (source / ARTICLES).write_bytes(content)
    with pytest.raises(DataError, match=ARTICLES) as caught:
        load()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("day", ["22/09/2020", "", "2020-02-30", "soon"])
def test_an_unreadable_day_is_named_with_its_row(source, load, day):
    rows = pd.read_csv(source / TRANSACTIONS, dtype=str)
    append(source / TRANSACTIONS, (day, rows["customer_id"][0], rows["article_id"][0], "0.01", "2"))
    with pytest.raises(DataError, match=rf"{TRANSACTIONS}: 1 rows without a day.*row {len(rows) + 2}"):
        load()


@pytest.mark.parametrize(("name", "column"), [(ARTICLES, "article_id"), (CUSTOMERS, "customer_id")])
def test_a_row_without_id_is_refused(source, load, name, column):
    edit(source / name, lambda table: table.assign(**{column: ["", *table[column][1:]]}))
    with pytest.raises(DataError, match=f"{name}: 1 rows without an id"):
        load()


@pytest.mark.parametrize(
    ("options", "reason"), [({"hold_out": 30}, "hold out"), ({"hold_out": -1}, "hold out"), ({"image_size": 0}, "px")]
)
def test_impossible_settings_are_refused(load, options, reason):
    with pytest.raises(DataError, match=reason):
        load(**options)


def test_duplicate_rows_are_counted_and_the_first_kept(source, load, tiny_catalogue):
    for name, count in ((ARTICLES, 3), (CUSTOMERS, 2)):
        edit(
            source / name,
            lambda table, count=count: pd.concat([table, table.head(count).assign(**{table.columns[2]: "second"})]),
        )
    catalogue = load()
    assert (catalogue.info["duplicate_items"], catalogue.info["duplicate_users"]) == (3, 2)
    assert catalogue.items["name"].tolist() == tiny_catalogue.items["name"].tolist()
    pd.testing.assert_frame_equal(catalogue.interactions, tiny_catalogue.interactions)


def test_repeated_purchases_stay_one_pair(source, load, tiny_catalogue):
    edit(source / TRANSACTIONS, lambda table: pd.concat([table, table]))
    catalogue = load()
    assert (catalogue.interactions["count"] == 2 * tiny_catalogue.interactions["count"]).all()
    assert (catalogue.interactions["split"] == tiny_catalogue.interactions["split"]).all()


def test_purchases_of_the_unknown_are_dropped_and_counted(source, load):
    rows = pd.read_csv(source / TRANSACTIONS, dtype=str)
    user, item = rows["customer_id"][0], rows["article_id"][0]
    append(
        source / TRANSACTIONS,
        ("2020-01-01", "nobody", item, "0.01", "2"),
        ("2020-01-01", user, "9999999999", "0.01", "2"),
        ("2020-01-01", user, item.lstrip("0"), "0.01", "2"),
        ("not a day", "nobody", item, "0.01", "2"),
        ("2020-01-01", "", "", "0.01", "2"),
    )
    catalogue = load()
    assert catalogue.info["dropped_interactions"] == 5 and len(catalogue.interactions) == 96


def test_broken_and_missing_photos_are_listed_and_their_rows_empty(source, load):
    ids = [f"07000000{code}" for code in ("01", "02")]
    photo_of(source, ids[0]).unlink()
    whole = photo_of(source, ids[1]).read_bytes()
    photo_of(source, ids[1]).write_bytes(whole[: len(whole) // 2])
    photo_of(source, "0700001001").write_bytes(b"")
    Image.new("RGB", (8, 8)).save(photo_of(source, "0700001002"), format="JPEG")
    catalogue = load()
    assert catalogue.items["has_image"].tolist() == [False] * 4 + [True] * 56
    assert not catalogue.images(32)[:4].any() and catalogue.images(32)[4:].any(axis=(1, 2, 3)).all()
    problems = catalogue.info["image_problems"]
    assert list(problems) == [ids[1], "0700001001", "0700001002"]
    assert "cannot be decoded" in problems[ids[1]] and "empty" in problems["0700001001"]


def test_no_photos_at_all_is_a_catalogue_that_fails_its_check(source, load):
    shutil.rmtree(source / "images")
    assert not check_catalogue(load()).ok


@pytest.mark.parametrize("form", ["../secret", "{folder}/secret", "a/b", "a\\..\\b", "x" * 300])
def test_an_id_never_leads_out_of_the_folder(source, load, tmp_path, form):
    shutil.copy(photo_of(source, "0700000001"), tmp_path / "secret.jpg")
    item_id = form.format(folder=tmp_path)
    edit(source / ARTICLES, lambda table: table.assign(article_id=[item_id, *table["article_id"][1:]]))
    catalogue = load()
    assert catalogue.items["item_id"][0] == item_id and not catalogue.items["has_image"][0]


def test_a_blank_product_code_falls_back_to_the_item(source, load):
    edit(source / ARTICLES, lambda table: table.assign(product_code=["", *table["product_code"][1:]]))
    assert load().items["product_code"][0] == "0700000"


def test_a_shop_without_purchases_is_imported(source, load):
    edit(source / TRANSACTIONS, lambda table: table.head(0))
    assert len(load().interactions) == 0


# Interruption


@pytest.fixture
def finished(load, tmp_path):
    load()
    return tmp_path / "out"


def test_a_second_import_replaces_the_first(finished, load):
    Catalogue.open(finished).images(16)
    (finished / ".images-32.gigs-abc123.npy").write_bytes(b"of a killed import")
    catalogue = load(image_size=48)
    names = sorted(path.name for path in finished.iterdir())
    assert names == ["catalogue.json", "images-48.npy", "interactions.parquet", "items.parquet", "users.parquet"]
    assert catalogue.images(48).shape == (60, 48, 48, 3)


def test_a_faulty_source_leaves_the_finished_catalogue_alone(finished, source, load):
    (source / CUSTOMERS).unlink()
    with pytest.raises(DataError):
        load()
    assert len(Catalogue.open(finished).items) == 60


@pytest.mark.parametrize("after", [0, 30, 59])
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_an_interruption_among_the_photos_leaves_no_catalogue(finished, load, monkeypatch, after, error):
    def stop(step):
        if step.done > after:
            raise error

    with pytest.raises((KeyboardInterrupt, OSError)):
        load(on_step=stop)
    with pytest.raises(GigsError, match="not a catalogue"):
        Catalogue.open(finished)
    assert not list(finished.glob("*images-*"))
    monkeypatch.undo()
    assert len(load().items) == 60


@pytest.mark.parametrize("table", [1, 2, 3])
def test_an_interruption_among_the_tables_leaves_no_catalogue(finished, load, monkeypatch, table):
    calls, original = itertools.count(), storage.write_atomic

    def stop(path, write):
        if next(calls) == table:
            raise KeyboardInterrupt
        return original(path, write)

    monkeypatch.setattr(storage, "write_atomic", stop)
    with pytest.raises(KeyboardInterrupt):
        load()
    with pytest.raises(GigsError, match="not a catalogue"):
        Catalogue.open(finished)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and signals")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_killed_import_leaves_no_catalogue_and_can_be_repeated(finished, load):
    child = os.fork()
    if child == 0:
        load(on_step=lambda step: os.kill(os.getpid(), signal.SIGKILL) if step.done == 40 else None)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    with pytest.raises(GigsError, match="not a catalogue"):
        Catalogue.open(finished)
    assert len(load().items) == 60
    assert not list(finished.glob(".images-*"))
