"""A real PostgreSQL server: the same catalogue as from files, read only, and no password told."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from gigs.data.importers.sql import ShopDatabase, import_sql
from gigs.errors import DataError
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


def programs() -> Path | None:
    """Folder of PostgreSQL's programs."""
    found = [Path(path).resolve().parent for name in ("initdb",) if (path := shutil.which(name))]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in found if (folder / "initdb").is_file() and (folder / "pg_ctl").is_file()), None)


def other_user() -> str | None:
    """Whom to run the server as: it refuses root; None where this user will do."""
    if os.geteuid() != 0:
        return None
    import pwd

    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    pytest.skip("PostgreSQL does not run as root, and there is no other user")


@pytest.fixture(scope="module")
def server():
    """A PostgreSQL of our own in a folder of its own, with a password; its port."""
    folder = programs()
    if folder is None:
        pytest.skip("no PostgreSQL installed (initdb and pg_ctl): apt-get install postgresql")
    user, home = other_user(), Path(tempfile.mkdtemp(prefix="gigs-pg-", dir="/tmp"))  # a socket's path must be short
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def run(name: str, *arguments: object) -> None:
        command = [str(folder / name), *map(str, arguments)]
        done = subprocess.run(command, user=user, cwd=home, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr

    (home / "password").write_text(SECRET)
    if user:
        shutil.chown(home, user)
        shutil.chown(home / "password", user)
    try:
        run(
            "initdb",
            "-D",
            home / "data",
            "-U",
            "owner",
            "-A",
            "scram-sha-256",
            "--pwfile",
            home / "password",
            "-E",
            "UTF8",
            "--no-sync",
        )
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {home} -c fsync=off -c shared_buffers=16MB"
        run("pg_ctl", "-D", home / "data", "-o", options, "-l", home / "log", "-w", "start")
        try:
            yield port
        finally:
            run("pg_ctl", "-D", home / "data", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="module")
def postgres(server, messy):
    import psycopg

    with psycopg.connect(host="127.0.0.1", port=server, user="owner", password=SECRET, dbname="postgres") as connection:
        for name, columns in TABLES.items():
            connection.execute(f"CREATE TABLE {name} ({columns})")
            marks = ", ".join(["%s"] * (WIDTHS[name] + 1))
            with connection.cursor() as cursor:
                cursor.executemany(f"INSERT INTO {name} VALUES ({marks})", rows_of(messy / f"{name}.csv", WIDTHS[name]))
    return f"postgresql://owner:{QUOTED}@127.0.0.1:{server}/postgres"


def test_postgresql_gives_what_the_files_give(postgres, messy, messy_catalogue, tmp_path):
    # Real times, decimals and a cast, whose colons are no parameter.
    events = EVENTS.replace(
        "at AS time", "CASE WHEN at LIKE '2024%' THEN at::timestamptz END AS time, 1.50::numeric AS weight"
    )
    catalogue = import_sql(
        ShopDatabase(url=postgres, items=ITEMS, interactions=events), messy / "photos", tmp_path, settings=SETTINGS
    )
    catalogue.interactions["weight"] /= 1.5
    same(catalogue, messy_catalogue)
    assert catalogue.info["database"] == "postgresql://127.0.0.1/postgres"
    assert not any(parts(path.read_bytes().decode("latin-1")) for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda url: url.replace(QUOTED, QUOTED[:-1] + "X"), "authentication"),
        (lambda url: url.replace("/postgres", "/nothing"), "nothing"),
    ],
)
def test_a_refused_connection_tells_why_but_not_the_password(postgres, messy, tmp_path, change, reason):
    run = command(change(postgres), ITEMS, messy, tmp_path / "out")
    assert run.returncode == 2 and reason in run.stderr and not parts(run.stdout + run.stderr)
    assert len(run.stderr.strip().splitlines()) == 1


def test_postgresql_is_only_read(postgres, messy, messy_catalogue, tmp_path):
    deletes = "WITH gone AS (DELETE FROM items RETURNING sku) SELECT sku AS item_id FROM gone"
    for query in (deletes, "DELETE FROM items RETURNING sku AS item_id", "CREATE TABLE mine AS SELECT 1"):
        with pytest.raises(DataError, match=r"postgresql://127\.0\.0\.1/postgres: "):
            import_sql(ShopDatabase(url=postgres, items=query, interactions=EVENTS), messy / "photos", tmp_path / "out")
    same(
        import_sql(
            ShopDatabase(url=postgres, items=ITEMS, interactions=EVENTS),
            messy / "photos",
            tmp_path / "out",
            settings=SETTINGS,
        ),
        messy_catalogue,
    )
