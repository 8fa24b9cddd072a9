"""Every notebook runs from its first cell to its last, and readers find it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tools.site.notebooks import page

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
LARGEST = 20_000  # bytes: texts and code, no pictures
LONGEST = 200  # characters of a line that a cell shows
each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])


@pytest.mark.slow
@pytest.mark.weights
@each_notebook
def test_a_notebook_runs_in_a_process_of_its_own(path, tmp_path):
    command = [sys.executable, str(Path(__file__).with_name("run_cells.py")), str(path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", errors="replace")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Warning" not in done.stderr and "Traceback" not in done.stderr, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= LONGEST, done.stdout
    assert [made.name for made in tmp_path.iterdir()] == [path.stem]


@each_notebook
def test_a_notebook_is_stored_well_formed_and_without_outputs(path):
    nbformat = pytest.importorskip("nbformat")
    nbformat.validate(nbformat.read(path, as_version=4))
    assert path.stat().st_size < LARGEST
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        assert cell["cell_type"] == "markdown" or (cell["outputs"] == [] and cell["execution_count"] is None)


@each_notebook
def test_a_notebook_says_how_to_install_and_readers_find_it(path):
    text = page(path)
    assert "pip install gigs" in text and f'href="{path.name}"' in text
    assert f"]({path.name})" in (path.parent / "index.md").read_text(encoding="utf-8")
    assert f"notebooks/{path.stem}.md" in (ROOT / "mkdocs.yml").read_text(encoding="utf-8")


def test_the_start_pages_lead_to_the_notebooks():
    assert len(NOTEBOOKS) == 4
    for place, link in (("README.md", "docs/notebooks/index.md"), ("docs/index.md", "notebooks/index.md")):
        assert f"]({link})" in (ROOT / place).read_text(encoding="utf-8")
