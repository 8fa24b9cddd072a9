"""Names and texts from outside, made fit to be written down, linked to and shown."""

from __future__ import annotations

import os
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigs.io.text import address, harmless_cell, is_text, readable, shown

BROKEN = os.fsdecode(b"caf\xe9.jpg")


def test_a_name_that_is_no_text_can_be_written_afterwards():
    assert readable(BROKEN) == "caf\ufffd.jpg" and readable("größe 中文.png") == "größe 中文.png"
    assert readable("\ud800x").encode("utf-8")


@given(st.binary(min_size=1, max_size=40))
def test_any_name_of_a_file_system_can_be_written_and_linked_to(content):
    name = os.fsdecode(content)
    readable(name).encode("utf-8")
    assert unquote_to_bytes(address(name)) == content


@pytest.mark.parametrize(
    "name", ["javascript:alert(1)", "data:text/html,x", "#1", "50%25", "a?b", "a b", BROKEN, "größe", "-x", '"><b']
)
def test_any_folder_is_a_link_to_that_folder_and_to_nothing_else(name):
    link = address(f"{name}/report.html")
    parts = urlsplit(link)
    assert not parts.scheme and not parts.netloc and not parts.query and not parts.fragment and link.isascii()
    assert unquote_to_bytes(parts.path) == os.fsencode(f"{name}/report.html")


@given(st.text())
def test_no_control_code_reaches_a_terminal(text):
    clean = shown(text)
    assert len(clean) == len(text) and is_text(clean)
    assert not any((ord(letter) < 32 and letter not in "\n\t") or 0x7F <= ord(letter) < 0xA0 for letter in clean)


def test_what_is_harmless_is_shown_as_it_is():
    assert shown("größe 中文 👩‍👩‍👧\n\tאבג [bold]") == "größe 中文 👩‍👩‍👧\n\tאבג [bold]"
    assert shown("\x1b]0;title\x07\x9b2J\u202egpj.exe") == "?]0;title??2J?gpj.exe"


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_spreadsheet_takes_a_cell_for_a_formula(sign):
    assert harmless_cell(f"{sign}cmd()") == f"'{sign}cmd()" and harmless_cell(f"a{sign}") == f"a{sign}"
