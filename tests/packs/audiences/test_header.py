"""Every field of an `.audience` file is held against its type when it is read; what is wrong is one line. Row 51."""

from __future__ import annotations

import json

import pytest
import torch

from gigs.errors import ModelError
from gigs.io import storage
from gigs.packs.audiences.file import load_audience
from gigs.packs.audiences.tastes import load_tastes, save_tastes
from tests.fuzz.targets import seed_audience
from tests.helpers.command_line import gigs


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Tensors and header of a sound file."""
    return storage.load_tensors(seed_audience(tmp_path_factory.mktemp("audience")))


def written(path, tensors, header: dict, place: str = "", value: object = None):
    """The file with another value at a place of its header; None takes it away."""
    copy = json.loads(json.dumps(header))
    if place:
        *way, last = place.split(".")
        holder = copy
        for step in way:
            holder = holder[step]
        if value is None:
            del holder[last]
        else:
            holder[last] = value
    return storage.save_tensors(path, tensors, copy)


def test_a_sound_file_is_read(whole, tmp_path):
    found = load_audience(written(tmp_path / "x.audience", *whole))
    assert found.users == 60 and list(found.tastes) == ["a", "b"] and found.privacy["epsilon"] == 1.0


@pytest.mark.parametrize(
    ("place", "value", "named"),
    [
        ("users", 0, "users"), ("users", "many", "users"), ("name", "a\x1b[2J", "cannot be shown"),
        ("label", "", "label"),
        ("label", "\ud800", "an invalid text or number"), ("quantiles", [], "quantiles"),
        ("quantiles", [0.0, float("nan")], "quantiles"), ("quantiles", [0.0, float("inf")], "quantiles"),
        ("tastes", {}, "tastes"), ("tastes.a.spread", 0.0, "spread"), ("tastes.a.spread", float("inf"), "spread"),
        ("tastes.a.mean", float("nan"), "mean"), ("tastes.a.users", None, "users"), ("tastes.a.noise", -1.0, "noise"),
        ("target", "c", "target"), ("origin.scorers", ["a"], "origin.scorers"), ("origin.members", "some", "members"),
        ("origin", {}, "origin"), ("privacy.epsilon", float("nan"), "epsilon"), ("privacy.scope", None, "scope"),
        ("origin.description.favourites", [{"column": 1}], "favourites"), ("kind", "tastes", "not an audience"),
    ],
)  # fmt: skip
def test_what_is_malformed_is_refused_by_its_name(whole, tmp_path, place, value, named):
    path = written(tmp_path / "x.audience", *whole, place, value)
    with pytest.raises(ModelError) as refused:
        load_audience(path)
    assert named in str(refused.value) and "x.audience" in str(refused.value) and "\n" not in str(refused.value)
    told = gigs("audience", "show", path)
    assert told.returncode == 2 and told.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "tensor"),
    [
        ("a/theta", None), ("a/theta", torch.ones(6, 1)), ("a/theta", torch.ones(0)), ("a/theta", torch.ones(5)),
        ("a/theta", torch.ones(6, dtype=torch.int64)), ("b/covariance", torch.ones(6)),
        ("b/covariance", torch.ones(7, 7)), ("b/covariance", None),
    ],
)  # fmt: skip
def test_vectors_that_do_not_fit_together_are_refused(whole, tmp_path, name, tensor):
    tensors, header = whole
    changed = {key: value for key, value in tensors.items() if key != name}
    changed |= {} if tensor is None else {name: tensor}
    with pytest.raises(ModelError, match=r"x.audience: damaged \([ab]/(theta|covariance)"):
        load_audience(written(tmp_path / "x.audience", changed, header))


def test_the_tastes_of_a_pack_are_held_against_the_same_form(whole, tmp_path):
    taste = load_audience(written(tmp_path / "x.audience", *whole)).tastes["a"]
    path = save_tastes(tmp_path, {("a", "everyone"): taste}, "a")[0]
    assert load_tastes(path)["a", "everyone"].users == 60
    tensors, header = storage.load_tensors(path)
    for place, value in (("tastes.a/everyone.spread", 0.0), ("tastes.a/everyone.users", -3)):
        with pytest.raises(ModelError, match=r"tastes.safetensors: damaged"):
            load_tastes(written(path, tensors, header, place, value))
    with pytest.raises(ModelError, match="covariance is not 6 x 6"):
        load_tastes(written(path, tensors | {"a/everyone/covariance": torch.ones(2, 2)}, header))
