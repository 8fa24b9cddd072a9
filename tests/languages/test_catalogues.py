"""Every language has every sentence with the same values to fill in, and no sentence stands outside the catalogues."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from gigs.languages import CATALOGUES, PLACE, known
from tools.languages import SOURCE, in_python, in_template, messages

OTHERS = known()[1:]
PACKAGES = ("report", "studio")
SENTENCE = re.compile(r"[A-Za-z]{2,}[,;:.]? [a-z“A-Z]{2,}")
# Not for a reader: style sheets, headers, what programs read, and errors for whoever starts the studio.
NOT_SHOWN = re.compile(
    r"sans-serif|default-src|^:root|<script|<nav|<a href|<header|<p class|<footer|^gigs (report|studio)$|Segoe UI|"
    r"^Design concepts?, not |^too many visitors$|must be (from|above)|cannot be used|a computation failed|"
    r"^gigs report \{folder\}|choose another --port|^took longer than $|^ are waiting already$|^the studio's limit $|"
    r"^private, no-store$|"
    r"^(finding the product|keeping its details|checking the redesigns|no gain found|no promise|first design)$"
)
CODE = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
SHOWN = re.compile(r'(?:alt|aria-label|title|placeholder|content)="([^"]*)"')
NAMES = re.compile(r"gigs|PyTorch|width=device-width, initial-scale=1")


@pytest.fixture(scope="module")
def english():
    return set(messages())


def translated(code: str) -> dict:
    with CATALOGUES.joinpath(f"{code}.po").open("rb") as file:
        return {one.id: one.string for one in read_po(file, locale=code) if one.id}


def forms(text) -> list[str]:
    return list(text) if isinstance(text, (tuple, list)) else [text]


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_has_every_sentence_and_no_other(english, code):
    found = translated(code)
    assert set(found) == english, "run `python tools/languages.py` and translate what is new"
    assert [text for text, own in found.items() if not all(forms(own))] == []


@pytest.mark.parametrize("code", OTHERS)
def test_every_translation_fills_in_the_same_values(code):
    for text, own in translated(code).items():
        for number, one in enumerate(forms(own)):
            english = forms(text)[0 if number == 0 else -1]
            assert set(PLACE.findall(one)) == set(PLACE.findall(english)), text
            assert one.count("{") == one.count("}") == len(PLACE.findall(one)), text
            assert one.startswith("\n") == english.startswith("\n"), text


@pytest.mark.parametrize("code", OTHERS)
def test_what_is_typed_stays_as_it_is(code):
    """Commands, options and names of files are no words."""
    for text, own in translated(code).items():
        typed = re.findall(
            r"`[^`]+`|--\w[\w-]*|\w+\.(?:csv|txt|html)|gigs (?:evaluate|report|results|suggest)\b", forms(text)[0]
        )
        assert all(
            word in one for word in typed if "mask" not in word and "colours" not in word for one in forms(own)
        ), text


def shown_in(code: str) -> list[str]:
    """Sentences in Python that no call of `message`, `say` or `many` marks."""
    tree = ast.parse(code)
    marked = {text for one, _ in in_python(code) for text in forms(one)}
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and node.body and isinstance(node.body[0], ast.Expr)
    }  # fmt: skip
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
        and node.value not in marked and SENTENCE.search(node.value) and not NOT_SHOWN.search(node.value)
    ]  # fmt: skip


@pytest.mark.parametrize("package", PACKAGES)
def test_no_sentence_of_the_code_is_outside_the_catalogues(package):
    found = {
        path.name: texts
        for path in sorted((SOURCE / package).glob("*.py"))
        if (texts := shown_in(path.read_text(encoding="utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_sentence_of_a_template_is_outside_the_catalogues(package):
    for path in sorted((SOURCE / package / "templates").glob("*.html")):
        text = CODE.sub("", path.read_text(encoding="utf-8"))
        text = re.sub(r"<(style|script)>.*?(</\1>|\Z)", "", text, flags=re.DOTALL)
        text = text.partition("</style>")[2] or text
        words = [*SHOWN.findall(text), *re.sub(r"<[^>]*>", "\n", text, flags=re.DOTALL).split("\n")]
        left = [NAMES.sub("", one) for one in words]
        assert [one for one in left if re.search(r"[A-Za-z]{2,}", one)] == [], path.name


def test_the_scans_find_what_they_are_for():
    assert shown_in('def f():\n    """Not this one."""\n    return "Your photo was lost", say("and not this one")') == [
        "Your photo was lost"
    ]
    assert list(in_template("<p>{{ say('One word') }}</p>")) == [("One word", 1)]
    assert list(in_python("say.many('one cat', 'many cats', 3)")) == [(("one cat", "many cats"), 1)]


def test_catalogues_are_text(english):
    for path in Path(str(CATALOGUES)).iterdir():
        assert path.suffix == ".po" and path.read_text(encoding="utf-8").startswith("# ")
