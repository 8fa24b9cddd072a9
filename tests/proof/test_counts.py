"""Sheets as people fill them in, and every way to fill one in that cannot be counted."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigs.errors import InputError
from gigs.proof.counts import Counts, Question, Tally, read_counts
from gigs.report.counting_sheet import counting_sheet

PANEL = "variant,choices\nproduct,46\nredesign 2,54\n"
SHOP = "variant,views,sales\nproduct,1000,20\nredesign 1,1010,31\nredesign 3,990,19\n"


def read(tmp_path, content: str | bytes) -> Counts:
    path = tmp_path / "counts.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_counts(path)


def test_a_panel_and_a_shop(tmp_path):
    asked = Question("", Tally(choices=46), {2: Tally(choices=54)})
    assert read(tmp_path, PANEL) == Counts("choices", (asked,))
    shop = read(tmp_path, SHOP)
    assert shop.kind == "sales" and shop.redesigns == [1, 3]
    assert shop.questions[0].redesigns[3] == Tally(views=990, sales=19)


@pytest.mark.parametrize("kind", ["choices", "sales"])
def test_the_sheet_of_the_test_pack_can_be_filled_in(tmp_path, kind):
    rows = list(csv.DictReader(io.StringIO(counting_sheet(3).decode("utf-8-sig"))))
    assert [row["variant"] for row in rows] == [
        "product",
        "redesign 1",
        "product",
        "redesign 2",
        "product",
        "redesign 3",
    ]
    for number, row in enumerate(rows[2:], start=10):  # the first question was not asked
        row.update({"choices": number} if kind == "choices" else {"views": 100 * number, "sales": number})
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    counts = read(tmp_path, "\ufeff" + text.getvalue())
    assert counts.kind == kind and counts.redesigns == [2, 3]
    assert [question.name for question in counts.questions] == ["2", "3"]
    last = counts.questions[1].redesigns[3]
    assert last == (Tally(choices=13) if kind == "choices" else Tally(views=1300, sales=13))


@pytest.mark.parametrize(
    "content",
    [
        "\ufeff" + PANEL,
        PANEL.replace(",", ";"),
        "sep=;\r\n" + PANEL.replace(",", ";"),
        PANEL.replace(",", "\t"),
        PANEL.replace("\n", "\r\n"),
        PANEL.replace("\n", "\r"),
        PANEL.replace(",", ";").encode("utf-16"),
        "\n\n" + PANEL + "\n,\n",
        PANEL.replace("product", "Photo").replace("redesign 2", " Redesign_02 "),
        PANEL.replace("variant", '"Variant "'),
        "note,variant,choices\nf\xfcr,product,46\n,redesign 2,54\n".encode("cp1252"),
    ],
)
def test_what_spreadsheets_make_of_it_is_the_same(tmp_path, content):
    assert read(tmp_path, content) == read(tmp_path, PANEL)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "empty"),
        ("\n \n", "empty"),
        ("a,b\n1,2\n", "no column variant"),
        ("variant,views\nproduct,3\n", "no column"),
        ("variant,choices\n", "no row is filled in"),
        (PANEL.replace("46", "").replace("54", ""), "no row is filled in"),
        (PANEL.replace("product,46\n", ""), "no row for the product"),
        (PANEL.replace("redesign 2,54\n", ""), "product only"),
        (PANEL.replace("54", "-4"), r"line 3: choices is -4"),
        (PANEL.replace("54", "54%"), "line 3.*whole number"),
        (PANEL.replace("54", "5.4"), "whole number"),
        (PANEL.replace("54", "many"), "whole number"),
        (PANEL.replace("54", '"1,234"'), "whole number"),
        (PANEL.replace("54", "1,234"), "line 3: more values"),
        (PANEL.replace("54", "\u0665"), "whole number"),
        (PANEL.replace("54", "9" * 30), "whole number"),
        (PANEL + "total,100\n", "line 4: a row of totals"),
        (PANEL + "Summe,100\n", "totals"),
        (PANEL + "redesign 2,9\n", "line 4: redesign 2 stands twice.*add the two up"),
        (PANEL + "photo,9\n", "product stands twice.*keep the picture"),
        (PANEL + "blue one,9\n", "variant is 'blue one'"),
        (PANEL + "redesign 0,9\n", "variant is"),
        (PANEL.replace("46", "0").replace("54", "0"), "nobody took redesign 2"),
        (SHOP.replace("31", "1011"), "line 3: more sales than views"),
        (SHOP.replace("990,19", "0,0"), "no views"),
        (SHOP.replace("990,19", "990,"), "views and sales go together"),
        ("variant,choices,views,sales\nproduct,1,2,1\nredesign 1,2,,\n", "line 2: has choices, and"),
        ("variant,choices,views,sales\nproduct,1,,\nredesign 1,,20,1\n", "some rows have choices"),
        ("question,variant,choices\na,product,1\na,redesign 1,2\nb,product,1\nb,redesign 1,2\n", "in two questions"),
        ("variant,choices,choices\nproduct,1,2\n", "stands twice in its first line"),
        (b"PK\x03\x04rest", "workbook"),
        (b"\x00" * 40, "no column"),
        (b"variant,choices\n" + b"x" * (1 << 20), "too large"),
        ('variant,choices\n"' + "x" * 200_000, "not a table"),
    ],
)
def test_what_cannot_be_counted_is_named_with_its_line(tmp_path, content, said):
    with pytest.raises(InputError, match=rf"counts\.csv: .*{said}") as caught:
        read(tmp_path, content)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.csv: cannot be read"):
        read_counts(tmp_path / "none.csv")
    with pytest.raises(InputError, match="cannot be read"):
        read_counts(tmp_path)


@given(
    st.binary(max_size=300)
    | st.text(alphabet="variantchoicesproduct redesign0123456789,;\t\n\"'-", max_size=200).map(str.encode)
)
@settings(max_examples=150, deadline=None)
def test_bytes_of_any_kind_are_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("sheet") / "counts.csv"
    path.write_bytes(b"variant,choices\n" + content)
    try:
        assert read_counts(path).redesigns
    except InputError as error:
        assert "counts.csv" in str(error)
