"""Output folders: one writer, a killed one's lock is free, a manifest that notices changes. Rows 14, 21, 33."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal

import pytest
from PIL import Image

from gigs.errors import InputError, ModelError
from gigs.io import folders, storage, written
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
        pytest.raises(InputError, match=r"another gigs process is writing into it.*another folder"),
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
        assert told.returncode == 2 and "another gigs process is writing into it" in told.stderr
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
    written.forget(result)
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
    with pytest.raises(ModelError, match=r"b\.png: (missing|differs from)"):
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


@posix
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("held", "wanted"), [("lk/ok", "lk/ok"), ("lk", "lk/ok"), (".", "lk/ok/raw")])
def test_who_holds_a_folder_holds_what_is_in_it(tmp_path, held, wanted):
    """Row 33, nested: refused below a folder that another process holds; free once that has ended."""
    there, go = multiprocessing.Event(), multiprocessing.Event()

    def hold():
        with folders.owned(tmp_path / held):
            there.set()
            go.wait(30)

    child = fork(hold)
    assert there.wait(30)
    with pytest.raises(InputError, match="another gigs process is writing into it"), folders.owned(tmp_path / wanted):
        pytest.fail("two owners")
    with folders.owned(tmp_path.parent / f"{tmp_path.name}-beside"):
        pass
    go.set()
    os.waitpid(child, 0)
    with folders.owned(tmp_path / wanted):
        pass


@posix
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_batch_keeps_out_of_a_folder_that_is_written(small_pack, pyramid_for_lpips, tmp_path):
    """Row 33, nested: one of its products' folders is another process's; nothing is computed or written."""
    photos = []
    for name in ("ok", "other"):
        picture = Image.new("RGB", (64, 96), (245, 244, 240))
        picture.paste((180, 40, 60), (14, 10, 50, 86))
        picture.save(tmp_path / f"{name}.png")
        photos.append(tmp_path / f"{name}.png")
    there, go = multiprocessing.Event(), multiprocessing.Event()

    def hold():
        with folders.owned(tmp_path / "lk" / "ok"):
            storage.write_text(tmp_path / "lk" / "ok" / "mine.txt", "mine")
            there.set()
            go.wait(60)

    child = fork(hold)
    assert there.wait(30)
    told = gigs("suggest", *photos, "--pack", small_pack, "--steps", 1, "--n", 1, "--out", tmp_path / "lk", "--force")
    assert told.returncode == 2 and "ok: another gigs process is writing into it" in told.stderr
    assert sorted(path.name for path in (tmp_path / "lk").rglob("*") if path.is_file()) == [folders.LOCK, "mine.txt"]
    go.set()
    os.waitpid(child, 0)


@posix
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_a_living_process_is_writing_is_not_swept_away(tmp_path):
    """Row 21: `gigs suggest --out runs` while a training saves into `runs/x`, or into a catalogue that nobody holds."""
    there, go = multiprocessing.Event(), multiprocessing.Event()

    def slow(temporary):
        temporary.write_text("whole")
        there.set()
        go.wait(30)

    child = fork(lambda: storage.write_atomic(tmp_path / "runs" / "x" / "checkpoint.pt", slow))
    assert there.wait(30)
    with folders.owned(tmp_path / "runs"):
        pass
    go.set()
    os.waitpid(child, 0)
    assert (tmp_path / "runs" / "x" / "checkpoint.pt").read_text() == "whole"


def test_unfinished_files_tell_whose_they_are(tmp_path, monkeypatch):
    def made(host=storage.HOST, process=os.getpid(), token="0" * 8):
        path = tmp_path / f".a.gigs-{host}-{process}-{token}-x.txt"
        path.write_text("half")
        return path

    assert storage.is_left_over(made()), "of an earlier process with this number, as in a container"
    assert not storage.is_left_over(made(token=storage._SELF))
    assert not storage.is_left_over(made(process=os.getppid()))
    elsewhere = made(host="0" * 8)
    assert not storage.is_left_over(elsewhere)
    os.utime(elsewhere, (0, 0))
    assert storage.is_left_over(elsewhere)
    (tmp_path / ".a.gigs-abc123.txt").write_text("of an earlier gigs")
    assert storage.is_left_over(tmp_path / ".a.gigs-abc123.txt")
