"""A full disk is one error that names the file; what was there stays, and nothing half-written does. Row 22."""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from gigs.errors import DiskError, GigsError
from gigs.io import storage
from gigs.training.checkpoint import load_checkpoint, save_checkpoint

BIG = {"weights": torch.zeros(1_000_000)}


@pytest.fixture(scope="module")
def small_disk(tmp_path_factory):
    """A file system of 1 MB."""
    folder = tmp_path_factory.mktemp("small-disk")
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=20)
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"no file system can be mounted here ({type(error).__name__})")
    yield folder
    subprocess.run(["umount", str(folder)], check=True, capture_output=True, timeout=20)


def _packed(path: Path) -> None:
    storage.packed_array(path, np.uint8, (4_000_000,))[:] = 7  # without the room reserved, this is a SIGBUS


WRITERS = {
    "checkpoint": lambda folder: save_checkpoint(folder, BIG),
    "safetensors": lambda folder: storage.save_tensors(folder / "m.safetensors", BIG, {}),
    "bytes": lambda folder: storage.write_bytes(folder / "a.png", bytes(4_000_000)),
    "array": lambda folder: storage.write_atomic(folder / "images.npy", _packed),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_a_disk_that_is_really_full(small_disk, kind):
    for step in (1, 2):
        save_checkpoint(small_disk, {"step": step})
    with pytest.raises(DiskError, match=r"small-disk.*: No space left on device.*free some"):
        WRITERS[kind](small_disk)
    assert load_checkpoint(small_disk)["step"] == 2
    assert sorted(path.name for path in small_disk.iterdir()) == ["checkpoint.previous.pt", "checkpoint.pt"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("kind", WRITERS)
def test_a_disk_that_fills_at_the_last_moment(tmp_path, monkeypatch, kind, code):
    """When everything is written and only waits for its sync; a quota counts as a disk."""
    save_checkpoint(tmp_path, {"step": 1})

    def full(_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(storage.os, "fsync", full)
    with pytest.raises(DiskError):
        WRITERS[kind](tmp_path)
    assert load_checkpoint(tmp_path)["step"] == 1 and len(list(tmp_path.iterdir())) == 1


def test_it_is_a_typed_error_and_still_an_os_error():
    assert issubclass(DiskError, GigsError) and issubclass(DiskError, OSError) and DiskError.exit_code == 2
    assert str(DiskError("a: full")) == "a: full"
