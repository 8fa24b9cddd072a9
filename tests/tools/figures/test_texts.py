"""README and guides have the figures of `docs/figures.json`, and a fill changes nothing but figures."""

import pytest

from tools.figures.book import BOOK, ROOT, Book
from tools.figures.texts import filled, marked, outdated, texts


@pytest.fixture(scope="module")
def book() -> Book:
    return Book.read()


def test_texts_and_figures_agree(book):
    assert not outdated(book), "run: python -m tools.figures --fill"


def test_every_marked_figure_is_known_and_every_known_one_is_used(book):
    names = [marked(path.read_text(encoding="utf-8")) for path in texts()]
    assert set().union(*names) == set(book.figures) and len(names[0]) >= 4


def test_figures_read_from_the_repository_are_current(book):
    for name, one in book.measurements.items():
        if not one.command:
            assert book.with_values(name, ROOT / one.file) == book, "run: make figures"


def test_each_figure_has_its_n_protocol_and_page(book):
    for name, one in book.figures.items():
        assert one.count and (ROOT / "docs" / one.page.partition("#")[0]).is_file(), name
    for name, one in book.measurements.items():
        assert one.protocol and (not one.command or one.date), name


def test_filling_changes_the_figure_and_nothing_else(book):
    text = "It takes <!-- demo.seconds -->99 hours<!-- / -->, no <!-- comment --> more."
    assert (
        filled(text, book)
        == f"It takes <!-- demo.seconds -->{book.figures['demo.seconds'].text}<!-- / -->, no <!-- comment --> more."
    )
    with pytest.raises(LookupError, match="no figure"):
        filled("<!-- no.such -->1<!-- / -->", book)


def test_the_file_is_written_as_it_is_read(book, tmp_path):
    book.write(tmp_path / "figures.json")
    assert (tmp_path / "figures.json").read_text() == BOOK.read_text()
