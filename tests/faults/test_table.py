"""The table of faults names tests that exist, and every row has one."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def rows() -> dict[int, str]:
    lines = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8").splitlines()
    found = (re.match(r"\| (\d+) \|", line) for line in lines)
    return {int(match[1]): line for line, match in zip(lines, found, strict=True) if match}


def test_there_are_35_rows_each_with_a_test():
    table = rows()
    assert sorted(table) == list(range(1, 36))
    for number, line in table.items():
        tests = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", line)
        assert tests, number
        for file, name in tests:
            assert re.search(rf"^def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.M), (number, file, name)
