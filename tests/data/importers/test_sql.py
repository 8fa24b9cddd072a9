"""A shop's database becomes the same catalogue as its files; passwords stay secret."""

from __future__ import annotations

import sqlite3

import pytest

from gigs.data.catalogue import Catalogue
from gigs.data.importers.sql import ShopDatabase, import_sql
from gigs.errors import DataError, InputError
from tests.data.importers.databases import (
    EVENTS,
    ITEMS,
    QUOTED,
    SECRET,
    SETTINGS,
    TABLES,
    WIDTHS,
    command,
    parts,
    rows_of,
    same,
)
from tests.helpers.command_line import gigs


@pytest.fixture(scope="module")
def file(messy, tmp_path_factory):
    path = tmp_path_factory.mktemp("database") / "shop.db"
    with sqlite3.connect(path) as connection:
        for name, columns in TABLES.items():
            connection.execute(f"CREATE TABLE {name} ({columns})")
            marks = ", ".join("?" * (WIDTHS[name] + 1))
            connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows_of(messy / f"{name}.csv", WIDTHS[name]))
    connection.close()
    return path


@pytest.fixture
def database(file):
    return f"sqlite:///{file}"


def test_sqlite_gives_what_the_files_give(database, messy, messy_catalogue, tmp_path):
    catalogue = import_sql(
        ShopDatabase(url=database, items=ITEMS, interactions=EVENTS), messy / "photos", tmp_path, settings=SETTINGS
    )
    same(catalogue, messy_catalogue)
    assert catalogue.info["source"] == "sql" and catalogue.info["queries"]["items"] == ITEMS
    assert any(kind["examples"][0].startswith("row ") for kind in catalogue.info["dropped"])


def test_the_command_reads_queries_from_files_and_the_url_from_the_environment(database, messy, tmp_path, monkeypatch):
    (tmp_path / "items.sql").write_text("\ufeff" + ITEMS, encoding="utf-8")
    monkeypatch.setenv("SHOP_URL", database)
    run = gigs(
        "data", "import", "sql", "env:SHOP_URL", "--images", messy / "photos", "--items", f"@{tmp_path / 'items.sql'}",
        "--interactions", EVENTS, "--users", "SELECT DISTINCT customer AS user_id, 30 AS age FROM events",
        "--size", 32, "--out", tmp_path / "out",
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    catalogue = Catalogue.open(tmp_path / "out")
    assert len(catalogue.items) == 60 and set(catalogue.users["age"]) == {30.0}


@pytest.mark.parametrize(
    "query",
    [
        "DROP TABLE items",
        "DELETE FROM events",
        "INSERT INTO events VALUES (1)",
        "SELECT * FROM nothing",
        "SELEKT",
        "",
        "SELECT 1 WHERE 0",
    ],
)
def test_a_query_that_is_none_is_one_line_and_changes_nothing(file, database, messy, tmp_path, query):
    before = file.read_bytes()
    run = command(database, query, messy, tmp_path / "out")
    assert run.returncode == 2 and len(run.stderr.strip().splitlines()) == 1
    assert file.read_bytes() == before and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "query",
    ["ATTACH DATABASE '{}' AS other", "VACUUM INTO '{}'", "PRAGMA query_only = OFF", "DETACH DATABASE main",
     "CREATE TEMP TABLE t AS SELECT 1", "SELECT writefile('{}', 'x')"],
)  # fmt: skip
def test_a_query_that_writes_elsewhere_is_refused_by_the_database_itself(database, messy, tmp_path, query):
    """`query_only` lets some of these make a file."""
    run = command(database, query.format(tmp_path / "made.db"), messy, tmp_path / "out")
    assert run.returncode == 2 and len(run.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "made.db").exists()


def test_colons_in_a_query_are_no_parameters(database, messy, tmp_path):
    query = ITEMS.replace(" FROM items", ", 'a:b' AS note, '12:30' AS hour FROM items")
    catalogue = import_sql(
        ShopDatabase(url=database, items=query, interactions=EVENTS), messy / "photos", tmp_path, settings=SETTINGS
    )
    assert set(catalogue.items["note"]) == {"a:b"} and set(catalogue.items["hour"]) == {"12:30"}


def test_a_missing_database_is_named_and_not_made(messy, tmp_path):
    with pytest.raises(DataError, match="no such SQLite database"):
        import_sql(
            ShopDatabase(url=f"sqlite:///{tmp_path / 'new.db'}", items=ITEMS, interactions=EVENTS),
            messy / "photos",
            tmp_path / "out",
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "url",
    [
        "no url " + SECRET,
        f"postgresql://me:{QUOTED}@127.0.0.1:notaport/shop",
        f"postgresql://me:{QUOTED}@127.0.0.1:1/shop?connect_timeout=2",
        f"postgresql://127.0.0.1:1/shop?password={QUOTED}&connect_timeout=2",
        f"postgresql://me@127.0.0.1:1/shop?passfile={QUOTED}&connect_timeout=2",
        f"mysql://me:{QUOTED}@127.0.0.1/shop",
        f"unknown+driver://me:{QUOTED}@127.0.0.1/shop",
        f"sqlite:///{QUOTED}.db",
    ],
)
def test_no_failure_tells_the_password(messy, tmp_path, url):
    run = command(url, ITEMS, messy, tmp_path / "out")
    assert run.returncode == 2 and "Traceback" not in run.stderr
    if not url.startswith("sqlite"):  # there it is a file's name
        assert not {SECRET, QUOTED, SECRET.replace(" ", "+")} & set(parts(run.stdout + run.stderr))
    assert not (tmp_path / "out").exists()


def test_the_environment_and_query_files_are_named_when_missing(messy, tmp_path):
    for url, items, reason in (("env:NO_SUCH", ITEMS, "NO_SUCH"), ("sqlite://", "@nothing.sql", "nothing.sql")):
        with pytest.raises(InputError, match=reason):
            import_sql(ShopDatabase(url=url, items=items, interactions=EVENTS), messy / "photos", tmp_path / "out")
