"""Every field of `pack.json` is held against its type when the pack is loaded; what is wrong is one line that names it.

Row 51.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gigs.errors import ModelError
from gigs.packs import load_pack
from tests.fuzz.targets import described_pack
from tests.helpers.command_line import gigs


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("pack")


@pytest.fixture(scope="module")
def description(root) -> dict:
    return described_pack(root)


def spoilt(description: dict, place: str, value: str) -> bytes:
    """The description as JSON with the text of a value at a place such as `gate.mean.0`; `missing` takes it away."""
    copy = json.loads(json.dumps(description))
    *way, last = [int(step) if step.isdigit() else step for step in place.split(".")]
    holder = copy
    for step in way:
        holder = holder[step]
    if value == "missing":
        del holder[last]
        return json.dumps(copy).encode()
    holder[last] = "HERE"
    return json.dumps(copy).replace('"HERE"', value).encode()


def test_the_whole_description_is_read(root, description):
    (root / "pack.json").write_text(json.dumps(description))
    pack = load_pack(root)
    assert pack.gate is not None and list(pack.scorers) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("place", "value", "named"),
    [
        ("gate.mean", "[]", "gate.mean"),
        ("gate.mean", "[NaN]", "not valid JSON"),
        ("gate.mean", "[1e400]", "not valid JSON"),
        ("gate.limits.draft.rough", '"0.3"', "gate.limits.draft.rough"),
        ("gate.limits.draft.refused", "1e30", "gate.limits.draft.refused"),
        ("gate.limits.optimised", "missing", "optimised"),
        ("audiences.few.users", "0", "audiences"),
        ("audiences.few.users", "true", "audiences"),
        ("audiences.few.label", '""', "audiences"),
        ("audiences.few.label", '"\\ud800"', "not valid JSON"),
        ("audiences.few.condition", "missing", "condition"),
        ("audiences.few.quantiles", "[0.5]", "quantiles: 1 of them"),
        ("audiences.few.quantiles", "[1, 0]", "quantiles: they fall"),
        ("audiences.few.quantiles", '["a"]', "audiences"),
        ("audiences.few.description", '{"favourites": [{}]}', "favourites"),
        ("audiences.few.description.age_of_all", "null", "age_of_all"),
        ("verify.scorers", "{}", "verify.scorers"),
        ("verify.scorers.a.role", '"judge"', "none of them is a target"),
        ("verify.scorers.b.auc", "[0.6]", "auc"),
        ("verify.scorers.b.auc.low", '"high"', "auc.low"),
        ("verify.scorers.b.file", "missing", "file"),
        ("verify.scorers.b.file", '["x"]', "file"),
        ("verify.disagreement", "-1", "verify.disagreement"),
        ("verify", "3", "verify"),
        ("share.reliability", "0", "share.reliability"),
        ("share.weights.few", "[0.3, 0.1]", "share.weights"),
        ("share.slope.error", "null", "share.slope.error"),
        ("preprocessing.resolution", "0", "preprocessing.resolution"),
        ("held_out_products", "[1]", "held_out_products"),
        ("card", "[]", "card"),
        ("files", "[]", "files"),
        ("name", '"a\\u0000b"', "cannot be shown"),
    ],
)
def test_what_is_malformed_is_refused_at_load_by_its_name(root, description, place, value, named):
    (root / "pack.json").write_bytes(spoilt(description, place, value))
    with pytest.raises(ModelError) as refused:
        load_pack(root)
    line = str(refused.value)
    assert named in line and "pack.json" in line and "\n" not in line


def test_a_gate_of_another_recommender_is_refused_before_anything_is_computed(root, description):
    (root / "pack.json").write_bytes(spoilt(description, "gate.mean", "[0, 0, 0]"))
    with pytest.raises(ModelError, match="the gate's mean has 3 numbers, the recommender works with"):
        _ = load_pack(root).gate


def test_the_command_ends_in_one_line(root, description):
    (root / "pack.json").write_bytes(spoilt(description, "audiences.few.users", "1e400"))
    told = gigs("audience", "list", root)
    assert told.returncode == 2 and told.stderr.count("\n") == 1 and "Traceback" not in told.stderr
