"""Ctrl-C and SIGTERM in the middle of training: saved at the next whole step, resumed as if nothing had been."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import pytest
import torch

from gigs.generator.train.progressive import train_generator
from gigs.progress import silent
from gigs.training.checkpoint import load_checkpoint
from gigs.training.start import Start
from gigs.training.stopping import SIGNALS, stop_requests, train_until
from gigs.vision.compute import Compute
from tests.helpers.short_training import ADVERSARIAL, weights


@pytest.fixture(autouse=True)
def not_ignored():
    """A shell that starts the tests in the background lets them ignore Ctrl-C."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class Counting:
    """A run whose only weight is how often it was saved."""

    def __init__(self, finite=True):
        self.shown, self.recent, self.saved, self.whole = 0, {}, [], finite

    def step(self):
        self.shown += 8

    def finite(self):
        return self.whole

    def checkpoint(self):
        self.saved.append(self.shown)


def sends(number, at, times=1):
    def on_step(step):
        if step.done == at:
            for _ in range(times):
                os.kill(os.getpid(), number)

    return on_step


@pytest.mark.parametrize("number", SIGNALS)
def test_a_stopped_training_resumes_to_the_same_weights(number, tiny_catalogue, tmp_path):
    settings = replace(ADVERSARIAL, images=48)
    train_generator(tiny_catalogue, tmp_path / "whole", settings, Compute())
    with pytest.raises(KeyboardInterrupt):  # no checkpoint is due before 48
        train_generator(tiny_catalogue, tmp_path / "parts", settings, Compute(), on_step=sends(number, 24))
    assert load_checkpoint(tmp_path / "parts")["shown"] == 24
    train_generator(tiny_catalogue, tmp_path / "parts", settings, Compute(), start=Start(resume=True))
    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_the_second_signal_stops_at_once_and_saves_nothing():
    run = Counting()
    with pytest.raises(KeyboardInterrupt):
        train_until(run, 80, "training", sends(signal.SIGTERM, 16, times=2))
    assert (run.shown, run.saved) == (16, [])


def test_broken_weights_do_not_replace_the_last_checkpoint():
    run = Counting(finite=False)
    with pytest.raises(KeyboardInterrupt):
        train_until(run, 80, "training", sends(signal.SIGTERM, 16))
    assert run.saved == []


def test_signals_are_handled_as_before_afterwards_and_ignored_ones_stay_ignored():
    before = {number: signal.getsignal(number) for number in SIGNALS}
    old = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stop_requests() as asked:
            os.kill(os.getpid(), signal.SIGINT)
            assert not asked() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN
            os.kill(os.getpid(), signal.SIGTERM)
            assert asked()
    finally:
        signal.signal(signal.SIGINT, old)
    assert before == {number: signal.getsignal(number) for number in SIGNALS}


def test_without_a_signal_training_goes_to_its_end():
    run = Counting()
    train_until(run, 80, "training", silent)
    assert (run.shown, run.saved) == (80, [])
