"""`gigs train ... --processes 2`: refused where it makes no sense, stopped by SIGTERM, resumed by one process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from gigs.training.checkpoint import load_checkpoint
from tests.helpers.command_line import gigs

pytest.importorskip("accelerate", reason="the extra gigs[distributed] is not installed")

TINY = (
    "--objective", "adversarial", "--resolution", 16, "--grow", "8:64", "--fmap-base", 64, "--fmap-max", 16,
    "--batch", 16,
)  # fmt: skip
PATIENCE = 240  # seconds; starting Python and PyTorch twice takes long on a busy machine


def train(catalogue, out, *options):
    return ("train", "generator", catalogue, *TINY, "--out", out, *options)


def test_a_device_that_cannot_be_shared_is_one_line(tiny_catalogue, tmp_path):
    wrong = gigs(*train(tiny_catalogue.root, tmp_path / "out", "--processes", 2, "--device", "mps"))
    assert wrong.returncode == 2 and "--device mps: several processes compute on cpu" in wrong.stderr
    assert not (tmp_path / "out").exists()


def test_another_number_than_the_launchers_is_one_line(tiny_catalogue, tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "4")
    wrong = gigs(*train(tiny_catalogue.root, tmp_path / "out", "--processes", 2))
    assert wrong.returncode == 2 and "--processes 2: the launcher started 4" in wrong.stderr


def test_without_accelerate_the_extra_is_named(tiny_catalogue, tmp_path, monkeypatch):
    monkeypatch.setattr("gigs.cli.train_processes.find_spec", lambda name: None)
    wrong = gigs(*train(tiny_catalogue.root, tmp_path / "out", "--processes", 2))
    assert wrong.returncode == 2 and "pip install 'gigs[distributed]'" in wrong.stderr


@pytest.mark.slow
def test_an_error_in_the_processes_is_one_line(tiny_catalogue, tmp_path, capfd):
    wrong = gigs(*train(tiny_catalogue.root, tmp_path / "out", "--processes", 2, "--batch", 12))
    assert wrong.returncode == 2 and "--batch 12: the critic compares 4 pictures" in wrong.stderr
    assert "Traceback" not in capfd.readouterr().err  # of the processes themselves


@pytest.mark.slow
def test_sigterm_stops_all_at_one_step_and_one_process_goes_on(tiny_catalogue, tmp_path):
    out = tmp_path / "out"
    command = [str(part) for part in train(tiny_catalogue.root, out, "--images", 10**7, "--processes", 2)]
    process = subprocess.Popen([sys.executable, "-m", "gigs", *command], stderr=subprocess.PIPE, text=True)
    try:
        until = time.monotonic() + PATIENCE
        while len((out / "log.csv").read_text().splitlines() if (out / "log.csv").is_file() else []) < 2:
            assert process.poll() is None and time.monotonic() < until, process.stderr.read()
            time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 130
    finally:
        process.kill()
    said = process.stderr.read()
    assert "finished work is kept, and --resume continues from it" in said and "Traceback" not in said
    shown = load_checkpoint(out)["shown"]
    assert shown >= 50 * 16  # the log's first row, and no checkpoint was due
    assert not (out / ".gigs.lock").exists()
    more = gigs(*train(tiny_catalogue.root, out, "--images", shown + 32, "--resume"))
    assert more.returncode == 0, more.stderr
    assert load_checkpoint(out)["shown"] == shown + 32
    assert os.environ.get("GIGS_LAUNCHED") is None
