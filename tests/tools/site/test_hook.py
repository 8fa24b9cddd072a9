"""Links between documents and other files of the repository, and the marks for diagrams."""

import pytest

from tools.site.hook import OUTSIDE, ROOT, with_diagrams, with_links


@pytest.mark.parametrize(
    ("place", "link", "there"),
    [
        ("reference/security.md", "../../SECURITY.md", "security-policy.md"),
        ("reference/security-policy.md", "docs/reference/security.md#the-studio", "security.md#the-studio"),
        ("lab/training-kit.md", "../docs/lab/speed.md", "speed.md"),
        ("lab/latent-flow.md", "../../training/README.md", "training-kit.md"),
        ("lab/experiments.md", "experiments/", "experiments/summary-honest.md"),
        ("guides/python.md", "../lab/speed.md#measured", "../lab/speed.md#measured"),
        ("guides/python.md", "https://example.org/SECURITY.md", "https://example.org/SECURITY.md"),
        ("index.md", "#start", "#start"),
    ],
)
def test_links_lead_to_pages_of_the_site(place, link, there):
    assert with_links(f"see [this]({link}).", place) == f"see [this]({there})."


def test_pages_from_outside_exist():
    assert all((ROOT / path).is_file() for path in OUTSIDE)


def test_a_mark_becomes_its_diagram_and_an_unknown_one_an_error():
    page = with_diagrams("# A\n\n<!-- diagram: packages -->\n\nend\n")
    assert page.startswith("# A\n\n<figure") and page.endswith("</figure>\n\nend\n") and "<svg" in page
    with pytest.raises(KeyError):
        with_diagrams("<!-- diagram: no-such -->")
