"""The diagrams say what the code does, and refuse to be built when it does something else."""

import xml.etree.ElementTree as ET

import pytest

from tools.site import source
from tools.site.diagrams import DIAGRAMS, WAY, Stage, layers, packages, way_of_the_data
from tools.site.svg import WIDTH, Box, stack

SVG = "{http://www.w3.org/2000/svg}"


def titles(svg: str) -> list[str]:
    return [one.text for one in ET.fromstring(svg).iter(f"{SVG}text") if one.get("class") == "title"]


def test_the_way_has_every_stage_in_order_with_what_its_docstring_says():
    svg = way_of_the_data()
    assert titles(svg) == [stage.name for stage in WAY]
    said = " ".join(one.text or "" for one in ET.fromstring(svg).iter(f"{SVG}text"))
    assert (
        "Check the redesigns of one photo. Takes Panel, Reconstruction, Shifted, PerceptualLoss; gives Verification."
        in said
    )


@pytest.mark.parametrize(
    ("way", "message"),
    [
        ([Stage("gigs.method.reconstruct:mend", "gigs.method.pipeline:suggest")], "mend"),
        ([Stage("gigs.verify.verification:verify", "gigs.session:Session.product")], "does not call verify"),
        ([WAY[3], WAY[2]], "does not call reconstruct here"),
    ],
)
def test_a_way_that_the_code_does_not_go_is_refused(way, message):
    with pytest.raises(LookupError, match=message):
        way_of_the_data(tuple(way))


def test_the_packages_are_those_of_the_import_contract_and_all_of_gigs():
    rows = layers()
    root = source.ROOT / "src" / "gigs"
    there = {path.stem for path in root.glob("*.py")} | {path.parent.name for path in root.glob("*/__init__.py")}
    assert {name for row in rows for name in row} == there - {"__init__", "__main__"}
    assert titles(packages()) == [name for row in rows for name in row]
    assert rows[0] == ["cli"] and any("studies" in row for row in rows)


def test_no_diagram_needs_a_script_or_an_address():
    for draw, caption in DIAGRAMS.values():
        svg = draw()
        assert caption.endswith(".")
        assert "<script" not in svg and "href" not in svg and svg.count("http") == 1  # the namespace


def test_boxes_stay_within_the_picture_and_their_text_within_them():
    svg = ET.fromstring(stack([[Box("a", "word " * 40), Box("b", "short")], [Box("c & d", "")]], "x", arrows=True))
    boxes = [{key: float(one.get(key)) for key in ("x", "y", "width", "height")} for one in svg.iter(f"{SVG}rect")]
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= WIDTH for box in boxes)
    assert boxes[0]["height"] == boxes[1]["height"] and boxes[2]["y"] > boxes[0]["y"] + boxes[0]["height"]
    lines = [float(one.get("y")) for one in next(iter(svg)).iter(f"{SVG}text")]
    assert len(lines) > 3 and max(lines) < boxes[0]["y"] + boxes[0]["height"]
    assert len(list(svg.iter(f"{SVG}path"))) == 1


def test_a_summary_is_the_first_sentence_without_marks():
    node = source.ast.parse('"""Scores by `theta` (Eq. 1), as `docs/x.md` says (`docs/y.md`). More."""')
    assert source.summary(node) == "Scores by theta (Eq. 1), as docs/x.md says"
