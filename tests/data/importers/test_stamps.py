"""Times are read as people, shops and mails write them; what may be two days is none."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigs.data.importers.cell_values import as_time
from gigs.data.importers.stamps import day_first, read_stamp

TEN = pd.Timestamp("2024-01-02T10:00:00")


def times(*cells: str) -> list[pd.Timestamp]:
    return as_time(pd.Series(cells, dtype=object)).tolist()


@pytest.mark.parametrize(
    "written",
    [
        "2024-01-02 10:00:00 UTC", "2024-01-02 10:00:00 GMT", "2024-01-02 11:00:00 +0100", "2024-01-02 11:00:00 CET",
        "2024-01-02 05:00:00 EST", "2024-01-02 10:00 AM", "2024/01/02 10:00", "02.01.2024 10:00", "2.1.24 10:00 Uhr",
        "Jan 2, 2024 10:00", "January 2, 2024 at 10:00 AM", "2 January 2024 10:00", "02-Jan-2024 10:00:00",
        "Tue, 02 Jan 2024 10:00:00 GMT", "Tue, 2 Jan 2024 11:00:00 +0100", "Tue Jan 2 10:00:00 2024",
        "Tue Jan 02 2024 11:00:00 GMT+0100 (Central European Standard Time)", "2. Januar 2024, 10:00",
        "mar 2 janvier 2024 10h00", "20240102T100000Z", "2024-01-02T10:00:00.000Z", "45293.4166666667",
        "2024-01-02\u202f10:00\u202fa.m.", "Jan 2nd, 2024 10:00",
    ],
)  # fmt: skip
def test_usual_stamps_need_no_format(written: str) -> None:
    assert times(written) == [TEN]


@pytest.mark.parametrize(
    ("column", "first"),
    [
        (["03/04/2024", "13/04/2024 10:00"], "2024-04-03"),
        (["03/04/2024", "04/13/2024 10:00 PM"], "2024-03-04"),
        (["3-4-2024", "31-12-2023"], "2024-04-03"),
    ],
)
def test_the_column_shows_which_of_two_numbers_is_the_day(column, first) -> None:
    found = times(*column)
    assert found[0] == pd.Timestamp(first) and found[1] is not pd.NaT


@pytest.mark.parametrize("column", [["03/04/2024"], ["03/04/2024", "05/06/2024"], ["13/04/2024", "04/13/2024"]])
def test_what_may_be_two_days_is_not_read(column) -> None:
    assert as_time(pd.Series(column, dtype=object)).isna().all()


@pytest.mark.parametrize(
    "written",
    ["2024-01-02 10:00:00 CST", "2024-01-02 25:00", "2024-01-02 10:61", "32.01.2024", "2024-13-01", "Foo 2, 2024",
     "2024-01-02 13:00 PM", "2024", "01.02", "Jan 2024", "2024-01-02 tomorrow"],
)  # fmt: skip
def test_what_is_no_stamp_is_missing(written: str) -> None:
    assert as_time(pd.Series([written], dtype=object)).isna().all()


@given(st.datetimes(min_value=pd.Timestamp("1971-01-01"), max_value=pd.Timestamp("2100-01-01")))
def test_what_is_written_is_read(moment) -> None:
    moment = moment.replace(microsecond=0)
    for form in ("%d.%m.%Y %H:%M:%S", "%b %d, %Y %I:%M:%S %p", "%a, %d %b %Y %H:%M:%S GMT"):
        assert read_stamp(moment.strftime(form), None) == moment
    assert read_stamp(moment.strftime("%d/%m/%Y %H:%M:%S"), True) == moment


@given(st.text(max_size=30))
def test_nothing_is_raised(text: str) -> None:
    read_stamp(text, None), day_first([text])
