"""A pipe or a device that is given for a file is named at once, not waited for. Row 54."""

from __future__ import annotations

import os

import pytest

from gigs.data.importers.pickle_arrays import read_object_array
from gigs.data.importers.tables import read_table
from gigs.errors import DataError, GigsError, InputError, ModelError
from gigs.io import storage
from gigs.io.regular import require_file
from gigs.packs import load_pack
from gigs.proof.counts import read_counts
from gigs.recommender.models.imported import read_factors, user_ids_of
from gigs.result import Result
from tests.fuzz.run import time_limit
from tests.helpers.command_line import gigs

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")


@pytest.fixture
def pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


@pytest.mark.parametrize("name", ["pipe.csv", "pipe.jsonl", "pipe.parquet", "pipe"])
def test_tables(pipe, name, tmp_path):
    path = pipe.rename(tmp_path / name)
    with time_limit(10), pytest.raises(DataError, match="not an ordinary file"):
        read_table(path, "items")
    with time_limit(10), pytest.raises(DataError, match="not an ordinary file"):
        read_table("/dev/zero", "items")


def test_whatever_else_is_read(pipe, tmp_path):
    readers = (
        lambda: read_object_array(pipe, 1),
        lambda: read_counts(pipe),
        lambda: storage.read_json(pipe),
        lambda: read_factors(pipe),
        lambda: user_ids_of({}, pipe),
    )
    for read in readers:
        with time_limit(10), pytest.raises(GigsError):
            read()


def test_records_and_packs(pipe, tmp_path):
    for name, read in (("result.json", Result.read), ("pack.json", load_pack)):
        (tmp_path / name).unlink(missing_ok=True)
        os.mkfifo(tmp_path / name)
        with time_limit(10), pytest.raises((ModelError, InputError)):
            read(tmp_path)


def test_lists_on_the_command_line(pipe, small_pack, tmp_path):
    with time_limit(60):
        told = gigs(
            "data", "import", "sql", "sqlite:///nothing.db", "--images", tmp_path, "--items", f"@{pipe}",
            "--interactions", "SELECT 1", "--out", tmp_path / "out",
        )  # fmt: skip
    assert told.returncode == 2 and "a pipe, a device or a socket" in told.stderr


def test_a_missing_file_is_left_to_whoever_opens_it(tmp_path):
    assert require_file(tmp_path / "nothing") == tmp_path / "nothing"
    with pytest.raises(DataError, match="is a folder"):
        require_file(tmp_path, DataError)
