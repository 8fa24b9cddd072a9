"""Factors of cornac and Elliot become a VBPR that scores as they do; hostile and ill-fitting files are refused."""

import os
import pickle
import sys
import types
from collections import OrderedDict

import numpy as np
import pytest
import torch

from gigs.errors import InputError, ModelError
from gigs.recommender import load_recommender
from gigs.recommender.models import callable as callables
from gigs.recommender.models.imported import (
    FeatureScaling,
    read_factors,
    read_features,
    user_ids_of,
    vbpr_from_factors,
)
from gigs.vision import backbone as backbones
from gigs.vision.backbone import Backbone
from tests.helpers.command_line import gigs

NAME, WIDTH, USERS = "timm:resnet10t", 512, ["ann", "bob", "cy"]


@pytest.fixture(scope="module")
def network():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Backbone(NAME)


@pytest.fixture
def factors():
    rng = np.random.default_rng(0)
    return {
        "Tu": rng.normal(size=(3, 5)), "E": rng.normal(size=(WIDTH, 5)), "Bp": rng.normal(size=(WIDTH, 1)),
        "Gu": rng.normal(size=(3, 2)), "Gi": rng.normal(size=(9, 2)), "Bi": rng.normal(size=9),
    }  # fmt: skip


@pytest.fixture
def pictures():
    return torch.rand(9, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def raw_features(network, pictures):
    with torch.no_grad():
        return network(pictures, 64).numpy()


def scaled(features, scaling):
    """As the frameworks do it: Elliot by the largest magnitude, cornac to [0,1] as a whole."""
    if scaling == "max":
        return features / np.max(np.abs(features))
    if scaling == "minmax":
        features = features - np.min(features)
        return features / np.max(features)
    return features


@pytest.mark.parametrize("scaling", ["none", "max", "minmax"])
def test_it_scores_as_the_visual_part_of_the_original(network, factors, pictures, scaling):
    raw = raw_features(network, pictures)
    model = vbpr_from_factors(
        factors, backbone=NAME, input_size=64, user_ids=USERS, scaling=FeatureScaling(scaling, raw), network=network
    )
    f = scaled(raw, scaling)
    wanted = factors["Tu"] @ (f @ factors["E"]).T + (f @ factors["Bp"]).T  # He & McAuley, Eq. 4, without items' own
    with torch.no_grad():
        scores = model.score(pictures, model.user_factors).T.numpy()
    np.testing.assert_allclose(scores, wanted, rtol=1e-3, atol=1e-3 * np.abs(wanted).max())


def cornac_file(path, factors, **extra):
    """What `Recommender.save` of cornac writes: the model object, pickled."""
    names = {"cornac": types.ModuleType("cornac"), "cornac.models.vbpr.recom_vbpr": types.ModuleType("recom_vbpr")}
    model_class = type("VBPR", (), {"__module__": "cornac.models.vbpr.recom_vbpr"})
    names["cornac.models.vbpr.recom_vbpr"].VBPR = model_class
    model = model_class()
    model.__dict__ |= {
        "name": "VBPR", "k": 2, "k2": 5, "gamma_user": factors["Gu"], "gamma_item": factors["Gi"],
        "beta_item": factors["Bi"], "theta_user": factors["Tu"], "emb_matrix": factors["E"],
        "beta_prime": factors["Bp"], "best_value": -np.inf, "learning_rate": np.float64(0.001),
        "uid_map": OrderedDict(bob=1, ann=0, cy=2), **extra,
    }  # fmt: skip
    sys.modules.update(names)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(model, protocol=pickle.HIGHEST_PROTOCOL))
    finally:
        for name in names:
            sys.modules.pop(name)
    return path


def test_what_cornac_saved_is_read_without_cornac(tmp_path, factors):
    cornac_file(tmp_path / "VBPR" / "VBPR-20240101-000000.pkl", {**factors, "Tu": 0 * factors["Tu"]})
    cornac_file(tmp_path / "VBPR" / "VBPR-20250101-000000.pkl", factors)
    found = read_factors(tmp_path / "VBPR")  # the latest
    for name in ("Tu", "E", "Bp"):
        np.testing.assert_array_equal(found[name], factors[name])
    assert user_ids_of(found, None) == USERS
    assert "cornac" not in sys.modules


class Hostile:
    def __reduce__(self):
        return os.system, ("echo the file was run",)


