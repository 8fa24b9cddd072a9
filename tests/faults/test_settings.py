"""Numbers, conditions, ids and tables of every kind: taken as they are or refused by a typed error. Rows 16, 27, 29."""

from __future__ import annotations

import math
import time
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gigs.data.conditions import matching
from gigs.data.triplets import TripletSampler
from gigs.errors import DataError, GigsError, InputError
from gigs.generator.train.schedule import Growth, parse_growth
from gigs.generator.train.settings import HybridSettings, network_settings, train_settings
from gigs.inversion.encoder_steps import EncoderSettings
from gigs.inversion.optimise import InversionSettings
from gigs.inversion.tuning import TuningSettings
from gigs.io import storage
from gigs.method.presets import get_preset
from gigs.recommender import DVBPR, defaults_for, load_recommender
from gigs.shifting.optimise import ShiftSettings
from tests.helpers.command_line import gigs

few = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
STRANGE = st.one_of(
    st.integers(-(2**70), 2**70), st.floats(), st.sampled_from([0, 1, -1, 10**6, 10**9, math.nan, math.inf, -math.inf])
)
KINDS = {
    "shifting": (ShiftSettings, ("radius", "learning_rate", "preference_weight", "margin", "final_rate")),
    "inversion": (
        InversionSettings,
        ("learning_rate", "learning_rate_from_noise", "lpips_weight", "mse_weight", "tolerance", "final_rate"),
    ),
    "tuning": (TuningSettings, ("learning_rate", "mse_weight", "locality_weight", "enough")),
    "encoder": (EncoderSettings, ("learning_rate", "warm_up", "ema", "mse_weight", "latent_weight")),
    "recommender": (lambda **more: defaults_for("vbpr", **more), ("learning_rate", "theta_decay", "network_decay")),
}


def generator(**changes):
    network = network_settings(resolution=16, fmap_base=64, fmap_max=16)
    hybrid = {name: changes.pop(name) for name in set(changes) & {each.name for each in fields(HybridSettings)}}
    return train_settings(
        network, Growth(images_below_top=(8,)), HybridSettings(**({"adversarial_after": 0} | hybrid)), **changes
    )


@pytest.mark.parametrize(
    "wrong",
    [["--n", 1_000_000], ["--n", -1], ["--n", "nan"], ["--steps", 1_000_000_000], ["--steps", -1], ["--steps", "1e9"],
     ["--seed", -1], ["--min-audience", 0]],
)  # fmt: skip
def test_impossible_numbers_are_refused_before_anything_is_read(wrong, tmp_path):
    """Row 16."""
    started = time.monotonic()
    told = gigs("suggest", "--example", 1, *wrong, "--out", tmp_path / "out")
    assert told.returncode == 2 and "Traceback" not in told.stderr
    assert not (tmp_path / "out").exists() and time.monotonic() - started < 20


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("kind", KINDS)
def test_numbers_that_are_none_are_refused_everywhere(kind, number):
    """Row 16: a comparison with NaN is false, so it slips through `if rate <= 0`."""
    build, names = KINDS[kind]
    for name in names:
        with pytest.raises(InputError):
            build(**{name: number})
    for name in ("learning_rate", "ema", "noise", "adversarial"):
        with pytest.raises(InputError):
            generator(**{name: number})


@few
@given(values=st.dictionaries(st.sampled_from(("n", "steps")), STRANGE), name=st.sampled_from(("fast", "paper-text")))
def test_any_preset_is_within_bounds_or_refused(values, name):
    """Row 16."""
    whole = {key: value for key, value in values.items() if isinstance(value, int)}
    try:
        preset = get_preset(name, **whole)
    except InputError:
        return
    assert 1 <= preset.shifting.n <= 64 and 0 <= preset.shifting.steps <= 100_000


@few
@given(
    change=st.dictionaries(st.sampled_from(("images", "batch", "learning_rate", "ema", "checkpoint_every")), STRANGE)
)
def test_any_training_settings_are_sound_or_refused(change):
    try:
        made = generator(**change)
    except InputError:
        return
    assert made.images >= 1 and made.batch >= 2 and 0 < made.learning_rate < math.inf and 0 < made.ema < 1


@few
@given(text=st.one_of(st.text(max_size=30), st.from_regex(r"[0-9:,]{0,20}", fullmatch=True)))
def test_any_growth_is_read_or_refused(text):
    try:
        growth = parse_growth(text, 64)
    except InputError:
        return
    growth.check(64)


