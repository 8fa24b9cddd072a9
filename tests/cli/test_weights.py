"""`gigs weights`: which networks by others there are, and how to have them before the network goes."""

import json
import logging

import pytest

from gigs.cli import console
from gigs.cli import weights as command
from gigs.errors import InputError
from gigs.io import weights
from gigs.io.weights.table import CONTENT, NEEDED, PURPOSES, SINGLE
from tests.helpers.command_line import gigs


def test_every_set_has_a_purpose_and_a_size():
    assert set(PURPOSES) == {*CONTENT, *SINGLE} and set(NEEDED) <= set(CONTENT)
    for one in weights.overview():
        assert one.sources and all(size > 0 or label == "the package lpips" for label, size in one.sources)


def test_list_says_what_is_here_as_a_table_and_as_json(monkeypatch, tmp_path):
    monkeypatch.setenv("GIGS_CACHE", str(tmp_path))
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "u2netp.safetensors").write_bytes(b"")
    told = json.loads(gigs("weights", "list", "--json").stdout)
    here = {row["name"]: row["file"] for row in told}
    assert here["u2netp"] == str(tmp_path / "weights" / "u2netp.safetensors") and here["vgg16-features"] is None
    assert "download" in gigs("weights", "list").stdout


def test_fetch_brings_what_a_suggestion_needs_and_fills_a_folder_for_others(monkeypatch, capsys, tmp_path):
    fetched, exported = [], []
    monkeypatch.setattr(weights, "fetch", fetched.append)
    monkeypatch.setattr(weights, "export", lambda name, folder: exported.append(name) or folder / name)
    command.fetch_command(names=None, everything=False, out=None)
    assert fetched == list(NEEDED) and not exported
    command.fetch_command(names=["u2netp"], everything=False, out=tmp_path)
    assert exported == ["u2netp"] and str(tmp_path / "u2netp") in capsys.readouterr().out.replace("\n", "")
    command.fetch_command(names=None, everything=True, out=None)
    assert set(fetched) == set(PURPOSES)
    with pytest.raises(InputError, match="unknown weights 'vgg'; the names are vgg16-features"):
        command.fetch_command(names=["vgg"], everything=False, out=None)


def test_downloads_are_announced_on_standard_error(monkeypatch, capsys):
    log = logging.getLogger("gigs.io.weights")
    monkeypatch.setattr(log, "handlers", [])
    monkeypatch.setattr(log, "level", log.level)
    monkeypatch.setattr(log, "propagate", True)
    console.tell_of_downloads()
    console.tell_of_downloads()
    assert len(log.handlers) == 1
    said = []
    monkeypatch.setattr(console, "_note", said.append)
    log.info("fetching %s from %s", "u2netp", "a [place]")
    assert said == ["fetching u2netp from a [place]"]


def test_whoever_waits_is_told_and_whoever_does_not_is_not(monkeypatch):
    said = []
    monkeypatch.setattr(console, "_note", said.append)
    monkeypatch.setattr(console, "_is_watched", lambda: False)
    with console.saying("unwatched", after=0):
        console.threading.Event().wait(0.05)
    monkeypatch.setattr(console, "_is_watched", lambda: True)
    with console.saying("quick", after=60):
        pass
    with console.saying("slow", after=0):
        for _ in range(1000):
            if said:
                break
            console.threading.Event().wait(0.01)
    assert said == ["slow ..."]
