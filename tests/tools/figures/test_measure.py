"""A measuring command is run, and what it leaves becomes the figures."""

import json
import subprocess
from pathlib import Path

import pytest

from tools.figures.__main__ import main
from tools.figures.book import Book, Figure, Measurement, value_at
from tools.figures.measure import arguments, measured

WRITE = """python -c 'import sys; open(sys.argv[1] + "/found.json", "w").write(sys.argv[2])' {out} "$FOUND" """.replace(
    '"$FOUND"', """'{{"a/b": [1, {{"c": 7.25}}]}}'"""
)


def book_of(command: str, **others) -> Book:
    figure = Figure(
        of="made", at=("/a~1b/1/c", "@seconds"), form="{0:.1f} in {1:.0f} s", values=(0, 0), n="{0:.0f}", page="x"
    )
    return Book(
        measurements={"made": Measurement(command=command, file="found.json", protocol="p", **others)},
        figures={"made.it": figure},
    )


def test_a_command_is_run_and_its_numbers_are_kept():
    found = measured(book_of(WRITE, runs=2), "made", Path("data"))
    one, how = found.figures["made.it"], found.measurements["made"]
    assert one.values[0] == 7.25 and 0 <= one.values[1] < 60 and one.text.startswith("7.2 in ") and one.count == "7"
    assert how.machine and how.date and how.date.startswith("20")


def test_a_command_that_fails_or_leaves_nothing_is_said():
    with pytest.raises(subprocess.CalledProcessError):
        measured(book_of("python -c 'raise SystemExit(1)'"), "made", Path("data"))
    with pytest.raises(LookupError, match="nothing there"):
        measured(book_of(WRITE.replace("7.25", '"x"').replace('"c"', '"d"')), "made", Path("data"))


@pytest.mark.parametrize(
    ("at", "text", "value"),
    [("lines:^a", "ab\nca\na\n", 2), ("@seconds", "", 1.2), ("/0", "[3]", 3), ("/a/b", json.dumps({"a": {"b": 2}}), 2)],
)
def test_places_of_numbers(at, text, value):
    assert value_at(at, text, 1.23) == value


@pytest.mark.parametrize("text", ['{"a": true}', '{"a": "1"}', '{"b": 1}', "[1]"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(LookupError):
        value_at("/a", text, 0)


def test_figures_of_an_unknown_measurement_are_refused():
    with pytest.raises(ValueError, match="no measurement is called made"):
        Book(measurements={}, figures=book_of("").figures)


def test_commands_are_those_of_this_python():
    assert arguments("gigs suggest 'a b'")[1:] == ["-m", "gigs", "suggest", "a b"]
    assert arguments("make x") == ["make", "x"]


def test_the_command_lists_what_there_is_and_refuses_other_names(capsys):
    assert main(["--list"]) == 0 and "share: gigs verify share" in capsys.readouterr().out
    assert main(["--only", "no-such"]) == 2 and "there are demo" in capsys.readouterr().out
