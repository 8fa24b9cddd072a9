"""Ids stay what they are in one spelling; times and numbers are read as people write them, or not at all."""

from __future__ import annotations

import unicodedata
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigs.data.importers.cell_values import as_text, as_time, clean_id, typed, unusable_ids
from gigs.data.importers.numerals import as_number

NOON = pd.Timestamp("2020-09-22T12:00:00")


def column(*cells) -> pd.Series:
    return pd.Series(cells, dtype=object)


@pytest.mark.parametrize(
    "identifier", ["007", "1E5", "a b", "A-1", "مرحبا", "👩‍👩‍👧", "=cmd()", "ß", "NA", "\u200fאבג"]
)
def test_ids_stay_what_they_are(identifier):
    assert (
        clean_id(identifier) == clean_id(f"  {identifier}\u00a0") == clean_id(f"\ufeff{identifier}\u200b") == identifier
    )


def test_two_spellings_of_one_id_are_one():
    composed, decomposed = "é-ñ-Å-한", unicodedata.normalize("NFD", "é-ñ-Å-한")
    assert composed != decomposed and clean_id(composed) == clean_id(decomposed) == composed
    assert clean_id("①") == "①"  # not NFKC: that would make it 1


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text):
    once = clean_id(text)
    assert once is None or clean_id(once) == once


def test_ids_that_cannot_be_used_are_told():
    faults = unusable_ids(column("fine", None, "x" * 257, "two\nlines", "nul\0"))
    assert faults.tolist()[:2] == ["", "no id"] and "256" in faults[2] and faults[3] == faults[4] != ""


@pytest.mark.parametrize(
    "written",
    [
        "2020-09-22T12:00:00", "2020-09-22 12:00", "2020-09-22T14:00:00+02:00", "2020-09-22T12:00:00Z", "1600776000",
        "1600776000000", "1600776000000000", "1600776000000000000", "1600776000.0", " 2020-09-22T12:00:00.000 ",
    ],
)  # fmt: skip
def test_a_time_is_read_however_it_is_written(written):
    assert as_time(column(written, "2020-09-22", "20200922")).tolist() == [NOON, NOON.normalize(), NOON.normalize()]


@pytest.mark.parametrize(
    "written", ["soon", None, "2020-02-30", "02/09/2020", "5", "-1600776000", "1e30", "inf", "0000-00-00", "9999-01-01"]
)
def test_what_is_no_time_is_missing(written):
    assert as_time(column(written)).isna().all()


def test_a_format_is_taken_at_its_word():
    assert as_time(column("22/09/2020 12h", "2020-09-22"), "%d/%m/%Y %Hh").tolist() == [NOON, pd.NaT]


def test_numbers_are_read_with_point_or_comma():
    values = as_number(column("1.5", "1,5", "-2", " 3 ", "1e2"))
    assert values.tolist() == [1.5, 1.5, -2.0, 3.0, 100.0]
    assert as_number(column("x", None, "1,000", "inf", "nan")).isna().all()


def test_columns_become_numbers_only_if_all_of_them_are():
    assert typed(column("1", "2.5", None)).tolist()[:2] == [1.0, 2.5]
    for codes in (column("01", "2"), column("1", "x"), column(None, None), column("99999999999999999999", "1")):
        assert typed(codes) is codes


def test_values_of_databases_become_text():
    values = (Decimal("10.00"), Decimal("0.5"), Decimal("NaN"), float("inf"), "café".encode(), memoryview(b"x"), False)
    assert [as_text(value) for value in values] == ["10", "0.5", None, "inf", "café", "x", "false"]
    assert as_text("\ud800") == "?"  # half a character cannot be written
