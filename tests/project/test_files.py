"""The files around the code agree with one another."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import gigs

ROOT = Path(__file__).resolve().parents[2]


def _read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def _project() -> dict:
    tomllib = pytest.importorskip("tomllib", reason="Python 3.11 reads TOML")
    return tomllib.loads(_read("pyproject.toml"))


def test_the_version_is_written_in_one_place_and_agrees_elsewhere():
    project = _project()
    assert "version" in project["project"]["dynamic"] and "version" not in project["project"]
    assert project["tool"]["hatch"]["version"]["path"] == "src/gigs/__init__.py"
    assert re.search(r"^version: (.+)$", _read("CITATION.cff"), re.M)[1] == gigs.__version__
    assert re.findall(r"^## \[([\d.]+)\]", _read("CHANGELOG.md"), re.M)[0] == gigs.__version__


def test_code_and_weights_have_licences_of_their_own():
    project = _project()["project"]
    assert project["license"] == "MIT AND LicenseRef-gigs-weights"
    assert project["license-files"] == ["LICENSE", "LICENSES/LicenseRef-gigs-weights.txt"]
    for name in project["license-files"]:
        assert (ROOT / name).is_file()
    assert "LICENSES/LicenseRef-gigs-weights.txt" in _read("LICENSE")
    terms = _read("LICENSES/LicenseRef-gigs-weights.txt")
    for pack in (ROOT / "src" / "gigs" / "packs" / "bundled").glob("*/pack.json"):
        assert "non-commercial" in json.loads(pack.read_text("utf-8"))["card"]["licence"]
    assert "non-commercial" in terms


def test_plots_and_tensorboard_are_extras_and_the_core_has_neither():
    project = _project()["project"]
    names = [re.match(r"[\w-]+", line)[0] for line in project["dependencies"]]
    assert len(names) == len(set(names)) and not {"matplotlib", "tensorboard"} & set(names)
    extras = project["optional-dependencies"]
    assert extras["plots"][0].startswith("matplotlib") and extras["train"][0].startswith("tensorboard")
    everything = re.search(r"gigs\[(.+)\]", extras["dev"][0])[1].split(",")
    assert set(everything) == set(extras) - {"dev"}


def test_constraints_name_each_package_once():
    names = re.findall(r"^([\w.-]+)==", _read("constraints.txt"), re.M)
    assert len(names) > 20 and len(names) == len({name.lower().replace("_", "-") for name in names})


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.github-workflows", ".github/workflows/test.yml"),
        ("vendor.dependabot", ".github/dependabot.yml"),
        ("vendor.github-issue-forms", ".github/ISSUE_TEMPLATE/bug.yml"),
        ("vendor.github-issue-forms", ".github/ISSUE_TEMPLATE/feature.yml"),
        ("vendor.citation-file-format", "CITATION.cff"),
    ],
)
def test_files_for_hosts_have_the_form_that_hosts_expect(schema, file):
    pytest.importorskip("check_jsonschema")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(ROOT / file)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_hosted_workflow_covers_every_system_and_python_that_is_promised():
    workflow = _read(".github/workflows/test.yml")
    pythons = re.search(r"python: \[(.+)\]", workflow)[1].replace('"', "").split(", ")
    classified = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', _read("pyproject.toml"))
    assert pythons == classified == ["3.10", "3.11", "3.12", "3.13", "3.14"]
    assert "os: [ubuntu-latest, macos-latest, windows-latest]" in workflow
    assert "Not run yet" in workflow and "has not run yet" in _read("CONTRIBUTING.md")


def test_what_documents_link_to_exists():
    for name in ("CONTRIBUTING.md", "CHANGELOG.md", "CODE_OF_CONDUCT.md"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", _read(name)):
            assert (ROOT / target).exists(), f"{name}: {target}"
