"""The page of promise and proof: what was found is on it, in a seller's words and to scale."""

import re
from dataclasses import replace
from html import unescape

import pytest

from gigs.proof.counts import read_counts
from gigs.proof.findings import Findings, compare
from gigs.report import results_words as words
from gigs.report.results_page import render_results, scale
from gigs.result import Result
from gigs.verify.share import Share
from tests.proof.sheets import promised_result, sheet
from tests.report.test_words import seller_part, trade_words

SHARES = (Share(54.0, 50.1, 57.9), Share(60.0, 55.0, 65.0), None, Share(45.0, 40.0, 50.0))
PANEL = {"product": 183, "redesign 1": 201, "redesign 2": 262, "redesign 3": 120}


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return Result.read(promised_result(tmp_path_factory.mktemp("results") / "dress", SHARES))


def found(result, tmp_path, rows) -> Findings:
    counts = read_counts(sheet(tmp_path / "counts.csv", rows))
    return compare(result, counts, product="red dress", fingerprint="0" * 64)


def text_of(page: str) -> str:
    return unescape(" ".join(re.sub(r"<[^>]*>", " ", re.sub(r"<style.*?</style>", "", page, flags=re.DOTALL)).split()))


def test_promise_and_proof_stand_side_by_side(result, tmp_path):
    text = text_of(render_results(result, found(result, tmp_path, PANEL)))
    assert "Promise and proof: red dress Redesign 2 beat the product as it is: 59 of 100 took it." in text
    assert "54 of 100 50 to 58 52 of 100 46 to 58 201 took it, 183 the product Not settled" in text
    assert "60 of 100 55 to 65 59 of 100 53 to 64 262 took it, 183 the product Liked better" in text
    assert "no promise 40 of 100 33 to 46 120 took it, 183 the product Liked less" in text
    assert "To confirm the promise takes about 1,300 buyers who take one of the two. This test had 384." in text
    assert "3 redesigns were tested" in text and "Make a sample of redesign 2" in text


def test_a_shop_says_sales_and_views(result, tmp_path):
    page = render_results(result, found(result, tmp_path, {"product": (5120, 98), "redesign 2": (5100, 140)}))
    text = text_of(page)
    assert "Redesign 2 beat the product as it is: it made 59 of 100 sales at equal views." in text
    assert "140 sold in 5,100 views; the product 98 in 5,120" in text
    assert "In 1,000 views: 8.3 more sales than the product (+2.5 to +14)." in text
    assert "redesigns were tested" not in text and "Sells better" in text and "earned its place" in text


@pytest.mark.parametrize(
    "rows", [PANEL, {"product": (5120, 98), "redesign 2": (4100, 131)}, {"product": 3, "redesign 4": 2}]
)
def test_no_word_of_the_trade_and_no_other_file(result, tmp_path, rows):
    page = render_results(result, found(result, tmp_path, rows))
    assert trade_words(seller_part(page)) == []
    assert re.findall(r'(?:src|href)="(?!data:)', page) == [] and "url(" not in page and "<script" not in page


def test_a_difference_in_sales_is_told_in_views_that_a_shop_counts(result, tmp_path):
    def said(product, redesign) -> str:
        return text_of(render_results(result, found(result, tmp_path, {"product": product, "redesign 1": redesign})))

    assert "In 100 views: 5 more sales than" in said((1000, 50), (1000, 100))
    assert "In 1,000 views: 4 fewer sales than" in said((50_000, 500), (50_000, 300))
    assert "In 10,000 views: 2 more sales than" in said((90_000, 90), (90_000, 108))
    assert "In 10,000 views: 0 more sales than" in said((900, 9), (900, 9))


def test_a_test_that_the_seller_named_is_named(result, tmp_path):
    findings = found(result, tmp_path, PANEL)
    assert "Your test" not in text_of(render_results(result, findings))
    assert "Your test “autumn <panel>”. The redesigns were made for" in text_of(
        render_results(result, replace(findings, test="autumn <panel>"))
    )


def test_a_bar_of_what_was_found_is_not_the_colour_of_a_verdict(result, tmp_path):
    style = render_results(result, found(result, tmp_path, PANEL)).split("</style>")[0]
    assert re.findall(r"\.proof \{[^}]*background: var\(--(\w+)\)", style) == ["proof", "proof"]


def test_bars_are_to_scale(result, tmp_path):
    findings = found(result, tmp_path, PANEL)
    low, high = scale(findings)
    assert low % 10 == high % 10 == 0 and low <= 33 - 3 and high >= 65 + 3
    page = render_results(result, findings)
    (left, width) = map(float, re.findall(r'class="proof" style="left:([\d.]+)%;width:([\d.]+)%', page)[1])
    assert low + left * (high - low) / 100 == pytest.approx(findings[1].joint.low, abs=0.02)
    assert low + (left + width) * (high - low) / 100 == pytest.approx(findings[1].joint.high, abs=0.02)
    assert len(re.findall(r'class="promise" style="left', page)) == 2  # redesign 3 promised nothing


@pytest.mark.parametrize(("rows", "said"), [
    ({"product": 100, "redesign 1": 105}, "does not settle whether buyers like the redesign better"),
    ({"product": 200, "redesign 1": 100}, "The redesign lost to the product as it is."),
    ({"product": 300, "redesign 1": 200, "redesign 2": 210}, "All 2 redesigns lost to"),
    ({"product": 300, "redesign 1": 200, "redesign 2": 310}, "No redesign beat the product as it is, and redesign 1"),
    ({"product": 90, "redesign 1": 200, "redesign 2": 310, "redesign 4": 300},
     "Redesign 2 beat the product as it is: 78 of 100 took it. So did redesigns 1 and 4."),
])  # fmt: skip
def test_the_first_sentence_says_no_more_than_was_found(result, tmp_path, rows, said):
    assert said in words.headline(found(result, tmp_path, rows))


def test_a_large_test_that_settles_nothing_says_that_the_gain_is_too_small(result, tmp_path):
    (one,) = found(result, tmp_path, {"product": 1000, "redesign 1": 1010})
    assert "should have shown what was promised" in " ".join(words.meaning(one))
    assert "too high" not in " ".join(words.meaning(one))  # 50.2 against 54 [50, 58]: it agrees
    assert "too high" in " ".join(words.meaning(replace(one, outcome="fewer")))


def test_a_tiny_test_and_an_uneven_split_are_cautioned_against(result, tmp_path):
    tiny = found(result, tmp_path, {"product": 4, "redesign 1": 9})
    assert words.FEW in words.meaning(tiny[0])
    uneven = found(result, tmp_path, {"product": (9000, 100), "redesign 1": (8000, 150)})
    assert "redesign 1 were not seen equally often" in text_of(render_results(result, uneven))
    assert words.advice(uneven) == words.NEXT_UNEVEN
