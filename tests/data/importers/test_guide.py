"""The guide's import and check commands work as they are printed, on the shop that nobody tidied."""

from __future__ import annotations

import re
import shlex
import shutil
import sqlite3
from pathlib import Path

import pytest

from gigs.data.catalogue import Catalogue
from tests.data.importers.databases import rows_of
from tests.helpers.command_line import gigs

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "your-data.md"


@pytest.fixture
def home(messy, tmp_path, monkeypatch):
    """Where the guide's reader stands: an export, and a database."""
    shutil.copytree(messy, tmp_path / "export")
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute("CREATE TABLE products (sku, title, photo)")
        items = [(row[1], row[2], row[7]) for row in rows_of(messy / "items.csv", 9)]
        connection.executemany("INSERT INTO products VALUES (?, ?, ?)", items)
        connection.execute("CREATE TABLE order_lines (customer_id, sku, ordered_at)")
        events = [(row[1], row[2], row[4]) for row in rows_of(messy / "events.csv", 4)]
        connection.executemany("INSERT INTO order_lines VALUES (?, ?, ?)", events)
    connection.close()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_commands_of_the_guide_work(home):
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    commands = [shlex.split(line) for block in blocks for line in block.splitlines()]
    assert [command[1:3] for command in commands] == [
        ["data", "import"],
        ["data", "import"],
        ["data", "check"],
        ["data", "import"],
    ]
    sizes = []
    for _, *arguments in commands:
        run = gigs(*arguments)
        assert run.returncode == 0, run.stderr
        catalogue = Catalogue.open("data/my-shop")
        sizes.append((catalogue.info["source"], len(catalogue.items), len(catalogue.interactions)))
    assert sizes == [("folder", 60, 962), ("folder", 60, 959), ("folder", 60, 959), ("sql", 60, 962)]


def test_what_the_guide_shows_is_what_is_printed(home):
    shown = GUIDE.read_text(encoding="utf-8").split("what it left out and why:\n\n```\n")[1].split("```")[0]
    run = gigs(
        "data", "import", "folder", "--images", "export/photos", "--items", "export/items.csv", "--interactions",
        "export/events.csv", "--users", "export/users.csv", "--out", "data/my-shop",
    )  # fmt: skip
    for line in shown.splitlines():
        start, *rest = line.split("...")
        assert any(start in printed and all(part in printed for part in rest) for printed in run.stdout.splitlines()), (
            line
        )
