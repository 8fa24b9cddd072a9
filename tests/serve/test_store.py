"""What is kept of requests: over a restart, and no longer, no more and no larger than the limits say."""

from __future__ import annotations

import time

import pytest

from gigs.errors import InputError
from gigs.io import storage
from gigs.serve.limits import Limits
from gigs.serve.store import ABOUT, Store

PHOTO = b"x" * 100


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "kept", Limits(results=3, keep_seconds=100, result_bytes=1000))
    yield store
    store.close()


def made(store, size: int = 10, age: float = 0.0, state: str = "done"):
    """A request with a result of so many bytes, finished so long ago."""
    task = store.new("redesigns", {"audience": "everyone"})
    (task.folder / "photo").write_bytes(PHOTO)
    store.add(task)
    if state in ("waiting", "running"):
        task.record.state = state
        store.add(task)
        return task
    task.out.mkdir()
    (task.out / "suggestion-1.png").write_bytes(bytes(size))
    (task.out / "manifest.json").write_bytes(b"{}")
    assert store.finish(task, state)
    task.record.finished = time.time() - age
    return task


def test_a_second_server_on_the_folder_is_refused(store):
    with pytest.raises(InputError, match="another gigs serve keeps its results there"):
        Store(store.root, Limits())


def test_a_finished_one_is_there_again_after_a_restart_and_others_say_what_became_of_them(store):
    done, running, waiting = made(store), made(store, state="running"), made(store, state="waiting")
    store.close()
    again = Store(store.root, Limits())
    try:
        found = again.get(done.id, "redesigns")
        assert found.record.state == "done" and found.record.files == ("suggestion-1.png",)
        assert found.record.asked == {"audience": "everyone"} and found.record.finished
        for one in (running, waiting):
            record = again.get(one.id, "redesigns").record
            assert (record.state, record.problem["type"]) == ("failed", "/docs#interrupted")
            assert [path.name for path in (store.root / one.id).iterdir()] == [ABOUT]  # the photo is gone
    finally:
        again.close()


def test_what_is_no_record_is_left_alone(store):
    odd, other, strange = ("a" * 32, "b" * 32, "notes")
    for name, content in ((odd, "{"), (other, '{"id": 1}'), (strange, "{}")):
        (store.root / name).mkdir()
        (store.root / name / ABOUT).write_text(content)
    kept = made(store)
    (store.root / "c").mkdir()
    copied = storage.read_json(store.root / kept.id / ABOUT)
    (store.root / ("d" * 32)).mkdir()
    storage.write_json(store.root / ("d" * 32) / ABOUT, copied)  # that of another folder
    store.close()
    again = Store(store.root, Limits())
    assert [task.id for task in again] == [kept.id]
    again.close()
    assert all((store.root / name / ABOUT).is_file() for name in (odd, other, strange, "d" * 32))


def test_old_ones_many_ones_and_large_ones_go_oldest_first(store):
    old, ageing, young = made(store, age=200), made(store, age=50), made(store, age=10)
    store.sweep()
    assert {task.id for task in store} == {ageing.id, young.id} and not old.folder.exists()
    more = [made(store), made(store)]
    assert ageing.id not in {task.id for task in store} and young.folder.exists()
    large = made(store, size=990)
    assert {task.id for task in store} == {large.id, more[1].id} or {task.id for task in store} == {large.id}
    assert store.size <= 1000


def test_what_is_not_finished_never_goes_by_age(store):
    running = made(store, state="running")
    running.record.created = time.time() - 1e6
    store.sweep()
    assert store.get(running.id, "redesigns") is running


def test_a_temporary_folder_goes_with_the_store():
    store = Store(None, Limits())
    made(store)
    store.close()
    assert not store.root.exists()
