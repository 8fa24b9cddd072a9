"""The README leads somewhere wherever it is read: in the repository, and on a package index."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", ["README.md", "SECURITY.md", "training/README.md"])
def test_its_links_lead_to_files(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    links = LINK.findall(text)
    assert links and not [link for link in links if not (ROOT / page).parent.joinpath(link).exists()]


def test_it_opens_with_the_two_commands_and_has_five_lines_of_python():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.match(r"# gigs\n\n```\nmake demo .*\nmake test .*\n```\n", text)
    code = text.split("```python\n")[1].split("```")[0]
    assert len([line for line in code.splitlines() if line.strip()]) == 5
    compile(code, "README.md", "exec")


def test_on_a_package_index_no_link_is_broken():
    pytest.importorskip("hatch_fancy_pypi_readme", reason="hatch-fancy-pypi-readme is not installed (extra dev)")
    run = subprocess.run([sys.executable, "-m", "hatch_fancy_pypi_readme"], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert not LINK.findall(run.stdout) and "<!--" not in run.stdout and "![" not in run.stdout
    assert "| A guide for sellers |" in run.stdout and "looks soft" not in run.stdout
