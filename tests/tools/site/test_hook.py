"""Links between documents and other files of the repository, and the marks for diagrams."""

import posixpath

import pytest

from tools.site.hook import LINK, OUTSIDE, ROOT, generated, with_diagrams, with_links, with_notebooks, with_pages


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


def test_every_link_between_documents_leads_to_a_page_or_a_file():
    docs = ROOT / "docs"
    known = {
        *OUTSIDE.values(),
        *(path.relative_to(docs).as_posix() for path in docs.rglob("*") if path.is_file()),
    }
    known |= set(generated())
    pages = {page.relative_to(docs).as_posix(): page.read_text(encoding="utf-8") for page in docs.rglob("*.md")}
    broken = []
    for place, text in (pages | {name: text for name, text in generated().items() if name.endswith(".md")}).items():
        for link in LINK.findall(with_links(with_notebooks(text), place)):
            if posixpath.normpath(posixpath.join(posixpath.dirname(place), link[0])) not in known:
                broken.append((place, link[0]))
    assert not broken


def test_a_page_is_filled_in_where_it_is_marked():
    page = with_pages("# F\n\n<!-- page: measured -->\n*later*\n<!-- / -->\n\nend\n")
    assert page.startswith("# F\n\n| figure |") and page.endswith("\nend\n") and "later" not in page
    with pytest.raises(ModuleNotFoundError):
        with_pages("<!-- page: nothing -->\n<!-- / -->")


def test_a_notebook_is_a_page_and_links_lead_to_it():
    page = generated()["notebooks/quickstart.md"]
    assert page.startswith('# Quickstart\n\n<a href="quickstart.ipynb" download>') and "```python\n" in page
    assert with_notebooks("[one](notebooks/quickstart.ipynb)") == "[one](notebooks/quickstart.md)"


def test_a_mark_becomes_its_diagram_and_an_unknown_one_an_error():
    page = with_diagrams("# A\n\n<!-- diagram: packages -->\n\nend\n")
    assert page.startswith("# A\n\n<figure") and page.endswith("</figure>\n\nend\n") and "<svg" in page
    with pytest.raises(KeyError):
        with_diagrams("<!-- diagram: no-such -->")
