"""The schemas are those of the types that read the files: what gigs wrote fits them, and what it refuses does not."""

import json

import pytest

from gigs.packs.load import BUNDLED
from gigs.packs.pack_file import PackFile
from gigs.result.schema import Record
from tools.site import schemas


@pytest.fixture(scope="module")
def result_schema():
    return schemas.schema(Record)


def test_every_field_of_the_bundled_pack_is_in_the_schema():
    found = schemas.schema(PackFile)
    content = json.loads((BUNDLED / "hm-64" / "pack.json").read_text())
    fields = found["$defs"]["PackFile"]["properties"]
    assert set(found["$defs"]["PackFile"]["required"]) <= set(content) and len(set(content) & set(fields)) > 5
    scorer = found["$defs"]["ScorerEntry"]
    for one in content["verify"]["scorers"].values():
        assert set(scorer["required"]) <= set(one) <= set(scorer["properties"])


def test_fields_carry_the_words_of_the_docstrings_and_nothing_that_is_not_written(result_schema):
    suggestion = result_schema["$defs"]["Suggestion"]["properties"]
    assert suggestion["residual"]["description"].startswith("Share of the drawn change")
    assert "score" in suggestion and suggestion["score"]["description"].startswith("theta^T phi")  # inherited
    assert "pictures" not in suggestion and "pictures" not in result_schema["$defs"]["Record"]["properties"]
    assert all("description" in about for about in result_schema["$defs"]["Record"]["properties"].values())


def test_the_page_has_a_table_for_each_record_and_links_both_files():
    page = schemas.page()
    assert "(result.schema.json)" in page and "(pack.schema.json)" in page
    assert "| `residual` (may be absent) | number, 0 to 1 or null | Share of the drawn change" in page
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert len(rows) > 80 and all(line.replace("\\|", "").count("|") == 4 for line in rows)


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"type": "array", "items": {"$ref": "#/$defs/Share"}}, "array of Share"),
        ({"enum": ["a", None]}, "`a` or null"),
        ({"type": "integer", "minimum": 1}, "integer, from 1"),
        ({"type": "object", "additionalProperties": {"type": "number"}}, "object of number"),
        ({}, "any"),
    ],
)
def test_types_in_words(about, words):
    assert schemas.in_words(about) == words
