"""The wheel: built, checked, below 90 MB, and drawing in an environment that holds nothing else of gigs."""

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

import gigs

ROOT = Path(__file__).resolve().parents[2]
LARGEST = 90e6  # bytes
pytestmark = pytest.mark.slow


def _run(*command: object, **options) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    for module in ("build", "hatchling"):
        pytest.importorskip(module)
    folder = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
    (made,) = folder.glob("*.whl")
    return made


def test_it_is_small_and_says_what_it_is(wheel):
    assert wheel.stat().st_size < LARGEST
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        about = Parser().parsestr(archive.read(next(name for name in names if name.endswith("METADATA"))).decode())
    assert about["Version"] == gigs.__version__ and about["License-Expression"] == "MIT AND LicenseRef-gigs-weights"
    assert about.get_all("License-File") == ["LICENSE", "LICENSES/LicenseRef-gigs-weights.txt"]
    assert any(name.endswith("licenses/LICENSES/LicenseRef-gigs-weights.txt") for name in names)
    assert {"plots", "train", "studio"} <= set(about.get_all("Provides-Extra"))
    assert all(any(name.endswith(f"bundled/{pack}/pack.json") for name in names) for pack in ("hm-64", "hm-128"))
    assert not any(name.startswith(("tests/", "docs/")) for name in names)


def test_twine_finds_nothing_wrong(wheel):
    pytest.importorskip("twine")
    assert "PASSED" in _run(sys.executable, "-m", "twine", "check", "--strict", wheel)


@pytest.mark.weights
def test_it_draws_in_a_fresh_environment(wheel, tmp_path):
    """The environment takes its dependencies from this one by a path file, and gigs from the wheel alone."""
    _run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "fresh")
    binaries = tmp_path / "fresh" / ("Scripts" if os.name == "nt" else "bin")
    python = binaries / ("python.exe" if os.name == "nt" else "python")
    site = Path(_run(python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])").strip())
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    _run(
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--ignore-installed",  # or pip would take gigs out of the environment in which the tests run
        "--prefix",
        tmp_path / "fresh",
        wheel,
    )
    (site / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")  # comes after the wheel's own files
    run = [python, "-m", "gigs"]
    assert _run(*run, "--version", env=environment, cwd=tmp_path).strip() == f"gigs {gigs.__version__}"
    where = _run(python, "-c", "import gigs; print(gigs.__file__)", env=environment, cwd=tmp_path).strip()
    assert Path(where).is_relative_to(tmp_path)
    draft = ("suggest", "--example", "1", "--preset", "preview", "--no-verify", "--out", "out")
    _run(*run, *draft, env=environment, cwd=tmp_path)
    made = json.loads((tmp_path / "out" / "result.json").read_text("utf-8"))
    assert made["versions"]["gigs"] == gigs.__version__ and made["suggestions"]
