"""Weights, filters and kinds of file do what they say; what cannot work is named; an interruption leaves no half."""

from __future__ import annotations

import os
import shutil
import signal

import pandas as pd
import pytest

from gigs.audience import user_table
from gigs.data.catalogue import Catalogue
from gigs.data.check.catalogue import check_catalogue
from gigs.data.importers.folder import ShopFiles, import_folder
from gigs.data.importers.shop import ShopSettings
from gigs.data.splits import SplitSettings
from gigs.errors import DataError, GigsError, InputError
from tests.data.importers.shops import WEIGHTS, dropped, load


@pytest.fixture
def source(messy, tmp_path):
    return shutil.copytree(messy, tmp_path / "source")


def test_files_of_every_kind_give_the_same_catalogue(source, messy, tmp_path):
    for name in ("items", "events"):
        table = pd.read_csv(messy / f"{name}.csv", dtype=str, on_bad_lines="skip", encoding="utf-8-sig")
        table.to_parquet(source / f"{name}.parquet")
        (source / f"{name}.jsonl").write_text(table.to_json(orient="records", lines=True, force_ascii=False))
    shop = load(messy, tmp_path / "csv", event_weights=WEIGHTS)
    archive = shutil.make_archive(str(tmp_path / "photos"), "zip", source / "photos")
    settings = ShopSettings(event_weights=WEIGHTS, image_size=32, hold_out=3)
    for suffix in ("parquet", "jsonl"):
        files = ShopFiles(
            items=source / f"items.{suffix}", interactions=source / f"events.{suffix}", users=source / "users.csv"
        )
        made = import_folder(files, archive, tmp_path / suffix, settings=settings)
        assert (made.images(32) == shop.images(32)).all()
        pd.testing.assert_frame_equal(made.interactions, shop.interactions)
        pd.testing.assert_frame_equal(made.items.drop(columns="source_row"), shop.items.drop(columns="source_row"))


def test_without_weights_every_event_counts(messy, tmp_path):
    catalogue = load(messy, tmp_path)
    assert len(catalogue.interactions) == 962 and catalogue.info["events"]["view"] == 480
    assert catalogue.interactions["count"].sum() == 963


def test_light_pairs_can_be_left_out(messy, tmp_path):
    catalogue = load(messy, tmp_path, event_weights=WEIGHTS, min_weight=0.5)
    assert set(catalogue.interactions["weight"]) == {1.0} and len(catalogue.interactions) == 481 - 1


def test_weights_that_cancel_out_are_nothing_whatever_their_rounding(source, tmp_path):
    weights = {"a": 0.1, "b": 0.2, "c": -0.3, "d": 0.7}
    rows = ["Customer ID,sku,action", *(f"u1,00004,{kind}" for kind in "abc"), *(f"u1,00005,{kind}" for kind in "ad")]
    (source / "events.csv").write_text("\n".join(rows))
    for least, kept in ((0.0, 1), (0.8, 1)):
        catalogue = load(source, tmp_path / "out", event_weights=weights, min_weight=least)
        assert catalogue.items["item_id"][catalogue.interactions["item"]].tolist() == ["00005"] * kept
    with pytest.raises(DataError, match=r"less than 0\.81"):
        load(source, tmp_path / "out", event_weights=weights, min_weight=0.81)


def test_the_k_core_is_one(messy, tmp_path):
    catalogue = load(messy, tmp_path, k_core=12)
    pairs = catalogue.interactions
    assert 0 < len(pairs) < 960
    assert pairs.groupby("user").size().min() >= 12 and pairs.groupby("item").size().min() >= 12
    # The largest such set: what was left out could not have stayed.
    whole = {(user, item) for user, item in everything(load(messy, tmp_path / "all"))}
    assert core(whole, 12) == {(user, item) for user, item in everything(catalogue)}
    assert "@lonely" not in set(catalogue.users["user_id"])
    assert any("12-core" in reason for _, reason in dropped(catalogue))