TABLE = pd.DataFrame({"age": [20.0, np.nan, 40.0], "club": ["a", "b", None]})
PARTS = st.sampled_from(
    ["age", "club", "20", "'a'", "==", "<", ">", "in", "not", "and", "or", "[", "]", "(", ")", "*", "**", "9", ".", "@",
     "lambda:", "__import__", "if", "else", "for", ",", "~", "-", "1e400", "None", "True", "`", "\\", "\n", ";", ":="]
)  # fmt: skip


@few
@given(condition=st.one_of(st.lists(PARTS, max_size=12).map(" ".join), st.text(max_size=40)))
def test_any_condition_is_answered_or_refused_at_once(condition):
    started = time.monotonic()
    try:
        answer = matching(TABLE, condition, "audience")
    except InputError:
        pass
    else:
        assert answer.dtype == bool and answer.shape == (3,)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "condition",
    ["age > 9 ** 9 ** 9", "club == 'a' * 1000000000", "age.max() > 1", "max(age) > 1", "[x for x in age]", "age > @x",
     "age if age else age", "(" * 5000 + "age > 1" + ")" * 5000, "not " * 2000 + "age > 1", "age > 1 " * 5000,
     "f'{age}' == 'a'", "age[0] > 1", "(age := 3) > 1", "__builtins__ == 1", "lambda: age"],
)  # fmt: skip
def test_conditions_without_end_or_with_more_than_comparisons_are_refused(condition):
    started = time.monotonic()
    with pytest.raises(InputError):
        matching(TABLE, condition, "audience")
    assert time.monotonic() - started < 5


# Any text that can be encoded; NFC and NFD forms of one word are different ids.
IDS = st.text(st.characters(blacklist_categories=("Cs",)), min_size=1, max_size=12)


@few
@given(ids=st.lists(IDS, min_size=1, max_size=6, unique=True))
def test_any_ids_come_back_as_they_were(ids, tmp_path):
    """Row 29."""
    model = DVBPR(factors=2, hidden=4, width=0.02, input_size=64, user_ids=ids)
    loaded = load_recommender(model.save(tmp_path / "model.safetensors"))
    assert loaded.user_ids == ids
    assert [loaded.user_row(identifier) for identifier in ids] == list(range(len(ids)))


@pytest.mark.parametrize("identifier", ["café", "cafe\u0301", "שלום", "👗🏽", "=cmd()", "a,b", "a\nb", "NULL", "007"])
def test_strange_ids_are_ids(identifier, tmp_path):
    """Row 29: NFC, NFD, right to left, emoji, formulas."""
    model = DVBPR(factors=2, hidden=4, width=0.02, input_size=64, user_ids=["x", identifier])
    loaded = load_recommender(model.save(tmp_path / "model.safetensors"))
    assert loaded.user_row(identifier) == 1
    with pytest.raises(InputError, match="unknown to this recommender"):
        loaded.user_row(identifier + "\u0301")


@few
@given(
    pairs=st.lists(st.tuples(st.integers(-1, 4), st.integers(-1, 5)), max_size=30),
    scheme=st.sampled_from(("user", "pair")),
    seed=st.integers(0, 3),
)
def test_any_table_gives_true_triplets_or_a_data_error(pairs, scheme, seed):
    """Row 27: users with every item are skipped and counted, and sampling ends."""
    users, items = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    try:
        sampler = TripletSampler(users, items, user_count=4, item_count=5, scheme=scheme)
    except DataError:
        return
    own = set(pairs)
    for user, seen, unseen in zip(*sampler.sample(50, np.random.default_rng(seed)), strict=True):
        assert (user, seen) in own and (user, unseen) not in own
    full = {user for user in range(4) if len({item for u, item in own if u == user}) == 5}
    assert set(sampler.skipped_users.tolist()) == full


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=15,
)


@few
@given(content=JSON)
def test_any_json_survives_or_is_refused(content, tmp_path):
    try:
        path = storage.write_json(tmp_path / "a.json", content)
    except UnicodeEncodeError:
        return  # half a surrogate pair is no text
    assert storage.read_json(path) == content


def test_json_of_any_depth_and_length_is_refused_by_name(tmp_path, monkeypatch):
    path = tmp_path / "deep.json"
    for text in ("[" * 200_000 + "]" * 200_000, "1" * 10_000, '{"a": NaN', "\ufeff{}"):
        path.write_text(text)
        with pytest.raises(GigsError, match=r"deep\.json"):
            storage.read_json(path)
    monkeypatch.setattr(storage, "MAX_JSON", 10)
    path.write_text("[" + "1," * 20 + "1]")
    with pytest.raises(GigsError, match="too large"):
        storage.read_json(path)
