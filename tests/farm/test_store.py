from __future__ import annotations

from pathlib import Path

import fsspec
import pytest

from gigs.errors import InputError, ModelError
from gigs.farm.store import Store
from gigs.io import folders


@pytest.fixture(params=["disk", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path):
    if request.param == "disk":
        yield Store.open(str(tmp_path / "out"))
        return
    yield Store.open("memory://store-test/out")
    fsspec.filesystem("memory").rm("/store-test", recursive=True)


def test_what_is_written_is_read_again(store: Store) -> None:
    assert store.names() == [] and not store.has("a/b.bin")
    store.write("a/b.bin", b"one")
    store.write("a/b.bin", b"two")
    store.write_large("a/c.bin", lambda path: path.write_bytes(b"x" * 100_000))
    assert store.read("a/b.bin") == b"two" and store.names("a") == ["b.bin", "c.bin"]
    with store.reading("a/c.bin") as handle:
        assert handle.read(3) == b"xxx"
    store.remove("a/b.bin")
    store.remove("a/b.bin")
    assert store.names("a") == ["c.bin"]


def test_what_is_missing_is_named(store: Store) -> None:
    store.write("there", b"")
    with pytest.raises(ModelError, match="no such file"):
        store.read("not-there")
    with pytest.raises(ModelError, match="no such file"), store.reading("not-there"):
        pass


def test_a_failed_large_write_leaves_the_old_file(store: Store) -> None:
    store.write("table", b"old")

    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise ValueError

    with pytest.raises(ValueError):
        store.write_large("table", fail)
    assert store.read("table") == b"old" and store.names() == ["table"]


def test_a_local_folder_has_one_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open(str(tmp_path / "out"))
    with store.held():
        assert (tmp_path / "out" / folders.LOCK).exists()


def test_unknown_urls_are_refused_in_one_line() -> None:
    with pytest.raises(InputError, match="cannot be opened"):
        Store.open("nothing-of-the-kind://somewhere")


def test_elsewhere_a_file_is_renamed_into_place(tmp_path: Path) -> None:
    files = fsspec.filesystem("dir", path=str(tmp_path), target_protocol="file")
    store = Store(files, "out", "dir://out")
    seen: list[list[str]] = []
    moved = files.mv
    files.mv = lambda one, other: (seen.append(store.names()), moved(one, other))
    store.write("a.bin", b"whole")
    assert store.read("a.bin") == b"whole" and seen == [[]] and store.names() == ["a.bin"]
