"""The page's structure: readable without a script, by keyboard, by a screen reader, on paper, and safe."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from importlib.resources import files

import pytest
from PIL import Image

from gigs.report.page import render_compare, render_overview, render_page
from gigs.report.view import bar, view_of
from gigs.result import Result
from gigs.verify.share import Share
from tests.report.finished_result import spoilt, write_finished

STYLE = files("gigs.report").joinpath("templates/style.css").read_text()


class Page(HTMLParser):
    """Tags with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory) -> tuple[str, Result]:
    folder = tmp_path_factory.mktemp("result")
    result = write_finished(folder)
    return render_page(result, folder.name), result


def test_landmarks_language_and_names_of_sections(rendered) -> None:
    page = Page(rendered[0])
    assert page.all("html")[0]["lang"] == "en" and page.all("meta")[1]["name"] == "viewport"
    assert all(len(page.all(name)) == 1 for name in ("header", "main", "footer", "h1"))
    ids = {attributes.get("id") for _, attributes in page.tags}
    labelled = [attributes["aria-labelledby"] for _, attributes in page.tags if "aria-labelledby" in attributes]
    assert len(labelled) == 4 + 3 and set(labelled) <= ids


def test_every_picture_says_what_it_is(rendered) -> None:
    page = Page(rendered[0])
    assert all(one.get("alt") for one in page.all("img"))
    drawings = [one for one in page.all("svg") if one.get("aria-hidden") != "true"]
    assert drawings and all(one["role"] == "img" and one["aria-label"] for one in drawings)
    designs = [one["alt"] for one in page.all("img") if "not a listing photo" in one["alt"]]
    assert len(designs) == 3 and all(alt.startswith("Redesign") for alt in designs)


def test_every_drawn_picture_carries_its_mark(rendered) -> None:
    found = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", rendered[0])
    marks = [Image.open(io.BytesIO(base64.b64decode(one))).info.get("Description", "") for one in found]
    assert len(found) == 1 + 1 + 3 * 3
    assert sum("not a listing photo" in mark for mark in marks) == len(found) - 1  # all but the photo
    assert rendered[0].count("Design concept, not a listing photo</span>") == 1 + 3  # and in sight


def test_sliders_are_inputs_that_a_keyboard_moves(rendered) -> None:
    page = Page(rendered[0])
    sliders = [one for one in page.all("input") if one["type"] == "range"]
    assert len(sliders) == 3 and all(one["aria-label"] and one["min"] == "0" and one["max"] == "100" for one in sliders)
    pairs = {attributes.get("id") for _, attributes in page.tags}
    assert {one["data-pair"] for one in sliders} <= pairs
    radios = [one for one in page.all("input") if one["type"] == "radio"]
    assert {one["value"] for one in radios} == {"photo", "redrawn"} and {"photo", "redrawn"} <= pairs


def test_without_a_script_and_on_paper_pictures_stand_side_by_side() -> None:
    screen, paper = STYLE.split("@media print")
    assert re.search(r"\.pair \{ display: grid;", screen) and re.search(r"^\.cut \{ display: none", screen, re.M)
    laid_over = re.findall(r"(\S[^{}\n]*)\{[^}]*clip-path: inset\(0 calc", screen)
    assert laid_over and all(rule.startswith(".js ") for rule in laid_over)
    assert ".js .pair.both { display: grid; }" in paper and "clip-path: none" in paper and ".js .cut" in paper


def test_nothing_is_fetched_from_elsewhere(rendered) -> None:
    assert not re.search(r"(src|href)=[\"']?(https?:|//)", rendered[0]) and "@import" not in rendered[0]


def test_redesigns_come_in_the_order_of_what_is_believed(rendered) -> None:
    page, result = rendered
    assert [entry.gain for entry in result] == [0.4, 1.2, -0.3]
    assert re.findall(r"<h3[^>]*>Redesign (\d)</h3>", page) == ["2", "1", "3"]
    assert page.index(">62 of 100") < page.index(">47 of 100")


def test_each_redesign_has_its_share_of_buyers_in_numbers_and_words(rendered) -> None:
    page, _ = rendered
    headings = re.findall(r'<span class="verdict (\w+)">([^<]*)</span>', page)
    assert headings == [
        ("likely", "62 of 100 [59, 65]"), ("likely", "54 of 100 [51, 57]"), ("none", "47 of 100 [44, 50]"),
    ]  # fmt: skip
    assert "About 62 should take the redesign. The evidence allows anything from 59 to 65." in page
    assert "The best of 3 redesigns should win 62 of 100 [59, 65] buyers" in page
    assert "9,876 real purchases" in page and "do not set their taste apart from that of all buyers" in page


def test_nothing_is_promised_in_shares_that_no_purchase_backs(tmp_path) -> None:
    page = render_page(write_finished(tmp_path, shared=False), "one")
    assert "of 100" not in page and "in 10" not in page and "ahead of" not in page.lower()
    assert "How many buyers would prefer it is not known" in page and "Likely better" in page


def test_where_no_redesign_wins_half_the_page_says_so(tmp_path) -> None:
    page = render_page(write_finished(tmp_path, gains=(-0.1, -0.5)), "one")
    assert "None of the 2 redesigns should win more than half" in page


