"""The whole site builds strictly: every link leads somewhere, every page has its place, nothing comes from afar."""

import os
import re
import subprocess
import sys

import pytest

from tools.site.source import ROOT

pytest.importorskip("mkdocs", reason="the documentation's tools are not installed (extra docs)")


@pytest.mark.slow
def test_the_site_builds_strictly_and_needs_no_network(tmp_path):
    environment = {
        **os.environ,
        "NO_MKDOCS_2_WARNING": "1",
        "http_proxy": "http://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
    }
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    pages = {path.relative_to(tmp_path / "site").as_posix(): path.read_text() for path in tmp_path.rglob("*.html")}
    assert {"index.html", "guides/seller-guide.html", "reference/cli.html", "reference/api.html"} <= set(pages)
    assert (tmp_path / "site" / "reference" / "result.schema.json").is_file()
    for name, page in pages.items():
        loaded = re.findall(r"<(?:script|img|iframe)[^>]*\ssrc=\"?(https?:[^\s\">]+)", page)
        loaded += re.findall(r"<link[^>]*rel=\"?stylesheet[^>]*href=\"?(https?:[^\s\">]+)", page)
        assert not loaded, (name, loaded)
    assert pages["reference/architecture.html"].count("gigs-diagram") == 2
    for name in ("suggest", "colours", "Session", "Result", "Colourways", "Preset", "load_pack", "audience.Audience"):
        assert f'id="gigs.{name}"' in pages["reference/api.html"], name
