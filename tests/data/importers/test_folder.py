"""A shop's untidy export becomes a catalogue; what is left out is counted and listed with its row."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest

from gigs.audience import user_table
from gigs.data.catalogue import Catalogue
from gigs.data.check.catalogue import check_catalogue
from gigs.data.conditions import matching
from tests.data.importers.messy import UNICODE, item_ids
from tests.data.importers.shops import WEIGHTS, dropped, load
from tests.helpers.command_line import gigs


@pytest.fixture(scope="module")
def shop(messy, tmp_path_factory) -> Catalogue:
    """The messy shop with weighted events; read only."""
    return load(messy, tmp_path_factory.mktemp("shop"), event_weights=WEIGHTS)


@pytest.fixture
def source(messy, tmp_path):
    return shutil.copytree(messy, tmp_path / "source")


# What is imported


def test_counts_and_columns(shop):
    assert (len(shop.items), len(shop.users), len(shop.interactions)) == (60, 81, 960)
    assert shop.items["item_id"].tolist() == item_ids()
    assert set(shop.items["section"]) == {"Women", "Men"} and set(shop.items["type"]) == {
        "T-shirt",
        "Trousers",
        "Dress",
    }
    assert shop.items["group"].equals(shop.items["type"]) and set(shop.items["colour"]) == {"Red", "Blue"}
    assert shop.items["product_code"].nunique() == 30 and shop.items["name"][6] == '=HYPERLINK("http://x")'
    assert shop.items["price"][6:9].tolist() == [16.0, 17.5, 18.0]  # one has a decimal comma
    assert shop.items["x_class"].tolist() == ["x"] * 60  # `class` cannot stand in a condition


def test_rows_are_those_of_a_spreadsheet(shop):
    rows = shop.items.set_index("item_id")["source_row"]
    assert (rows[UNICODE[0]], rows["00004"], rows["00019"], rows["00020"]) == (2, 6, 21, 23)  # row 22 is blank


def test_ids_in_two_spellings_are_one(shop):
    pairs = shop.interactions
    bought = pairs.groupby("item").size().reindex(range(60), fill_value=0)
    assert (bought[:4] > 0).all() and shop.items["has_image"][:4].all()  # NFD in the events and the photos' names


def test_pictures_are_found_in_all_five_manners(shop):
    missing = shop.items.loc[~shop.items["has_image"], "item_id"].tolist()
    assert missing == ["00010", "00015"]
    assert "empty" in shop.info["image_problems"]["00010"] and "00015" not in shop.info["image_problems"]
    centre = shop.images(32)[:, 14:18, 16].astype(int).mean(axis=1)
    red = centre[:, 0] > centre[:, 2]
    pictured = shop.items["has_image"].to_numpy()
    assert (
        red[pictured] == (np.arange(60) % 2 == 0)[pictured]
    ).sum() >= 57  # 00011's second photo is of another colour
    assert shop.info["photos_unused"] == 1


def test_everything_left_out_is_listed_with_its_row(shop):
    assert dropped(shop) == {
        ("items", "repeats an item or user above it"): [(63, UNICODE[0])],
        ("items", "has the same id as a row above it, which was kept"): [(64, "00004")],
        ("items", "no id"): [(65, "")],
        ("items", "cannot be read: 10 cells, but the header has 9 (a misplaced quotation mark?)"): [(66, "")],
        ("items", "id of more than 256 characters"): [(67, "x" * 300)],
        ("interactions", "the pair's weights add up to 0 or less"): [(3, "c000 / 00032"), (963, "c000 / 00032")],
        ("interactions", "the same event at the same time as in an earlier row"): [(962, "c000 / 00030")],
        ("interactions", "names an item that is not in the item table"): [(964, "c001 / 99999")],
        ("interactions", "no readable time"): [(965, "c001 / 00005")],
        ("interactions", "no user id"): [(966, "")],
        ("interactions", "no item id"): [(967, "")],
        ("interactions", "event 'wishlist' has no weight"): [(968, "c001 / 00005")],
        ("users", "repeats an item or user above it"): [(72, "c000")],
        ("users", "no id"): [(73, "")],
        ("photos", "cannot be read; the item's next photo was used"): [
            (
                13,
                "00011: "
                + str(shop_photo(shop))
                + ": this is text, not a picture; gigs reads JPEG, PNG, WebP and AVIF",
            )
        ],
        ("photos", "further photos of an item: only its first is used"): [(7, "00005: 00005-back.jpg")],
    }
    assert shop.info["dropped_interactions"] == 8
    assert sum(kind["count"] for kind in shop.info["dropped"]) == sum(map(len, dropped(shop).values()))


def shop_photo(shop):
    """The broken photo as the messages call it."""
    text = next(kind for kind in shop.info["dropped"] if kind["table"] == "photos" and "next" in kind["reason"])
    return text["examples"][0].split(": ")[1]


def test_weights_add_up_and_times_are_utc(shop, messy):
    pairs = shop.interactions
    assert set(pairs["weight"].round(3)) == {0.2, 1.0} and pairs["count"].tolist() == [1] * 960
    raw = pd.read_csv(messy / "events.csv", dtype=str)
    first = raw[raw["Customer ID"] == "c007"]["Created at"].min()
    mine = pairs[pairs["user"] == shop.users.index[shop.users["user_id"] == "c007"][0]]
    assert mine["first"].min() == pd.Timestamp(first).tz_localize(None)
    last = mine.sort_values("first")["split"].tolist()
    assert last == ["train"] * 10 + ["validation", "test"]


def test_users_of_the_events_only_are_added(shop):
    assert shop.info["users_added"] == 11 and shop.users["user_id"].is_unique
    assert shop.users["age"].isna().sum() == 12 and shop.users["age"].dtype == np.float64
    assert shop.users["user_id"].tolist()[-1] == "@lonely"


def test_audiences_can_be_described(shop):
    users = user_table(shop)
    assert set(users["main_section"].dropna()) == {"Women", "Men"}
    assert matching(users, 'age >= 30 and city == "Köln" and bought_women > 0', "audience").sum() > 10


def test_the_check_names_rows_and_remedies(shop):
    report = check_catalogue(shop)
    assert report.ok and not report.strict().ok
    found = {finding.what: finding for finding in report.findings}
    assert found["items left out: no id"].examples == ("row 65",)
    assert found["items without a photo"].examples == ("00015 (row 17)",)
    assert found["items whose photo cannot be read"].examples[0].startswith("00010 (row 12): ")
    assert all(finding.fix for finding in report.findings)


def test_the_same_import_gives_the_same_bytes(shop, messy, tmp_path):
    again = load(messy, tmp_path, event_weights=WEIGHTS)
    for name in (
        "catalogue.json",
        "items.parquet",
        "users.parquet",
        "interactions.parquet",
        "images-32.npy",
        "dropped.csv",
    ):
        assert (again.root / name).read_bytes() == (shop.root / name).read_bytes()


# The command line


def test_the_commands_lead_from_files_to_a_strict_check(messy, tmp_path):
    run = gigs(
        "data", "import", "folder", "--images", messy / "photos", "--items", messy / "items.csv", "--interactions",
        messy / "events.csv", "--size", 32, "--user-id", "Customer ID", "--item-id", "items=SKU", "--time", "createdAt",
        "--event-weight", "purchase=1", "--event-weight", "view=0.2", "--out", tmp_path,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert (
        "item = SKU, " in run.stdout and "item = sku (guessed)" in run.stdout and "user = Customer ID, " in run.stdout
    )
    assert "left out: 1 interactions: no readable time (row 965" in run.stdout and "dropped.csv" in run.stdout
    check = gigs("data", "check", tmp_path)
    assert check.returncode == 0 and "warning" in check.stdout and "error" not in check.stdout
    strict = gigs("data", "check", tmp_path, "--strict")
    assert strict.returncode == 2 and "warning" not in strict.stdout and "correct these rows" in strict.stdout


def test_formulas_are_not_run_by_a_spreadsheet(source, tmp_path):
    with (source / "events.csv").open("a") as handle:
        handle.write("=cmd|'/c calc'!A1,-99,purchase,2024-04-01\n@x,\t+1,purchase,2024-04-01\n")
    rows = [line for lines in dropped(load(source, tmp_path / "out")).values() for line in lines]
    assert all(not identifier.startswith(("=", "+", "-", "@", "\t")) for _, identifier in rows)
    assert "'=cmd|'/c calc'!A1 / -99" in {identifier for _, identifier in rows}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--event-weight", "purchase"), "KIND=WEIGHT"),
        (("--event-weight", "purchase=much"), "KIND=WEIGHT"),
        (("--item-id", "orders=sku"), "must be one of"),
        (("--time", "when"), "no such column"),
        (("--images", "nowhere"), "--images"),
        (("--items", "nowhere.csv"), "nowhere.csv"),
    ],
)
def test_a_wrong_option_is_one_line(messy, tmp_path, options, reason):
    usual = {"--images": messy / "photos", "--items": messy / "items.csv", "--interactions": messy / "events.csv"}
    usual |= dict([options]) if options[0] in usual else {}
    rest = () if options[0] in usual else options
    arguments = [part for pair in usual.items() for part in pair]
    run = gigs("data", "import", "folder", *arguments, *rest, "--out", tmp_path / "out")
    assert run.returncode == 2 and reason in run.stderr and len(run.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()
