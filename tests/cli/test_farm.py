"""`gigs farm`: what is a catalogue and what a command, and errors in one line."""

import pytest
from typer.testing import CliRunner

from gigs.cli.app import app
from gigs.errors import DataError, InputError
from gigs.farm import run as module
from gigs.farm.run import Finished


def run(*arguments):
    return CliRunner().invoke(app, ["farm", *map(str, arguments)])


@pytest.fixture
def requests(monkeypatch):
    """What the command asks for, and the run left out."""
    asked = []

    def farm(request, on_step):
        asked.append(request)
        return Finished(items=6, made=6, redesigns=20, failures=2, seconds=30.0, workers={})

    monkeypatch.setattr(module, "farm", farm)
    return asked


@pytest.mark.parametrize("command", [[], ["run"]])
def test_a_catalogue_needs_no_word_before_it(requests, command):
    given = ["data", "-a", "women", "-a", "men", "--out", "out", "--n", "3", "--seed", "4", "--where", "held_out"]
    done = run(*command, *given, "--limit", 6, "--resume")
    (request,) = requests
    assert done.exit_code == 0 and "12.0 items a minute" in done.output and "gigs farm report out" in done.output
    assert request.audiences == ("women", "men") and str(request.catalogue) == "data" and request.resume
    assert (request.options.preset.shifting.n, request.options.seed, request.limit) == (3, 4, 6)
    assert "2 times an item could not be made" in done.output


def test_options_may_come_first_and_help_is_that_of_a_run(requests):
    assert run("--audience", "women", "--out", "out", "data").exit_code == 0 and len(requests) == 1
    told = run("--help").output
    assert "--audience" in told and "gigs farm report" in told


def test_what_is_wrong_is_one_line(tmp_path):
    assert isinstance(run("report", tmp_path).exception, InputError)
    nothing = run(tmp_path, "--audience", "women", "--out", tmp_path / "out").exception
    assert isinstance(nothing, DataError) and "not a catalogue" in str(nothing)
    assert isinstance(run("data", "--audience", "women", "--out", "out", "--seed", "-1").exception, InputError)
