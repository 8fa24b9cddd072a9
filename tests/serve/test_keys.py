"""API keys: from a file and the environment, long enough, compared whole."""

from __future__ import annotations

import pytest

from gigs.errors import InputError
from gigs.serve.keys import SHORTEST, VARIABLE, Keys

KEY, OTHER = "a" * 20, "b" * 20


def test_keys_of_a_file_and_of_the_environment_all_open(tmp_path):
    file = tmp_path / "keys"
    file.write_text(f"# of the shop\n\n  {KEY}  \n")
    keys = Keys.of(file, {VARIABLE: OTHER})
    assert keys and keys.allows(f"Bearer {KEY}") and keys.allows(f"bearer {OTHER} ")
    for wrong in (
        "",
        KEY,
        f"Basic {KEY}",
        f"Bearer {KEY}x",
        f"Bearer {KEY[:-1]}",
        "Bearer ",
        "Bearer",
        f"Bearer  x{KEY}",
    ):
        assert not keys.allows(wrong), wrong


def test_without_keys_everybody_may_call():
    assert not Keys.of(None, {}) and Keys.of(None, {VARIABLE: ""}).allows("")


@pytest.mark.parametrize("content", ["", "# nothing\n", "short\n", "with a space in it, and long\n", "é" * 20])
def test_a_file_without_a_usable_key_is_refused(tmp_path, content):
    file = tmp_path / "keys"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=f"no API key|at least {SHORTEST} ASCII characters"):
        Keys.of(file, {})
    with pytest.raises(InputError, match="cannot be read"):
        Keys.of(tmp_path / "missing", {})
