"""A checkpoint survives its own writing; a damaged one gives way to the one before, with a warning."""

from __future__ import annotations

import os
import pickle
import random
import signal
import warnings

import pytest
import torch

from gigs.errors import ModelError
from gigs.io import storage
from gigs.training.checkpoint import load_checkpoint, save_checkpoint

NEWEST, PREVIOUS = "checkpoint.pt", "checkpoint.previous.pt"


def state(step: int) -> dict:
    return {
        "step": step,
        "weights": torch.full((4,), float(step)),
        "rng": torch.Generator().manual_seed(step).get_state(),
    }


def test_the_newest_is_loaded_and_one_older_is_kept(tmp_path):
    for step in (1, 2, 3):
        save_checkpoint(tmp_path, state(step))
    loaded = load_checkpoint(tmp_path)
    assert loaded["step"] == 3 and torch.equal(loaded["rng"], state(3)["rng"])
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [PREVIOUS, NEWEST]
    (tmp_path / NEWEST).unlink()
    assert load_checkpoint(tmp_path)["step"] == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: b"",
        lambda whole: whole[:-200],
        lambda whole: bytes(len(whole)),
        lambda whole: b"text",
    ],
    ids=["empty", "cut off", "zeros", "text"],
)
def test_a_damaged_newest_gives_way_to_the_one_before(tmp_path, damage):
    save_checkpoint(tmp_path, state(1))
    path = save_checkpoint(tmp_path, state(2))
    path.write_bytes(damage(path.read_bytes()))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert load_checkpoint(tmp_path)["step"] == 1
    assert any("damaged, trying the one before" in str(warning.message) for warning in caught)
    (tmp_path / PREVIOUS).write_bytes(b"")
    with pytest.warns(UserWarning), pytest.raises(ModelError, match="every checkpoint is damaged"):
        load_checkpoint(tmp_path)


def test_no_checkpoint_says_so(tmp_path):
    with pytest.raises(ModelError, match="no checkpoint to resume from"):
        load_checkpoint(tmp_path)
    with pytest.raises(ModelError, match="no checkpoint to resume from"):
        load_checkpoint(tmp_path / "absent")


def test_random_damage_gives_a_state_or_a_model_error(tmp_path):
    rng = random.Random(0)
    path = save_checkpoint(tmp_path, state(1))
    whole = path.read_bytes()
    for _ in range(60):
        damaged = bytearray(whole[: rng.choice((len(whole), rng.randrange(len(whole))))])
        for _ in range(min(len(damaged), rng.choice((1, 3, 30)))):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        path.write_bytes(damaged)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                load_checkpoint(tmp_path)
            except ModelError as error:
                assert str(tmp_path) in str(error)


def test_a_full_disk_keeps_the_last_good_ones(tmp_path, monkeypatch):
    for step in (1, 2):
        save_checkpoint(tmp_path, state(step))

    def full(content, handle):
        handle.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    for _ in range(2):  # twice, as a loop that carries on would
        with pytest.raises(OSError, match="No space"):
            save_checkpoint(tmp_path, state(3))
    assert load_checkpoint(tmp_path)["step"] == 2
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [PREVIOUS, NEWEST]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and signals")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("moment", ["before the rename", "while writing"])
def test_a_kill_at_any_moment_leaves_one_that_loads(tmp_path, monkeypatch, moment):
    save_checkpoint(tmp_path, state(1))
    save_checkpoint(tmp_path, state(2))

    def die(*_):
        os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        monkeypatch.setattr(*((torch, "save") if moment == "while writing" else (storage.os, "fsync")), die)
        save_checkpoint(tmp_path, state(3))
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    assert load_checkpoint(tmp_path)["step"] == 2


def test_a_hostile_checkpoint_does_not_run(tmp_path):
    class Hostile:
        def __reduce__(self):
            return (open, (str(tmp_path / "canary"), "w"))

    (tmp_path / NEWEST).write_bytes(pickle.dumps(Hostile()))
    with pytest.warns(UserWarning), pytest.raises(ModelError):
        load_checkpoint(tmp_path)
    torch.save({"step": Hostile()}, tmp_path / NEWEST)
    with pytest.warns(UserWarning), pytest.raises(ModelError):
        load_checkpoint(tmp_path)
    assert not (tmp_path / "canary").exists()