def everything(catalogue):
    users, items = catalogue.users["user_id"].to_numpy(), catalogue.items["item_id"].to_numpy()
    return zip(users[catalogue.interactions["user"]], items[catalogue.interactions["item"]], strict=True)


def core(pairs: set, k: int) -> set:
    """The k-core by the book, one user or item at a time."""
    while True:
        for side in (0, 1):
            names = [pair[side] for pair in pairs]
            few = next((name for name in sorted(set(names)) if names.count(name) < k), None)
            if few is not None:
                pairs = {pair for pair in pairs if pair[side] != few}
                break
        else:
            return pairs


def test_a_k_core_of_nothing_is_named(messy, tmp_path):
    with pytest.raises(DataError, match=r"no interaction is left.*40-core"):
        load(messy, tmp_path / "out", k_core=40)
    assert not (tmp_path / "out").exists()


def test_without_times_the_test_item_is_drawn(source, tmp_path):
    table = pd.read_csv(source / "events.csv", dtype=str).drop(columns="Created at")
    table.to_csv(source / "events.csv", index=False)
    catalogue = load(source, tmp_path / "a")
    assert not catalogue.info["dated"] and check_catalogue(catalogue).ok
    tested = catalogue.interactions[catalogue.interactions["split"] == "test"]
    assert len(tested) == 80 and abs(tested["item"].mean() - 29.5) < 8  # not the last rows of the table
    other = load(source, tmp_path / "b", seed=1)
    assert (other.interactions["split"] != catalogue.interactions["split"]).any()


def test_a_shop_can_be_split_by_time_where_it_has_times(source, tmp_path):
    by_time = SplitSettings(kind="time", test_share=0.25)
    catalogue = load(source, tmp_path / "a", split=by_time)
    pairs = catalogue.interactions
    border = pd.Timestamp(catalogue.info["split"]["test_from"])
    assert ((pairs["split"] == "test") == (pairs["first"] >= border)).all()
    assert pairs.groupby("user")["split"].apply(lambda own: (own == "test").sum()).max() > 1
    assert check_catalogue(catalogue).ok
    table = pd.read_csv(source / "events.csv", dtype=str).drop(columns="Created at")
    table.to_csv(source / "events.csv", index=False)
    with pytest.raises(DataError, match="`time`"):
        load(source, tmp_path / "b", split=by_time)


def test_a_shop_of_ids_and_photos_only_is_enough(source, tmp_path):
    items, events = (
        pd.read_csv(source / "items.csv", dtype=str, on_bad_lines="skip")[["SKU"]],
        pd.read_csv(source / "events.csv", dtype=str),
    )
    items.to_csv(source / "items.csv", index=False)
    events[["Customer ID", "sku"]].to_csv(source / "events.csv", index=False)
    catalogue = load(source, tmp_path / "out", users=None, hold_out=None)
    assert set(catalogue.items["section"]) == set(catalogue.items["type"]) == {"all"}
    assert (
        catalogue.items["colour"].isna().all() and (catalogue.items["product_code"] == catalogue.items["item_id"]).all()
    )
    assert catalogue.items["held_out"].sum() == 3  # a twentieth
    assert user_table(catalogue)["main_section"].dropna().unique().tolist() == ["all"]
    assert check_catalogue(catalogue).ok


def test_quantities_are_weights(source, tmp_path):
    table = pd.read_csv(source / "events.csv", dtype=str).assign(Qty=["2", "many", "0", *["1,5"] * 965])
    table.to_csv(source / "events.csv", index=False)
    catalogue = load(source, tmp_path / "out")
    assert catalogue.interactions["weight"].max() == 2.0 and set(catalogue.interactions["weight"]) >= {1.5}
    assert dropped(catalogue)["interactions", "no readable weight"][0][0] == 3


