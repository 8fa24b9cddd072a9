"""Shares of a batch, and what is said of processes that fail; several real ones are in `test_shared_trainings`."""

from __future__ import annotations

import json
import os
import signal
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from gigs.errors import GigsError, InputError
from gigs.generator.families.progan_layers import MinibatchStd
from gigs.generator.train.progressive import train_generator
from gigs.training import processes
from gigs.training.launch import cause
from gigs.training.processes import ALONE, LostError, Processes, join, started_together
from gigs.training.shared_layers import SharedDropout
from gigs.training.stopping import stop_requests
from gigs.vision.compute import Compute
from tests.helpers.short_training import ADVERSARIAL, SMALL

TWO = [Processes(rank, 2) for rank in range(2)]


@pytest.fixture
def one_of_two(monkeypatch):
    """As if this process had joined another."""
    monkeypatch.setattr(processes, "_HERE", [TWO[0]])


def seeded():
    return torch.Generator().manual_seed(0)


def together(shares):
    """What several shares make, in the order of the whole."""
    return torch.stack(shares, dim=1).flatten(0, 1)


def test_shares_make_the_whole_and_halves_are_shared_too():
    rows = torch.arange(24)
    shares = [each.mine(rows) for each in TWO]
    assert torch.equal(together(shares), rows) and torch.equal(together([share[:6] for share in shares]), rows[:12])
    assert np.array_equal(TWO[1].mine(np.arange(6)), [1, 3, 5])
    assert ALONE.mine(rows) is rows


def test_what_is_drawn_is_what_one_process_draws():
    whole, rngs = torch.randn(8, 3, generator=seeded()), [seeded(), seeded()]
    shares = [each.draw(torch.randn, (4, 3), rng) for each, rng in zip(TWO, rngs, strict=True)]
    assert torch.equal(together(shares), whole)
    assert torch.equal(rngs[0].get_state(), rngs[1].get_state())


def test_dropout_leaves_out_what_one_process_leaves_out():
    x = torch.rand(8, 5) + 1
    torch.manual_seed(0)
    whole = nn.Dropout(0.5)(x)
    shares = []
    for each in TWO:
        torch.manual_seed(0)
        shares.append(SharedDropout(0.5, each)(each.mine(x)))
    assert torch.equal(together(shares), whole) and (whole == 0).any()
    assert torch.equal(SharedDropout(0.5, TWO[0]).eval()(x), x)


def test_pictures_are_compared_with_those_that_one_process_compares_them_with():
    x = torch.randn(16, 2, 4, 4, generator=seeded())
    shares = [MinibatchStd()(each.mine(x)) for each in TWO]
    torch.testing.assert_close(together(shares), MinibatchStd()(x))


def test_a_batch_that_cannot_be_shared_is_refused(one_of_two, tiny_catalogue, tmp_path):
    with pytest.raises(InputError, match="2 processes cannot share 33 judged photos evenly"):
        TWO[0].require_shares(photos=32, judged_photos=33)
    with pytest.raises(InputError, match=r"`batch` 8: the critic compares 4 pictures .* choose a multiple of 16"):
        train_generator(tiny_catalogue, tmp_path, SMALL, Compute())  # each half of a half: two pictures
    with pytest.raises(InputError, match=r"`batch` 4: .* choose a multiple of 8"):
        train_generator(tiny_catalogue, tmp_path, replace(ADVERSARIAL, batch=4), Compute())


def test_one_process_averages_and_waits_for_nobody():
    parameter = nn.Parameter(torch.ones(2))
    parameter.grad = gradient = torch.tensor([1.0, 2.0])
    ALONE.average_gradients([parameter])
    ALONE.wait()
    assert parameter.grad is gradient and torch.equal(ALONE.length(gradient), gradient.norm())
    assert ALONE.means({"a": 1.5}) == {"a": 1.5} and ALONE.any(True) and not ALONE.any(False)
    assert ALONE.from_main(lambda: 3) == 3 and ALONE.gathered(3) == [3]


@pytest.mark.parametrize("text", ["two", "0", "-1"])
def test_an_environment_that_makes_no_sense_is_named(text, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", text)
    with pytest.raises(InputError, match="WORLD_SIZE"):
        started_together()


def test_processes_share_only_devices_of_which_each_has_one(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(InputError, match=r"`device` cuda:1: several processes"):
        join("cuda:1")
    with pytest.raises(InputError, match="WORLD_SIZE=2 is set in the environment, but not RANK, LOCAL_RANK"):
        join("cpu")
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert join("cuda:1") is ALONE  # nobody to share with


@pytest.mark.parametrize("seconds", ["soon", "0", "-5", "nan"])
def test_a_timeout_is_a_number_of_seconds(seconds, monkeypatch):
    pytest.importorskip("accelerate", reason="the extra gigs[distributed] is not installed")
    for name in ("WORLD_SIZE", *processes.PLACE):
        monkeypatch.setenv(name, "2")
    monkeypatch.setenv(processes.TIMEOUT, seconds)
    with pytest.raises(InputError, match=f"GIGS_PROCESS_TIMEOUT='{seconds}': write seconds"):
        join("cpu")


def test_a_second_sigterm_is_held_back_among_several(one_of_two):
    with stop_requests() as asked:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert asked()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.1)


def failures(**codes):
    return {int(name[1:]): SimpleNamespace(exitcode=code) for name, code in codes.items()}


def write_error(folder, rank, name, text, timestamp):
    path = folder / str(rank) / "error.json"
    path.parent.mkdir()
    message = {"message": f"{name}: {text}", "extraInfo": {"timestamp": str(timestamp)}}
    path.write_text(json.dumps({"message": message}))


def test_the_cause_is_shown_and_not_what_follows_from_it(tmp_path):
    write_error(tmp_path, 0, "LostError", "another process has ended", 10)
    write_error(tmp_path, 1, "InputError", "runs: full: no room", 11)
    assert str(cause(tmp_path, failures(p0=2, p1=2), 2)) == "runs: full: no room"


def test_a_process_that_was_killed_is_named(tmp_path):
    write_error(tmp_path, 0, "LostError", "another process has ended", 10)
    error = cause(tmp_path, failures(p0=2, p1=-9), 2)
    assert isinstance(error, GigsError) and "process 2 of 2 was killed by SIGKILL" in str(error)


def test_without_a_message_the_exit_code_is_told(tmp_path):
    assert "process 2 of 4 ended with exit code 1" in str(cause(tmp_path, failures(p1=1), 4))
    (tmp_path / "error.json").write_text("{")  # not whole
    assert isinstance(cause(tmp_path, failures(p0=130, p1=130), 2), KeyboardInterrupt)


def test_where_all_have_lost_one_another_that_is_told(tmp_path):
    write_error(tmp_path, 0, "LostError", "does not answer", 10)
    assert isinstance(cause(tmp_path, failures(p0=2), 2), LostError)
