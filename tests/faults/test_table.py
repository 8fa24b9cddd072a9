"""The table of faults and the promises of SECURITY.md name tests that exist, and every row has one."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def rows() -> dict[int, str]:
    lines = (ROOT / "docs" / "reference" / "faults.md").read_text(encoding="utf-8").splitlines()
    found = (re.match(r"\| (\d+) \|", line) for line in lines)
    return {int(match[1]): line for line, match in zip(lines, found, strict=True) if match}


def check_tests(line: str) -> None:
    tests = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", line)
    assert tests, line
    for file, name in tests:
        assert re.search(rf"^def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.M), (line, file, name)


def test_every_row_has_a_test_and_the_rows_are_counted_rightly():
    table = rows()
    assert sorted(table) == list(range(1, len(table) + 1)) and len(table) >= 35
    for line in table.values():
        check_tests(line)
    for page in ("README.md", "SECURITY.md"):
        assert f"{len(table)} cases" in (ROOT / page).read_text(encoding="utf-8"), page


def test_every_promise_has_a_test():
    promised = (ROOT / "SECURITY.md").read_text(encoding="utf-8").split("## Promised")[1].split("## Not promised")[0]
    promises = [one for one in re.split(r"^- ", promised, flags=re.M) if one.startswith("**")]
    assert len(promises) >= 6
    for promise in promises:
        check_tests(promise)
