"""Output folders: one writer, a killed one's lock is free, a manifest that notices changes. Rows 14, 21, 33."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal

import pytest

from gigs.errors import InputError, ModelError
from gigs.io import folders, storage
from tests.helpers.command_line import gigs
from tests.helpers.small_models import write_small_pack

posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and signals")


def fork(act) -> int:
    """Run `act` in a child that ends without the parent's clean-up; its process id."""
    child = os.fork()
    if child == 0:
        try:
            act()
        finally:
            os._exit(0)
    return child


@posix
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_second_process_is_told_and_the_first_goes_on(tmp_path):
    """Row 33."""
    there, go = multiprocessing.Event(), multiprocessing.Event()

    def hold():
        with folders.owned(tmp_path / "out"):
            there.set()
            go.wait(30)
            storage.write_text(tmp_path / "out" / "result.txt", "mine")

    child = fork(hold)
    assert there.wait(30)
    with (
        pytest.raises(InputError, match=r"another gigs is writing into it.*another folder"),
        folders.owned(tmp_path / "out"),
    ):
        pytest.fail("two owners")
    go.set()
    os.waitpid(child, 0)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["result.txt"]
    with folders.owned(tmp_path / "out"):
        pass


def test_a_pack_that_is_being_changed_is_not_changed_by_another_command(tmp_path, tiny_catalogue):
    """Row 33: both would read pack.json and each write it without what the other found."""
    pack = write_small_pack(tmp_path / "pack", encoder=True)
    before = (pack / "pack.json").read_bytes()
    for command in (["update", pack, "--generator", pack, "--encoder", pack], ["calibrate", pack], ["probes", pack]):
        more = [] if command[0] == "update" else ["--catalogue", tiny_catalogue.root]
        with folders.owned(pack):
            told = gigs("pack", *command, *more)
        assert told.returncode == 2 and "another gigs is writing into it" in told.stderr
    assert (pack / "pack.json").read_bytes() == before


@posix
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_killed_owner_leaves_no_lock_and_no_halves(tmp_path):
    """Rows 21 and 33: killed while it writes; the next one finds the old file and sweeps the unfinished one away."""
    storage.write_text(tmp_path / "a.txt", "old")

    def die(temporary):
        temporary.write_text("half")
        os.kill(os.getpid(), signal.SIGKILL)

    def write():
        with folders.owned(tmp_path):
            storage.write_atomic(tmp_path / "a.txt", die)

    os.waitpid(fork(write), 0)
    assert len(list(tmp_path.glob(".a.gigs-*"))) == 1 and (tmp_path / folders.LOCK).exists()
    (tmp_path / ".a.settings").write_text("the user's own")
    with folders.owned(tmp_path):
        assert not list(tmp_path.glob(".a.gigs-*"))
    assert (tmp_path / "a.txt").read_text() == "old" and (tmp_path / ".a.settings").exists()


def test_a_folder_that_nothing_was_put_into_goes_again(tmp_path):
    with folders.owned(tmp_path / "new" / "out"):
        pass
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").write_text("x")
    for path, reason in ((tmp_path / "file", "not a folder"), (tmp_path / ("x" * 300), "cannot"), ("a\0b", "cannot")):
        with pytest.raises(InputError, match=reason), folders.owned(path):
            pytest.fail("a file is no folder")


@pytest.fixture
def result(tmp_path):
    for name, text in (("a.png", "a"), ("raw/b.png", "b")):
        storage.write_text(tmp_path / name, text)
    folders.write_manifest(tmp_path, folders.names(tmp_path, ["*.png", "raw/*.png"]), request="r")
    return tmp_path


def test_a_manifest_lists_what_is_there(result):
    manifest = json.loads((result / "manifest.json").read_text())
    assert set(manifest["files"]) == {"a.png", "raw/b.png"} and manifest["files"]["a.png"]["size"] == 1
    assert folders.check_manifest(result) == manifest
    assert folders.is_complete(result, "r") and not folders.is_complete(result, "another request")
    folders.forget(result)
    assert not folders.is_complete(result, "r")


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.unlink(),
        lambda path: path.write_text("c"),  # same size, other content
        lambda path: path.write_text("longer"),
    ],
)
def test_a_changed_file_is_named(result, change):
    change(result / "raw" / "b.png")
    with pytest.raises(ModelError, match=r"b\.png: (missing|is not what)"):
        folders.check_manifest(result)
    assert not folders.is_complete(result, "r")


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "a\0b", "C:\\x", "..\\x", "", "link/x"])
def test_names_that_lead_out_of_the_folder_are_refused(result, name):
    """Row 14."""
    (result / "link").symlink_to(result.parent)
    (result.parent / "x").write_text("outside")
    with pytest.raises(ModelError, match="outside the folder"):
        folders.inside(result, name)


def test_the_hubs_own_links_are_followed(tmp_path):
    """The Hub's cache holds links to its `blobs`; a link to anywhere else stays refused."""
    snapshot, blobs = tmp_path / "snapshots" / "abc", tmp_path / "blobs"
    snapshot.mkdir(parents=True)
    storage.write_text(blobs / "123", "weights")
    (snapshot / "g.safetensors").symlink_to(blobs / "123")
    assert folders.inside(snapshot, "g.safetensors").read_text() == "weights"
    storage.write_text(tmp_path / "other", "secret")
    (snapshot / "h.safetensors").symlink_to(tmp_path / "other")
    with pytest.raises(ModelError, match="outside the folder"):
        folders.inside(snapshot, "h.safetensors")
