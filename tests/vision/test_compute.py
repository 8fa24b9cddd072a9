"""How results are computed is a fact of the machine: the same seed gives the same bytes, whatever else it is doing."""

from __future__ import annotations

import pytest
import torch

from gigs.errors import InputError
from gigs.vision import compute
from gigs.vision.compute import Compute, suited


@pytest.fixture(autouse=True)
def no_wish(monkeypatch):
    monkeypatch.delenv("GIGS_COMPUTE", raising=False)


@pytest.mark.parametrize("amx", [True, False])
def test_the_processor_decides_and_no_clock_does(amx, monkeypatch, tmp_path):
    """Where the cache could not be written, timing decided anew in every run."""
    monkeypatch.setattr(compute, "has_amx", lambda: amx)
    monkeypatch.setattr(compute, "probe", lambda *_, **__: pytest.fail("timed"))
    monkeypatch.setattr(compute.time, "perf_counter", lambda: pytest.fail("timed"))
    monkeypatch.setenv("GIGS_CACHE", "/dev/null/nowhere")
    assert suited() == suited() == Compute(bf16=amx, channels_last=True)


def test_this_machine_gives_one_answer():
    assert isinstance(compute.has_amx(), bool)
    assert len({suited() for _ in range(3)}) == 1


@pytest.mark.parametrize(("capability", "bf16"), [((7, 5), False), ((8, 0), True), ((9, 0), True)])
def test_the_gpu_decides(capability, bf16, monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    assert suited("cuda:1") == Compute(device="cuda:1", bf16=bf16, channels_last=True)


def test_an_explicit_wish_decides(monkeypatch):
    monkeypatch.setenv("GIGS_COMPUTE", "bf16,channels_last")
    assert suited() == Compute(bf16=True, channels_last=True)
    monkeypatch.setenv("GIGS_COMPUTE", "fp32")
    assert suited() == Compute()
    monkeypatch.setenv("GIGS_COMPUTE", "fp32,bf16")
    with pytest.raises(InputError, match="write fp32 or bf16"):
        suited()
    monkeypatch.setenv("GIGS_COMPUTE", "fp8")
    with pytest.raises(InputError, match="GIGS_COMPUTE"):
        suited()
