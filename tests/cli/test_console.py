"""What comes from packs, tables and names is shown as it is: never markup, never a terminal's control code. Row 53."""

from __future__ import annotations

import io
import json
import shutil

import pytest
from rich.table import Table

from gigs.cli.console import PlainConsole, errors, output, write_anything
from tests.helpers.command_line import gigs

EVIL = "[/bold] [red]x :smile: \x1b]52;c;eA==\x07\x9b2J"
CLEAN = "[/bold] [red]x :smile: ?]52;c;eA==??2J"


@pytest.fixture
def evil_pack(small_pack, tmp_path):
    root = shutil.copytree(small_pack, tmp_path / "pack")
    info = json.loads((root / "pack.json").read_text())
    info["audiences"] = {**info["audiences"], "[/b]": {**info["audiences"]["few"], "label": EVIL}}
    info["card"] = {"licence": EVIL}
    (root / "pack.json").write_text(json.dumps(info))
    return root


def test_labels_are_text_in_every_command(evil_pack):
    listed = gigs("audience", "list", evil_pack)
    assert listed.returncode == 0, listed.stderr
    assert "[/b]" in listed.stdout and "\x1b" not in listed.stdout and "[red]x :smile: ?]52" in listed.stdout
    card = gigs("pack", "show", evil_pack)
    assert card.returncode == 0 and "\x1b" not in card.stdout and "\x9b" not in card.stdout
    told = gigs("suggest", "--example", 1, "--pack", evil_pack, "--audience", EVIL, "--out", evil_pack.parent / "out")
    assert told.returncode == 2 and "\x1b" not in told.stderr and "\x9b" not in told.stderr


def test_tables_titles_and_lines_all_go_the_same_way():
    stream = io.StringIO()
    console = PlainConsole(file=stream, width=200)
    table = Table(EVIL, title=EVIL)
    table.add_row(EVIL)
    console.print(table)
    console.print(EVIL)
    text = stream.getvalue()
    assert "\x1b" not in text and "\x9b" not in text and text.count(CLEAN) == 4


def test_all_consoles_of_the_command_line_are_plain():
    assert isinstance(output, PlainConsole) and isinstance(errors, PlainConsole)


def test_a_stream_without_a_letter_gets_a_question_mark():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    write_anything(stream, None)
    stream.write("café “54 of 100” \udce9")
    stream.flush()
    assert stream.buffer.getvalue() == b"caf? ?54 of 100? ?"
