"""Numbers are read as the column shows that they are written; what may be two numbers is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigs.data.importers.cell_values import typed
from gigs.data.importers.numerals import as_number


def numbers(*cells: str | None) -> list[float]:
    return as_number(pd.Series(cells, dtype=object)).tolist()


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1,234", "1,5"], [1.234, 1.5]),
        (["1,234", "0,123"], [1.234, 0.123]),
        (["1,234", "1,234.50"], [1234.0, 1234.5]),
        (["1,234", "2.5"], [1234.0, 2.5]),
        (["1,234", "1,000,000"], [1234.0, 1e6]),
        (["1.234,50", "1.234"], [1234.5, 1234.0]),
        (["1.234"], [1.234]),
        (["12,34,567"], [1234567.0]),
        (["1 234,5", "1\u00a0234\u202f567,5", "1'234.5"], [1234.5, 1234567.5, 1234.5]),
        (["€ 19,90", "5 €", "-€3", "€-3", "- 3 €"], [19.9, 5.0, -3.0, -3.0, -3.0]),
        (["$1,234.00", "US$5", "EUR 5", "5 CHF", "kr 5", "5 zł"], [1234.0, 5.0, 5.0, 5.0, 5.0, 5.0]),
        (["(5)", "5-", "\u22125", "+5"], [-5.0, -5.0, -5.0, 5.0]),
        ([".5", ",5", "5,", "1e3"], [0.5, 0.5, 5.0, 1000.0]),
    ],
)
def test_a_column_shows_how_it_is_written(cells, values) -> None:
    assert numbers(*cells) == pytest.approx(values)


@pytest.mark.parametrize("cell", ["1,234", "12,345", "€1,234", "-1,234"])
def test_what_may_be_a_thousand_or_one_and_a_bit_is_not_read(cell) -> None:
    assert np.isnan(numbers(cell, "5", None)[0])


@pytest.mark.parametrize(
    "cell",
    ["x", "5 pcs", "1.2.3", "--5", "5%", "", "$", "1,23,4", "1 2", "1.234,567,8", "nan", "inf", "1_000", "٣,٤,٥"],
)
def test_what_is_no_number_is_missing(cell) -> None:
    assert np.isnan(numbers(cell)[0])


@given(st.floats(-1e12, 1e12, allow_nan=False))
def test_python_reads_the_same(value: float) -> None:
    assert numbers(repr(value), "0.5")[0] == pytest.approx(value)


@given(st.lists(st.text(alphabet="0123456789.,-+ €'()e", max_size=8), max_size=5))
def test_nothing_is_raised(cells: list[str]) -> None:
    assert len(numbers(*cells)) == len(cells)


def test_prices_become_numbers_for_conditions() -> None:
    assert typed(pd.Series(["19,90 €", "5,00 €", None], dtype=object)).tolist()[:2] == [19.9, 5.0]
    codes = pd.Series(["1,234", "5"], dtype=object)
    assert typed(codes) is codes
