"""Files are whole or absent, and nothing that is read can run."""

from __future__ import annotations

import collections
import hashlib
import json
import os
import pickle
import signal
import stat

import pytest
import torch

from gigs.errors import ModelError
from gigs.io import pickles, storage

posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and signals")


def test_a_write_makes_its_folders_and_leaves_only_the_file(tmp_path):
    path = storage.write_text(tmp_path / "new" / "folder" / "a.txt", "größe\n")
    assert path.read_bytes() == "größe\n".encode()
    assert [entry.name for entry in path.parent.iterdir()] == ["a.txt"]


@posix
def test_a_written_file_can_be_read_by_others(tmp_path):
    mode = storage.write_text(tmp_path / "a.txt", "x").stat().st_mode
    assert stat.S_IMODE(mode) == 0o644


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), ValueError("bad")])
def test_a_failed_write_keeps_the_old_file_and_removes_its_own(tmp_path, error):
    path = storage.write_text(tmp_path / "a.txt", "old")

    def fail(temporary):
        temporary.write_text("half")
        raise error

    with pytest.raises(type(error)):
        storage.write_atomic(path, fail)
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


@posix
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_killed_write_keeps_the_old_file(tmp_path):
    path = storage.write_text(tmp_path / "a.txt", "old")

    def die(temporary):
        temporary.write_text("half")
        os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        storage.write_atomic(path, die)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    assert path.read_text() == "old"
    storage.write_text(path, "new")
    assert path.read_text() == "new"


def test_json_round_trip_and_refusal_of_nan(tmp_path):
    content = {"name": "Größe é", "n": 3, "loss": 0.1, "list": [None, True]}
    path = storage.write_json(tmp_path / "a.json", content)
    assert storage.read_json(path) == content
    assert "Größe é" in path.read_text(encoding="utf-8")
    for bad in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="JSON"):
            storage.write_json(path, {"loss": bad})
    assert storage.read_json(path) == content


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"a": }'])
def test_malformed_json_names_its_file(tmp_path, content):
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"broken\.json: not valid JSON"):
        storage.read_json(path)
    with pytest.raises(ModelError, match="no such file"):
        storage.read_json(tmp_path / "absent.json")


def test_sha256_reads_files_larger_than_a_piece(tmp_path):
    content = bytes(range(256)) * 9000
    path = storage.write_bytes(tmp_path / "a.bin", content)
    assert storage.sha256_of(path) == hashlib.sha256(content).hexdigest()


@pytest.fixture
def tensor_file(tmp_path):
    tensors = {"a": torch.arange(12.0).reshape(3, 4).T, "b": torch.tensor([1, 2], dtype=torch.int64)}
    return storage.save_tensors(tmp_path / "a.safetensors", tensors, {"kind": "test", "size": 3})


def test_tensors_round_trip_with_their_settings(tensor_file):
    tensors, settings = storage.load_tensors(tensor_file)
    assert settings == {"kind": "test", "size": 3}
    assert torch.equal(tensors["a"], torch.arange(12.0).reshape(3, 4).T) and tensors["b"].dtype == torch.int64


def test_same_tensors_same_bytes(tmp_path, tensor_file):
    tensors, settings = storage.load_tensors(tensor_file)
    assert storage.save_tensors(tmp_path / "b.safetensors", tensors, settings).read_bytes() == tensor_file.read_bytes()


def test_shared_storage_and_gradients_are_no_obstacle(tmp_path):
    shared = torch.ones(4, requires_grad=True)
    path = storage.save_tensors(tmp_path / "a.safetensors", {"a": shared, "b": shared[:2]}, {})
    assert {name: len(tensor) for name, tensor in storage.load_tensors(path)[0].items()} == {"a": 4, "b": 2}


def test_damaged_tensor_files_are_refused(tmp_path, tensor_file):
    whole = tensor_file.read_bytes()
    huge_header = (2**62).to_bytes(8, "little") + whole[8:]
    for content in (b"", whole[:20], whole[:-4], huge_header, b"PK\x03\x04" + whole):
        tensor_file.write_bytes(content)
        with pytest.raises(ModelError, match=r"a\.safetensors"):
            storage.load_tensors(tensor_file)
    with pytest.raises(ModelError, match="no such file"):
        storage.load_tensors(tmp_path / "absent.safetensors")


def test_tensor_files_of_others_are_refused(tmp_path):
    from safetensors.torch import save_file

    for metadata in (None, {"format": "pt"}):
        save_file({"a": torch.ones(1)}, tmp_path / "other.safetensors", metadata=metadata)
        with pytest.raises(ModelError, match="without gigs settings"):
            storage.load_tensors(tmp_path / "other.safetensors")
    save_file({"a": torch.ones(1)}, tmp_path / "other.safetensors", metadata={"gigs": "{"})
    with pytest.raises(ModelError, match="damaged"):
        storage.load_tensors(tmp_path / "other.safetensors")


class Hostile:
    """A pickle of this writes a file when it is loaded."""

    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        return (open, (str(self.canary), "w"))


def test_a_hostile_pickle_is_refused_before_it_runs(tmp_path):
    canary = tmp_path / "canary"
    with pytest.raises(ModelError, match="refused to unpickle"):
        pickles.unpickle_restricted(pickle.dumps(Hostile(canary)), [("collections", "OrderedDict")])
    assert not canary.exists()


@pytest.mark.parametrize(
    "payload", [b"cos\nsystem\n(S'true'\ntR.", b"cbuiltins\neval\n(S'1'\ntR.", b"\x80\x04\x8c\x02os\x8c\x06system\x93."]
)
def test_pickles_written_by_hand_are_refused(payload):
    with pytest.raises(ModelError, match="refused to unpickle"):
        pickles.unpickle_restricted(payload, [("collections", "OrderedDict")])


def test_listed_types_are_unpickled_and_damage_is_named():
    allowed = [("collections", "OrderedDict")]
    content = pickle.dumps(collections.OrderedDict(a=[1, 2.5, "x", b"y"]))
    assert pickles.unpickle_restricted(content, allowed) == {"a": [1, 2.5, "x", b"y"]}
    for damaged in (b"", content[:10], b"garbage", content[:-1]):
        with pytest.raises(ModelError, match="malformed pickle"):
            pickles.unpickle_restricted(damaged, allowed)


@pytest.mark.parametrize("payload", [b"}]K\x01s.", b"NK\x01K\x02s.", b"\x80\x04\x95" + b"\xff" * 8 + b"."])
def test_any_malformed_pickle_is_named(payload):
    with pytest.raises(ModelError, match="malformed pickle"):
        pickles.unpickle_restricted(payload, [])


def test_settings_are_readable_without_gigs(tensor_file):
    length = int.from_bytes(tensor_file.read_bytes()[:8], "little")
    header = json.loads(tensor_file.read_bytes()[8 : 8 + length])
    assert json.loads(header["__metadata__"]["gigs"]) == {"kind": "test", "size": 3}
