"""What is dear to make is made by one worker of pytest-xdist and copied by the others."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that `make` fills: once in the whole run, and each worker gets a copy of its own.

    What `make` leaves there must be the same whoever makes it, and may hold no absolute paths.
    """
    own = factory.mktemp(name)
    if "PYTEST_XDIST_WORKER" not in os.environ:
        make(own)
        return own
    shared = factory.getbasetemp().parent / f"shared-{name}"
    with FileLock(f"{shared}.lock"):
        if not shared.exists():
            make(own)
            shutil.copytree(own, shared.with_suffix(".part"), dirs_exist_ok=True)
            shared.with_suffix(".part").rename(shared)
            return own
    shutil.copytree(shared, own, dirs_exist_ok=True)
    return own
