"""Settings that an error names become the options of the command that was typed."""

from __future__ import annotations

import pytest

from gigs.cli.flags import with_flags
from tests.helpers.command_line import gigs


@pytest.mark.parametrize(
    ("text", "typed", "shown"),
    [
        ("`size` must be 32", ["suggest", "photo.jpg"], "--size must be 32"),
        ("continue with `resume`", ["train", "flow", "data/hm"], "continue with --resume"),
        ("choose one with `label`", ["suggest"], "choose one with --class"),
        ("`label` is long", ["audience", "create", "few"], "--label is long"),
        ("`epsilon` 0", ["audience", "create", "few"], "--dp-epsilon 0"),
        ("`workers` 9", ["farm", "data/hm"], "--workers 9"),
        ("`workers` 9", ["farm", "run", "data/hm"], "--workers 9"),
        ("`resume` and `gigs pack show`", ["weights", "list"], "`resume` and `gigs pack show`"),
        ("no settings", [], "no settings"),
    ],
)
def test_settings_become_options_of_the_command(text: str, typed: list[str], shown: str) -> None:
    assert with_flags(text, typed) == shown


def test_an_error_on_the_screen_names_the_option(tmp_path) -> None:
    told = gigs("farm", tmp_path, "--audience", "few", "--audience", "few", "--out", tmp_path / "out")
    assert told.returncode == 2 and "--audience few: given twice" in told.stderr