def test_leading_zeros_lost_on_one_side_are_recognised(source, tmp_path):
    table = pd.read_csv(source / "events.csv", dtype=str)
    table["sku"] = table["sku"].str.lstrip("0")
    table.to_csv(source / "events.csv", index=False)
    fixes = {
        kind["fix"]
        for kind in load(source, tmp_path / "out").info["dropped"]
        if "is not in the item table" in kind["reason"]
    }
    assert len(fixes) == 1 and "leading zeros" in fixes.pop()


def test_ids_that_never_meet_are_named_with_examples(source, tmp_path):
    table = pd.read_csv(source / "events.csv", dtype=str)
    table["sku"] = "other-" + table["sku"]
    table.to_csv(source / "events.csv", index=False)
    with pytest.raises(
        DataError, match=r"events.csv: no interaction is left; 966 rows: names an item.*row 2 \(c000 / other-"
    ):
        load(source, tmp_path / "out")


def test_times_of_another_form_ask_for_the_form(source, tmp_path):
    table = pd.read_csv(source / "events.csv", dtype=str)
    table["Created at"] = pd.to_datetime(table["Created at"], errors="coerce").dt.strftime("%d/%m/%Y %H:%M:%S")
    table.to_csv(source / "events.csv", index=False)
    with pytest.raises(DataError, match=r"most times cannot be read, such as '01/03/2024 .* row 2; .*`time_format`"):
        load(source, tmp_path / "out")
    catalogue = load(source, tmp_path / "out", time_format="%d/%m/%Y %H:%M:%S")
    assert len(catalogue.interactions) == 962


@pytest.mark.parametrize(
    "settings",
    [{"image_size": 0}, {"image_size": 4096}, {"k_core": -1}, {"min_weight": float("nan")}, {"hold_out": 30},
     {"event_weights": {"view": float("inf")}}, {"event_weights": {"return": -1}}],
)  # fmt: skip
def test_impossible_settings_are_refused(messy, tmp_path, settings):
    with pytest.raises((DataError, InputError)):
        load(messy, tmp_path / "out", **settings)
    assert not (tmp_path / "out").exists()


def test_names_that_are_no_text_do_no_harm(source, tmp_path):
    folder = os.fsencode(source / "photos")
    for name in (b"00020-\xff.jpg", b"00021-\xe9.jpg"):  # as an old zip program left them
        shutil.copy(source / "photos" / "00020.jpg", folder + b"/" + name)
    (source / "photos" / "00020.jpg").write_bytes(b"")
    catalogue = load(source, tmp_path / "out")
    names = [identifier for table, kind in dropped(catalogue).items() if table[0] == "photos" for _, identifier in kind]
    assert catalogue.items["has_image"][20] and "00021: 00021-?.jpg" in names


def test_columns_of_the_shop_never_hide_those_of_gigs(source, tmp_path):
    table = pd.read_csv(source / "users.csv", dtype=str)
    table.assign(bought_women="x", purchases="x", held_out="x").to_csv(source / "users.csv", index=False)
    catalogue = load(source, tmp_path / "out")
    assert {"x_bought_women", "x_purchases", "x_held_out"} <= set(catalogue.users.columns)
    assert user_table(catalogue)["bought_women"].max() > 0


# Interruption


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and signals")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("at", [("reading tables", 2), ("reading photos", 1), ("reading photos", 60)])
def test_a_killed_import_leaves_no_catalogue_and_can_be_repeated(messy, tmp_path, at):
    load(messy, tmp_path)
    child = os.fork()
    if child == 0:
        load(
            messy, tmp_path, on_step=lambda step: (step.stage, step.done) == at and os.kill(os.getpid(), signal.SIGKILL)
        )
        os._exit(1)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    if at[0] == "reading tables":
        assert len(Catalogue.open(tmp_path).items) == 60  # the old one was not touched yet
    else:
        with pytest.raises(GigsError, match="not a catalogue"):
            Catalogue.open(tmp_path)
    assert len(load(messy, tmp_path).items) == 60 and not list(tmp_path.glob(".*"))