def test_a_hostile_pickle_is_refused_and_nothing_is_run(tmp_path, factors, capfd):
    path = cornac_file(tmp_path / "VBPR.pkl", factors, extra=Hostile())
    with pytest.raises(ModelError, match=r"refused to unpickle (posix|nt)\.system.*nothing was run"):
        read_factors(path)
    assert "the file was run" not in capfd.readouterr().out


def test_elliots_features_may_be_a_matrix_or_a_folder(tmp_path):
    matrix = np.random.default_rng(0).normal(size=(4, 7)).astype(np.float32)
    np.save(tmp_path / "f.npy", matrix)
    (tmp_path / "each").mkdir()
    for row, vector in enumerate(matrix):
        np.save(tmp_path / "each" / f"{row:03d}.npy", vector[None])
    np.testing.assert_array_equal(read_features(tmp_path / "f.npy"), matrix)
    np.testing.assert_array_equal(read_features(tmp_path / "each"), matrix)
    for wrong in ("missing.npy", "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(InputError, match="not a matrix of numbers"):
            read_features(tmp_path / wrong)


def test_what_does_not_fit_is_named(network, factors):
    options = {"backbone": NAME, "input_size": 64, "user_ids": USERS, "network": network}
    cases = [
        ({"E": factors["E"][:100]}, {}, r"features of length 100, but timm:resnet10t gives 512"),
        ({"E": factors["E"][:, :3]}, {}, "do not fit"),
        ({}, {"user_ids": ["ann"]}, "1 user ids for 3 rows of Tu"),
        ({}, {"scaling": FeatureScaling("odd")}, "scaling 'odd' is unknown"),
        ({}, {"scaling": FeatureScaling("max")}, "needs the features"),
        ({}, {"scaling": FeatureScaling("max", np.zeros((2, 7)))}, "gives vectors of length 512"),
        ({}, {"scaling": FeatureScaling("minmax", np.ones((2, WIDTH)))}, "all features are equal"),
    ]
    for changes, other, message in cases:
        with pytest.raises(InputError, match=message):
            vbpr_from_factors(factors | changes, **(options | other))


def test_files_that_hold_something_else_are_named(tmp_path, factors):
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    (tmp_path / "bad.npz").write_bytes(b"no archive")
    (tmp_path / "bad.pkl").write_bytes(pickle.dumps({"a": 1}))
    for name, message in (
        ("other.npz", "holds neither Tu and E"), ("bad.npz", "not an .npz"), ("bad.pkl", "not a trained VBPR"),
        ("none.npz", "no such file"),
    ):  # fmt: skip
        with pytest.raises(ModelError, match=message):
            read_factors(tmp_path / name)
    with pytest.raises(ModelError, match="theta_user is missing"):
        read_factors(cornac_file(tmp_path / "untrained.pkl", {**factors, "Tu": None}))


def test_convert_from_the_command_line(tmp_path, network, factors, pictures, monkeypatch):
    monkeypatch.setattr(backbones, "_downloaded", lambda name: network.network.state_dict())
    np.savez(tmp_path / "f.npz", **factors)
    np.save(tmp_path / "features.npy", raw_features(network, pictures))
    (tmp_path / "users.txt").write_text("\n".join(USERS))
    done = gigs(
        "recommender", "convert", tmp_path / "f.npz", "--backbone", NAME, "--users", tmp_path / "users.txt",
        "--item-features", tmp_path / "features.npy", "--scaling", "max", "--input-size", 64,
        "--out", tmp_path / "vbpr.safetensors",
    )  # fmt: skip
    assert done.returncode == 0 and "vbpr, 3 users, K=6" in done.stdout
    assert load_recommender(tmp_path / "vbpr.safetensors").user_ids == USERS

    monkeypatch.setattr(callables, "_REGISTERED", {("gigs.features", "means"): lambda: lambda x: x.mean((2, 3))})
    np.savez(tmp_path / "v.npz", user_factors=np.eye(3), user_ids=np.array(USERS))
    done = gigs(
        "recommender", "convert", tmp_path / "v.npz", "--features", "means", "--out", tmp_path / "c.safetensors"
    )
    assert done.returncode == 0 and "callable, 3 users, K=3" in done.stdout
    for wrong in ([], ["--features", "means", "--backbone", NAME], ["--backbone", NAME]):
        done = gigs("recommender", "convert", tmp_path / "v.npz", *wrong, "--out", tmp_path / "x.safetensors")
        assert done.returncode == 2 and done.stderr.startswith("gigs: ") and done.stderr.count("\n") == 1
