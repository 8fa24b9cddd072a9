"""Machines for which PyTorch has no packages are named before pip fails, with what to do."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.install_check import trouble

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("machine", "message"),
    [
        ({"system": "Darwin", "machine": "x86_64", "kernel": "RELEASE_X86_64"}, "Intel processor.*last one.*2.2.2"),
        ({"system": "Darwin", "machine": "x86_64", "kernel": "RELEASE_ARM64_T6000"}, "Rosetta.*Apple silicon"),
        ({"system": "Linux", "machine": "x86_64", "libc": "x86_64-pc-linux-musl"}, "musl.*Debian"),
        ({"system": "Windows", "machine": "AMD64", "bits": 32}, "32 bits.*install Python of 64 bits"),
        ({"system": "FreeBSD", "machine": "amd64"}, "FreeBSD: PyTorch has packages for"),
        ({"system": "Linux", "machine": "x86_64", "version": (3, 9)}, "Python 3.10 or newer: make PYTHON="),
    ],
)
def test_what_is_missing_is_said_with_what_to_do(machine, message):
    said = trouble(**machine)
    assert re.search(message, said) and "\n" not in said


@pytest.mark.parametrize(
    "machine",
    [
        {"system": "Linux", "machine": "x86_64", "libc": "x86_64-linux-gnu"},
        {"system": "Linux", "machine": "aarch64"},
        {"system": "Darwin", "machine": "arm64", "kernel": "RELEASE_ARM64_T6000"},
        {"system": "Windows", "machine": "AMD64", "version": (3, 14)},
    ],
)
def test_others_are_let_through(machine):
    assert trouble(**machine) is None


def test_make_asks_before_pip_and_this_machine_passes():
    makefile = (ROOT / "Makefile").read_text()
    assert makefile.index("tools/install_check.py") < makefile.index("-m pip install")
    subprocess.run([sys.executable, ROOT / "tools/install_check.py"], check=True)
