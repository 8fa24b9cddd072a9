import pytest

from gigs.errors import InputError
from gigs.vision import compute
from gigs.vision.compute import Compute, probed


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GIGS_CACHE", str(tmp_path))
    monkeypatch.delenv("GIGS_COMPUTE", raising=False)
    return tmp_path / "compute.json"


def test_the_probe_runs_once_and_its_answer_stays(monkeypatch, cache):
    answers = iter([Compute(bf16=True), Compute(bf16=False)])
    monkeypatch.setattr(compute, "probe", lambda device: next(answers))
    assert probed().bf16 and probed().bf16
    assert cache.is_file()
    cache.write_text("{ damaged")
    assert not probed().bf16


def test_an_explicit_wish_decides(monkeypatch):
    monkeypatch.setenv("GIGS_COMPUTE", "bf16,channels_last")
    assert probed() == Compute(bf16=True, channels_last=True)
    monkeypatch.setenv("GIGS_COMPUTE", "fp32")
    assert probed() == Compute()
    monkeypatch.setenv("GIGS_COMPUTE", "fp32,bf16")
    with pytest.raises(InputError, match="write fp32 or bf16"):
        probed()
    monkeypatch.setenv("GIGS_COMPUTE", "fp8")
    with pytest.raises(InputError, match="GIGS_COMPUTE"):
        probed()
