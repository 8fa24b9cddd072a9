"""The worked example of docs/guides/results.md is what the commands say, and its table is computed."""

import re
from pathlib import Path

from typer.testing import CliRunner

from gigs.cli.app import app
from gigs.verify.people_needed import buyers_needed, views_needed
from tests.proof.sheets import promised_result, sheet

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "results.md").read_text(encoding="utf-8")


def test_the_example_is_what_the_commands_say(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    promised_result(Path("shirt"))
    Path("counts.csv").write_text(re.search(r"```csv\n(.*?)```", GUIDE, re.DOTALL)[1])
    runs = re.findall(r"```\n\$ gigs (.*?)\n(.*?)```", GUIDE, re.DOTALL)
    assert len(runs) == 2
    for number, (command, said) in enumerate(runs):
        if number:
            sheet(Path("shop.csv"), {"product": (28_110, 562), "redesign 1": (27_954, 651)})
            assert (
                CliRunner()
                .invoke(app, ["results", "shirt", "shop.csv", "--test", "shop", "--ledger", "tests.jsonl"])
                .exit_code
                == 0
            )
        done = CliRunner().invoke(app, command.split())
        assert (done.exit_code, done.output) == (0, said)


def test_the_table_of_people_is_computed():
    rows = [
        [int(cell.replace(",", "")) for cell in row]
        for row in re.findall(r"^\| (\d+) " + r"\| ([\d,]+) " * 4, GUIDE, re.M)
    ]
    assert len(rows) == 5
    for share, *numbers in rows:
        assert numbers == [buyers_needed(share), *(views_needed(share, rate) for rate in (0.01, 0.02, 0.05))]
