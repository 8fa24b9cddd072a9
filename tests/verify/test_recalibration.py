"""A recalibration keeps the order of promises, widens what is unsure, and survives its file."""

import numpy as np
import pytest

from gigs.errors import InputError, ModelError
from gigs.io import storage
from gigs.verify.recalibration import Recalibration, expit, logit
from gigs.verify.share import Share

PROMISE = Share(60.0, 55.0, 65.0)


def test_without_tests_nothing_changes():
    same = Recalibration()(PROMISE)
    assert (same.of_100, same.low, same.high) == pytest.approx((60, 55, 65))


def test_half_a_slope_halves_the_log_odds():
    put_right = Recalibration(slope=0.5)(PROMISE)
    assert logit(put_right.of_100) == pytest.approx(logit(60) / 2)
    assert put_right.of_100 == pytest.approx(55.05, abs=0.01)  # 1.5 to 1 becomes its square root, 1.225 to 1
    assert put_right.high - put_right.low < 10  # a promise that counts for less is also unsure by less


def test_an_intercept_moves_even_promises():
    assert Recalibration(intercept=logit(45))(Share(50, 48, 52)).of_100 == pytest.approx(45)


def test_what_is_not_known_of_the_map_widens_the_interval():
    unsure = Recalibration(variances=(0.01, 0.0, 0.04))(PROMISE)
    wider = Recalibration(variances=(0.01, 0.0, 0.04), extra=0.2)(PROMISE)
    assert wider.low < unsure.low < 55 and 65 < unsure.high < wider.high
    half = np.sqrt((logit(60) - logit(55)) ** 2 + 1.959964**2 * (0.01 + 0.04 * logit(60) ** 2))
    assert unsure.low == pytest.approx(expit(logit(60) - half))


@pytest.mark.parametrize("slope", [0.0, 0.3, 1.0, 2.5])
def test_the_order_of_promises_stays(slope):
    middles = [Recalibration(intercept=-0.1, slope=slope)(Share(p, p, p)).of_100 for p in np.linspace(0, 100, 51)]
    assert (np.diff(middles) >= 0).all() and middles[0] > 0 and middles[-1] < 100


def test_it_survives_its_file(tmp_path):
    learned = Recalibration(
        intercept=-0.02, slope=0.7, variances=(0.01, -0.002, 0.02), extra=0.1, tests=9, redesigns=21
    )
    assert Recalibration.read(learned.write(tmp_path / "map.json")) == learned


@pytest.mark.parametrize(
    "wrong", [{"slope": -0.1}, {"extra": float("nan")}, {"variances": (1.0, 2.0, 1.0)}, {"variances": (1.0, 2.0)}]
)
def test_what_is_no_map_is_refused(wrong):
    with pytest.raises(InputError, match="recalibration"):
        Recalibration(**wrong)


@pytest.mark.parametrize("content", [[], {"schema": 2}, {"schema": 1, "slope": "a"}, {"schema": 1, "bend": 2}])
def test_a_file_of_another_kind_is_named(tmp_path, content):
    with pytest.raises(ModelError, match=r"map\.json.*gigs results"):
        Recalibration.read(storage.write_json(tmp_path / "map.json", content))


@pytest.mark.parametrize("promise", [PROMISE, Share(48.0, 40.5, 52.25), Share(50.0, 50.0, 50.0)])
def test_what_was_put_right_can_be_taken_back(promise):
    learned = Recalibration(intercept=-0.1, slope=0.6, variances=(0.01, -0.002, 0.02), extra=0.1)
    again = learned.undo(learned(promise))
    assert (again.of_100, again.low, again.high) == pytest.approx((promise.of_100, promise.low, promise.high))
    assert Recalibration(slope=0.0).undo(promise) is None  # nothing of the promise is left
