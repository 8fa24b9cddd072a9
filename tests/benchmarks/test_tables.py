import mmap
from dataclasses import replace

import pytest

from benchmarks import memory, tables
from gigs.method.presets import get_preset


def row(preset, photo, seconds, lpips):
    stages = {"inversion": seconds, "tuning": 0.0, "shifting": 2 * seconds, "total": 3 * seconds}
    figures = dict.fromkeys(tables.FIGURES, 0.5)
    return {"preset": preset, "photo": photo, "seconds": stages, **figures, "lpips": lpips}


@pytest.fixture
def presets():
    text = get_preset("paper-text")
    short = replace(text, shifting=replace(text.shifting, steps=200))
    return {"paper-text": short, "fast": get_preset("fast")}


@pytest.fixture
def runs():
    slow = [row("paper-text", f"p{number}", 10.0, 0.3) for number in range(5)]
    return slow + [row("fast", f"p{number}", 1.0, 0.2 + 0.01 * number) for number in range(5)]


def test_seconds_are_extrapolated_loop_by_loop_and_marked(runs, presets):
    found = tables.summarise(runs, presets)
    assert found["paper-text"]["extrapolated"] and not found["fast"]["extrapolated"]
    assert found["paper-text"]["seconds_full"]["median"] == pytest.approx(10 + 20 * 5)
    assert found["fast"]["seconds_full"]["median"] == pytest.approx(3)
    assert found["fast"]["lpips"]["median"] == pytest.approx(0.22)


def test_pairs_are_compared_on_the_same_photos(runs):
    found = tables.paired(runs[:-1], "paper-text")
    assert set(found) == {"fast"} and found["fast"]["n"] == 4
    assert found["fast"]["lpips"]["mean"] == pytest.approx(-0.085)
    assert found["fast"]["lpips"]["low"] < -0.085 < found["fast"]["lpips"]["high"] < 0


def test_the_tables_name_the_extrapolation(runs, presets):
    about = {
        "photos": 5, "held_out": True, "audience": "women", "seed": 0, "pack": "x", "generator": "y", "threads": 2,
        "probe": {"bf16": True, "channels_last": False},
    }  # fmt: skip
    results = {"about": about, "summary": tables.summarise(runs, presets), "paired": tables.paired(runs, "paper-text")}
    text = tables.markdown(results)
    assert "110.0 (110.0 - 110.0)\\*" in text and "extrapolated" in text and "36.7" in text


def test_peak_memory_is_of_this_process():
    memory.reset_peak()
    before = memory.peak_mb()
    with mmap.mmap(-1, 64 * 2**20) as block:  # not from the heap, where as much may lie free and resident already
        block[::4096] = b"\1" * (len(block) // 4096)
        assert memory.peak_mb() >= before + 50
