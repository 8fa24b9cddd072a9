import argparse
import json

import pytest

from benchmarks import busy


def test_the_table_compares_with_the_first_way_on_an_idle_machine():
    rows = [
        {"way": way, "neighbours": count, "seconds": seconds, "cpu": 9.0}
        for way, count, times in (("a", 0, (10, 12, 11)), ("b", 0, (11, 11, 11)), ("a", 2, (22, 20, 30)))
        for seconds in times
    ]
    lines = busy.table(rows).splitlines()
    assert lines[2] == "| a | 0 | 3 | 11.0 (10.0 - 12.0) | 9.0 (9.0 - 9.0) | 1.00 |"
    assert lines[4].endswith("| 22.0 (20.0 - 30.0) | 9.0 (9.0 - 9.0) | 2.00 |")


def test_neighbours_are_busy_and_end_with_the_measurement(monkeypatch):
    monkeypatch.setattr(busy, "NEIGHBOUR", "import time; time.sleep(600)")
    with busy.busy(2) as running:
        assert [each.poll() for each in running] == [None, None]
    assert all(each.poll() is not None for each in running)


def test_each_way_is_measured_with_and_without_neighbours(tmp_path, monkeypatch, capsys):
    asked = []

    def measured(settings, neighbours, more):
        assert more == ("--preset", "preview")
        asked.append((settings, neighbours))
        return {"seconds": 1.0 + neighbours, "cpu": 1.0}

    monkeypatch.setattr(busy, "measured", measured)
    busy.main(argparse.Namespace(wait=["A=1,B=2"], repeats=2, neighbours=2, quick=True, out=tmp_path))
    assert asked == 2 * [(way, count) for count in (0, 2) for way in ({}, busy.SPINNING, {"A": "1", "B": "2"})]
    assert len(json.loads((tmp_path / "busy.json").read_text())) == 12
    assert "| A=1,B=2 | 2 | 2 | 3.0 (3.0 - 3.0)" in capsys.readouterr().out


def test_a_process_is_measured_by_itself_with_its_own_settings(monkeypatch):
    monkeypatch.setattr(busy, "SUGGEST", ("--version",))
    monkeypatch.setenv("GOMP_SPINCOUNT", "5")
    found = busy.measured({}, 0)
    assert 0 < found["cpu"] < found["seconds"] + 5
    monkeypatch.setattr(busy, "SUGGEST", ("suggest", "--nonsense"))
    with pytest.raises(SystemExit, match="ended with 2"):
        busy.measured({}, 0)
