"""Conditions are true, false, or neither where a value is missing; who meets one for another reason is not left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigs.data.conditions import matching
from gigs.errors import InputError

TABLE = pd.DataFrame({"age": [20.0, 40.0, None, None], "purchases": [0, 3, 3, 0], "club": ["a", None, "a & b", None]})


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("age > 200 or purchases > 0", [1, 2]), ("purchases > 0 or age > 200", [1, 2]),
        ("age > 30 and purchases > 0", [1]), ("not (age > 30)", [0]), ("not (age > 30 and purchases > 0)", [0, 3]),
        ("not (age > 30 or purchases > 0)", [0]), ("~(age > 30) | purchases > 2", [0, 1, 2]),
        ("age > 10 & purchases > 0", [1]), ("18 <= age < 30", [0]), ("club == 'a & b' or age == 40", [1, 2]),
        ("club in ['a', 'a & b']", [0, 2]), ("club not in ['a']", [2]), ("age != 20", [1]), ("not age == 40", [0]),
        ("(age > 30) == (purchases > 0)", [0, 1]), ("age + purchases > 42", [1]),
    ],
)  # fmt: skip
def test_a_missing_value_decides_nothing_and_hides_nothing(condition, rows):
    assert np.flatnonzero(matching(TABLE, condition, "audience")).tolist() == rows


LEAVES = st.sampled_from(["age > 30", "purchases > 0", "club == 'a'", "age < 25"])
CONDITIONS = st.recursive(
    LEAVES,
    lambda part: st.one_of(
        part.map(lambda one: f"not ({one})"), st.tuples(part, part).map(lambda two: f"({two[0]}) and ({two[1]})"),
        st.tuples(part, part).map(lambda two: f"({two[0]}) or ({two[1]})"),
    ),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(CONDITIONS)
def test_where_nothing_is_missing_a_condition_or_its_opposite_holds(condition):
    full = TABLE.iloc[[0]]
    assert matching(full, condition, "x")[0] != matching(full, f"not ({condition})", "x")[0]
    both = matching(TABLE, condition, "x") & matching(TABLE, f"not ({condition})", "x")
    assert not both.any()


@pytest.mark.parametrize(
    "condition", ["age", "age + 1", "1 < 2", "age > 1 or age", "not purchases", "not " * 3000 + "age > 1"]
)
def test_what_is_no_condition_is_one_line(condition):
    with pytest.raises(InputError) as refused:
        matching(TABLE, condition, "audience")
    assert "\n" not in str(refused.value)
