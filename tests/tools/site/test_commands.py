"""The reference of the command line has every command, whole, and its examples as code."""

import re

import pytest
import typer

from gigs.cli.app import app
from tools.site import commands


@pytest.fixture(scope="module")
def page() -> str:
    return commands.page()


def paths(command, name):
    inner = getattr(command, "commands", {})
    return [name] + [path for key, one in inner.items() for path in paths(one, f"{name} {key}")]


def test_every_command_has_a_heading(page):
    headings = set(re.findall(r"^#+ `([^`]+)`$", page, re.MULTILINE))
    every = paths(typer.main.get_command(app), "gigs")
    assert len(every) > 40 and set(every[1:]) == headings


def test_lists_of_commands_are_not_cut_off(page):
    listed = re.findall(r"^\* `[a-z-]+`: (.*)$", page, re.MULTILINE)
    assert len(listed) > 40 and not [line for line in listed if line.endswith("...")]


def test_examples_are_code_and_a_long_one_is_continued(page):
    blocks = re.findall(r"^```console\n(gigs .*?)```", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) > 5
    for block in blocks:
        lines = block.splitlines()
        assert all(
            line.startswith("gigs ") or before.endswith("\\") for before, line in zip(["", *lines], lines, strict=False)
        )
    assert not re.search(r"^  gigs ", page, re.MULTILINE)