def test_the_bar_spans_the_interval() -> None:
    assert bar(Share(54.0, 50.5, 57.5)) == {"left": 50.5, "width": 7.0, "at": 54.0, "even": 50.0}


def test_what_changes_and_what_redrawing_did_are_said_apart(rendered) -> None:
    view = view_of(rendered[1])
    assert "navy blue instead of light blue" in view["options"][1]["words"].lower()
    assert "Redrawing alone changed little" in view["base_words"]
    assert view["options"][0]["not_sure"] == ""  # without probes nothing is asked, so nothing is unsure


def test_a_doubtful_kind_of_product_is_said_loudly(tmp_path) -> None:
    assert "compared with the shop’s products of the type “Dress”" in render_page(write_finished(tmp_path), "one")
    spoilt(tmp_path, lambda record: record["verification"]["category"].update(probability=0.6))
    assert "not sure what type of product" in render_page(Result.read(tmp_path), "one")
    spoilt(tmp_path, lambda record: record["verification"]["category"].update(told=True))
    assert "“Dress”, as you said" in render_page(Result.read(tmp_path), "one")


def test_hostile_names_stay_text(tmp_path) -> None:
    evil = '"><script>alert(1)</script>'
    write_finished(tmp_path, audience={"name": evil, "label": evil, "users": 60, "scored_users": 60})

    def spoil(record) -> None:
        record["suggestions"][0]["check"]["nearest_item"]["item_id"] = evil
        record["suggestions"][0]["changes"]["palette"]["after"][0]["name"] = evil

    spoilt(tmp_path, spoil)
    page = render_page(Result.read(tmp_path), "one")
    assert "<script>alert" not in page and len(Page(page).all("script")) == 1


def test_a_report_goes_without_the_pictures_beside_the_redesigns(tmp_path) -> None:
    result = write_finished(tmp_path)
    for path in (*tmp_path.glob("change-*"), *tmp_path.glob("nearest-*")):
        path.unlink()
    page = render_page(result, "one")
    assert page.count("<h3") == 3 and "Where it changes" not in page


def test_the_overview_links_to_every_report(tmp_path) -> None:
    page = render_overview([(name, write_finished(tmp_path / name)) for name in ("one", "two")])
    assert [one["href"] for one in Page(page).all("a")] == ["one/report.html", "two/report.html"]
    assert all(one["alt"] for one in Page(page).all("img")) and "suppose 100 such buyers" in page.lower()


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1])
@pytest.mark.parametrize("ink", ["ink", "pale", "good", "warn", "bad"])
@pytest.mark.parametrize("ground", ["paper", "card"])
def test_text_stands_out_in_light_and_dark(scheme, ink, ground) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1."""
    block = re.findall(r":root \{(.*?)\}", STYLE, re.S)[scheme]
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block))
    one, other = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
    assert (one + 0.05) / (other + 0.05) >= 4.5


def test_at_full_size_a_slider_moves_between_photo_and_redesign(rendered) -> None:
    result = rendered[1]
    page = Page(render_compare(result))
    pictures = [one["src"] for one in page.all("img")]
    assert pictures[1::2] == ["photo.png"] * 3 and set(pictures[::2]) == {one.file for one in result}
    assert {(one["width"], one["height"]) for one in page.all("img")} == {tuple(map(str, result.photo.image.size))}
    sliders = [one for one in page.all("input") if one["type"] == "range"]
    assert len(sliders) == 3 and all(one["aria-label"] for one in sliders)
    ids = {attributes.get("id") for _, attributes in page.tags}
    assert {one["data-pair"] for one in sliders} <= ids
    report = Page(rendered[0])
    assert {one["href"].partition("#")[2] for one in report.all("a") if "compare" in one["href"]} <= ids


@pytest.mark.parametrize("on_photo", [True, False])
def test_the_page_says_whether_pictures_were_drawn_or_changed(tmp_path, on_photo) -> None:
    write_finished(tmp_path)
    if on_photo:
        spoilt(tmp_path, lambda record: [one.update(rendered="photo") for one in record["suggestions"]])
    result = Result.read(tmp_path)
    for page in (render_page(result, "one"), render_compare(result), render_overview([("one", result)])):
        assert ("a computer drew them" in page) != on_photo
        assert ("changed the product in your photo" in page) == on_photo


def test_fewer_redesigns_than_asked_and_the_way_from_less_change_to_more_gain_are_said(tmp_path) -> None:
    write_finished(tmp_path)
    front = [
        {"file": "suggestion-1.png", "change": 0.071, "gain": 0.2, "suggestion": None},
        {"file": "suggestion-2.png", "change": 0.2, "gain": 0.5, "suggestion": 2},
    ]
    choice = {"asked": 8, "candidates": 48, "over_budget": 5, "unseen": 3, "front": front}
    spoilt(tmp_path, lambda record: record.update(choice=choice))
    page = render_page(Result.read(tmp_path), "one")
    assert "You asked for 8 redesigns, and 48 were tried. 5 of them change more than you allow." in page
    assert "Limit 0.08" in page and "Limit 0.20: Redesign 2" in page and "--budget 0.08" in page
