"""No word of the trade in what a seller reads, whatever the result."""

from __future__ import annotations

import re

import pytest

from gigs.explain import words
from gigs.inversion.gate import BLANK
from gigs.report import texts, trial_words
from gigs.report.page import render_page
from gigs.result import Result
from gigs.result.compose import CAUTION
from gigs.verify.share import Share
from tests.report.finished_result import spoilt, write_finished

TRADE = (
    "lpips", "latent", "gan", "gans", "z-score", "z", "embedding", "embeddings", "inversion", "auc", "encoder",
    "decoder", "generator", "recommender", "recommenders", "reconstruction", "standard deviation",
    "standard deviations", "vector", "vectors", "tensor", "neural", "network", "gradient", "seed", "epoch", "dataset",
    "classifier", "probe", "probes", "percentile", "preset", "cielab", "delta e", "ciede2000", "confidence interval",
    "bootstrap", "cluster", "logistic", "fine-tuning", "checkpoint", "perceptual", "metric", "rgb", "score function",
    "theta", "eps", "epsilon", "audience", "null", "none/",
)  # fmt: skip


def trade_words(text: str) -> list[str]:
    return [word for word in TRADE if re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text.lower())]


def seller_part(page: str) -> str:
    """What is read of the page, without the expert's details, scripts, styles and pictures."""
    for part in ("details", "script", "style"):
        page = re.sub(rf"<{part}[ >].*?</{part}>", "", page, flags=re.DOTALL)
    labels = re.findall(r'(?:alt|aria-label|content|title|data-label|data-words)="([^"]*)"', page)
    return re.sub(r"<[^>]*>", " ", page) + " ".join(labels)


@pytest.mark.parametrize("photo", [True, False])
@pytest.mark.parametrize("verified", [True, False])
def test_the_sellers_part_of_the_page_has_none(tmp_path, verified, photo) -> None:
    if verified and not photo:
        pytest.skip("nothing is checked without a photo")
    page = render_page(write_finished(tmp_path, verified=verified, photo=photo), "one")
    assert trade_words(seller_part(page)) == []
    assert "LPIPS" in page  # the expert's part is there, so the test above did look past it


@pytest.mark.parametrize("verdict", list(texts.BELIEF))
def test_no_verdict_has_any(tmp_path, verdict) -> None:
    write_finished(tmp_path)
    spoilt(tmp_path, lambda record: record["verification"]["verdict"].update(verdict=verdict))
    page = render_page(Result.read(tmp_path), "one")
    assert trade_words(seller_part(page)) == [] and texts.NEXT[verdict] in page


def test_cautions_patterns_and_the_guide_to_a_test_have_none() -> None:
    guides = [trial_words.trial_readme(kinds) for kinds in ({True}, {False}, {True, False})]
    said = [CAUTION, BLANK, *guides, trial_words.REDRAWN, trial_words.PHOTO_FAIR, *words.PATTERNS.values()]
    said += [words.NOTHING, texts.FRONT, texts.FRONT_WORDS]
    assert trade_words(" ".join(said)) == []


def test_the_list_finds_what_it_is_for() -> None:
    assert trade_words("Its LPIPS after inversion, a z-score") == ["lpips", "z-score", "inversion"]
    assert trade_words("an elegant shop with a seedling") == []


@pytest.mark.parametrize("low", [50.4, 47.0])
def test_a_share_is_said_in_buyers_without_a_word_of_the_trade(low) -> None:
    said = texts.promise(Share(54.2, low, 58.0), True)
    assert (
        f"About 54 should take the redesign. The evidence allows anything from {low:.0f} to 58." in said
        and trade_words(said) == []
    )
    assert trade_words(texts.promise(None, True)) == [] and texts.promise(None, False) == ""
