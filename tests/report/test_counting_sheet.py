"""The sheet and its guide say how many people, in a seller's words, and go with the test pack."""

import zipfile

import pytest

from gigs.report import counting_sheet
from gigs.report.page import render_page
from gigs.result import Result
from gigs.result.saved import write_test_pack
from gigs.verify.share import Share
from tests.report.finished_result import spoilt, write_finished
from tests.report.test_words import seller_part, trade_words

SHARES = ({"of_100": 54.0, "low": 50.1, "high": 57.9}, {"of_100": 50.4, "low": 46.0, "high": 55.0}, None)


@pytest.fixture
def folder(tmp_path):
    write_finished(tmp_path / "dress")
    spoilt(tmp_path / "dress", lambda record: [
        entry.update(share=share) for entry, share in zip(record["suggestions"], SHARES, strict=True)
    ])  # fmt: skip
    return tmp_path / "dress"


@pytest.mark.parametrize(("share", "said"), [
    (Share(54, 50, 58), "To confirm this, show both to about 1,300 buyers."),
    (Share(51, 47, 55), "This is too close to 50 to confirm"), (Share(42, 38, 46), "keep the product as it is"),
    (None, "Nothing is promised for this one. About 210 buyers would show whether 60 of 100 take it."),
])  # fmt: skip
def test_a_share_says_how_many_buyers_confirm_it(share, said):
    assert said in counting_sheet.to_confirm(share)


def test_the_shares_of_a_result_are_read_and_their_test_is_on_the_page(folder):
    result = Result.read(folder)
    assert [one.share for one in result] == [Share(**SHARES[0]), Share(**SHARES[1]), None]
    page = render_page(result, "dress")
    assert page.count("show both to about 1,300 buyers") == 1 and page.count("too close to 50") == 1
    assert result.to_json()["suggestions"][0]["share"] == SHARES[0]


def test_the_test_pack_has_the_sheet_and_says_how_many(folder):
    with zipfile.ZipFile(write_test_pack(folder, folder / "pack.zip")) as archive:
        assert archive.read("dress/counts.csv") == counting_sheet.counting_sheet(3)
        guide, readme = (archive.read(name).decode() for name in ("dress/how-many.txt", "README.txt"))
    assert "Redesign 1: Promised: 54 of 100 [50, 58]. To confirm this, show both to about 1,300 buyers." in guide
    assert "where 2 in 100 visitors buy, about 28,000 views" in guide
    assert "Redesign 2: Promised: 50 of 100 [46, 55]. This is too close to 50" in guide
    assert "Redesign 3: Nothing is promised" in guide
    assert "gigs results FOLDER counts.csv" in readme
    assert trade_words(guide + readme) == [] == trade_words(seller_part(render_page(Result.read(folder), "dress")))
